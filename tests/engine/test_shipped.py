"""The shipped model says on fixed windows what it said as it was shipped, on any processor.

What it said stands in shipped.npz. After a new model: python tests/engine/test_shipped.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import livegen
from livegen import read_notes
from livegen.encoding import VARIABLES, context
from livegen.engine.card import Card, find
from livegen.engine.litert import FILE, LiteRt
from livegen.engine.runtime import how
from livegen.note import WINDOW, to_notes

DEMO = Path(livegen.__file__).parent / "demo"
SAID = Path(__file__).with_name("shipped.npz")
TOLERANCE = 0.05  # of the mean: int8 activations may be rounded the other way


def logits(card: Card) -> dict[str, NDArray[np.float32]]:
    """Of each variable, shape (pieces, categories): of the last note of each demo piece, after the 25 before it."""
    runtime, said = LiteRt.of(card), []
    for piece in sorted(DEMO.glob("*.mid")):
        *heard, last = context(to_notes(read_notes(piece))[-WINDOW - 1 :])
        state = runtime.begin()
        for token in heard:
            _, state = runtime.play(state, np.array([token], np.int32), how())
        said.append(runtime.logits(state, last))
    return {name: np.stack([each[name] for each in said]) for name in VARIABLES}


def test_it_says_what_it_said_as_it_was_shipped(shipped: Card) -> None:
    with np.load(SAID) as stored:
        assert str(stored["of"]) == shipped.files[FILE].sha256, "another model: python tests/engine/test_shipped.py"
        for name, now in logits(shipped).items():
            then = stored[name].astype(np.float32)
            assert np.abs(now - then).mean() < TOLERANCE, name
            assert np.ptp(then, axis=1).min() > 20 * TOLERANCE


def main() -> None:
    shipped = find("livegen")
    said = {name: each.astype(np.float16) for name, each in logits(shipped).items()}
    np.savez_compressed(SAID, of=np.array(shipped.files[FILE].sha256), **said)
    print(f"{SAID}: written")


if __name__ == "__main__":
    main()
