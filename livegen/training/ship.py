"""From a training run to a model that the daemon loads.

Like so: python -m livegen.training.ship --run runs/first --data maestro-v2.0.0 --out models/livegen
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from livegen.engine import litert, tensorflow
from livegen.engine.card import CARD, Card, Checksum, Sizes, Training
from livegen.engine.plain import build
from livegen.errors import DataError
from livegen.features import SCHEME, VARIABLES
from livegen.note import WINDOW
from livegen.training import data, export
from livegen.training.evaluate import (
    CONTEXTS,
    WINDOWS,
    Window,
    describe,
    evaluate,
    figures,
    read_pieces,
    read_windows,
    standard_error,
)
from livegen.training.model import Architecture, Pianist

INT8_MAY_COST = 0.01
"""Nats a note, paired on the same windows: up to this, int8 weights are taken for their speed."""


def load(run: Path) -> Pianist:
    """The best pianist of a run.

    Raises:
        DataError: the folder is not that of a run.
    """
    try:
        recipe = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
        pianist = Pianist(build(Architecture, recipe["architecture"]))
        pianist(np.zeros((1, 2, len(VARIABLES)), np.int32))
        pianist.load_weights(run / "best.weights.h5")
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{run}: not a training run with recipe.json and best.weights.h5 ({error})") from error
    return pianist


def trained(run: Path, pieces: Sequence[data.Piece]) -> Training:
    """How the best pianist of a run was trained, on `pieces`."""
    listing = "".join(f"{piece.sha256}  {piece.name}\n" for piece in sorted(pieces, key=lambda piece: piece.name))
    recipe, notes, seconds = history(run)
    return Training(
        data="MAESTRO v2.0.0, train split, MIDI, less the pieces held out to choose the best weights by",
        files=len(pieces),
        files_sha256=sha256(listing.encode()).hexdigest(),
        notes=notes,
        minutes=round(seconds / 60, 1),
        date=datetime.now(UTC).date().isoformat(),
        recipe=recipe,
    )


def history(run: Path) -> tuple[dict[str, Any], int, float]:
    """A run's recipe, the notes seen up to its best weights, and the seconds, with those of the runs it went on from.

    In the recipe the earlier run's own stands in the place of its folder.
    """
    log = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    best: dict[str, Any] = min(log, key=lambda row: row["val_loss"])
    recipe: dict[str, Any] = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
    notes, seconds = int(best["notes"]), float(best["seconds"])
    if recipe.get("start"):
        recipe["start"], earlier_notes, earlier_seconds = history(Path(recipe["start"]))
        return recipe, earlier_notes + notes, earlier_seconds + seconds
    return recipe, notes, seconds


def ship(run: Path, folder: Path, out: Path, windows: Sequence[Window]) -> Card:
    """Export, evaluate, choose the weights' type, and put all of it in the place of `out`."""
    pianist = load(run)
    a = pianist.architecture
    sizes = Sizes(a.units, a.layers, a.hidden, a.embedding)
    training = trained(run, data.hold_out(data.maestro_split(folder, "train"))[0])
    pieces = read_pieces(folder, windows)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        new, full = Path(name) / "new", Path(name) / "float32"
        export.save(pianist, new / tensorflow.FOLDER)
        export.save(pianist, full, dtype="float32")
        content, small = export.litert(full, quantise=False), export.litert(full, quantise=True)
        costs, small_costs = (evaluate(each, sizes, windows, pieces) for each in (content, small))
        difference = (small_costs - costs).sum(axis=1)
        se = standard_error(difference, windows)
        print(f"int8 weights cost {difference.mean():.4f} +- {se:.4f} nats a note", flush=True)
        if difference.mean() <= INT8_MAY_COST:
            content, costs = small, small_costs
        (new / litert.FILE).write_bytes(content)
        by_context = {
            context: costs if context == WINDOW else evaluate(content, sizes, windows, pieces, context)
            for context in CONTEXTS
        }
        files = sorted(path for path in new.rglob("*") if path.is_file())
        card = Card(
            folder=out,
            name=out.name,
            title=f"A pianist: an LSTM of {a.layers} layers of {a.units}, and a head for each variable of a note",
            scheme=SCHEME,
            window=WINDOW,
            architecture=sizes,
            training=training,
            figures=figures(by_context, windows),
            files={path.relative_to(new).as_posix(): Checksum.of(path.read_bytes()) for path in files},
        )
        (new / CARD).write_text(card.to_json(), encoding="utf-8")
        if out.exists():
            shutil.move(out, Path(name) / "old")
        shutil.move(new, out)
    return card


def main() -> None:
    parser = argparse.ArgumentParser(description="Export a training run's best model, evaluate it, and write its card.")
    parser.add_argument("--run", type=Path, required=True, help="the folder that training wrote")
    parser.add_argument("--data", type=Path, required=True, help="the unpacked folder of MAESTRO v2.0.0")
    parser.add_argument("--out", type=Path, required=True, help="the model's folder; what is there is replaced")
    parser.add_argument("--windows", type=Path, default=WINDOWS, help="a csv.gz of windows")
    parser.add_argument("--limit", type=int, help="so many windows, evenly spread")
    arguments = parser.parse_args()
    windows = read_windows(arguments.windows, arguments.limit)
    print(describe(ship(arguments.run, arguments.data, arguments.out, windows).figures))


if __name__ == "__main__":
    main()
