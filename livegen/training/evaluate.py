"""Nats a note, of the LiteRT file itself through the live encoding, on fixed windows of MAESTRO's validation split.

    python -m livegen.training.evaluate --data maestro-v2.0.0 --model livegen

A window is a note and those before it in its piece. Its nats are -ln of the probability that the model gives to the
note, each variable knowing those drawn before it. Times are counted in cells of 10 ms, so that a figure does not
depend on the model's bins: inside a bin each cell is as likely as the next.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livegen import features
from livegen.engine import card
from livegen.engine.card import Figures, Sizes
from livegen.engine.litert import FILE, LiteRt
from livegen.engine.runtime import Runtime
from livegen.errors import DataError
from livegen.note import WINDOW, Note
from livegen.training.data import Notes, read_notes

WINDOWS = Path(__file__).with_name("windows-validation.csv.gz")
CONTEXTS = (1, 3, 5, 10, WINDOW)


@dataclass(frozen=True, slots=True)
class Window:
    piece: str  # file below the data folder
    target: int  # place of the note to be told, among the piece's notes


def read_windows(path: Path, limit: int | None = None) -> list[Window]:
    """The windows in a csv.gz with the columns midi_filename and target; `limit` takes as many, evenly spread.

    Raises:
        DataError: it cannot be read as that.
    """
    try:
        with gzip.open(path, "rt", newline="", encoding="utf-8") as table:
            windows = [Window(row["midi_filename"], int(row["target"])) for row in csv.DictReader(table)]
    except (OSError, EOFError, KeyError, ValueError) as error:
        raise DataError(f"{path}: not a csv.gz with the columns midi_filename and target ({error})") from error
    if limit is None or limit >= len(windows):
        return windows
    return [windows[i * len(windows) // limit] for i in range(limit)]


def read_pieces(folder: Path, windows: Sequence[Window]) -> dict[str, Notes]:
    """The notes of all pieces that the windows are of."""
    names = sorted({window.piece for window in windows})
    with ThreadPoolExecutor() as pool:  # symusic parses outside the GIL
        return dict(zip(names, pool.map(lambda name: read_notes(folder / name), names), strict=True))


def nats(runtime: Runtime, notes: Notes) -> list[float]:
    """What the last of `notes` costs after the others, by variable in the order of `features.VARIABLES`."""
    *before, target = [Note(int(pitch), step, duration, int(velocity)) for step, pitch, velocity, duration in notes]
    state = runtime.begin()
    for token in features.context(before):
        state = runtime.advance(state, token)
    told = features.token(target)
    costs = []
    for name, category in zip(features.VARIABLES, told, strict=True):
        logits = runtime.logits(name, state, told).astype(np.float64)
        top = logits.max()
        cost = float(top + np.log(np.exp(logits - top).sum()) - logits[category])
        costs.append(cost + features.log_cells(category) if name in ("step", "duration") else cost)
    return costs


def evaluate(
    content: bytes, sizes: Sizes, windows: Sequence[Window], pieces: dict[str, Notes], context: int = WINDOW
) -> NDArray[np.float64]:
    """Nats of each window with so many notes of context, by variable: shape (windows, 4)."""
    threads = os.cpu_count() or 1
    runtimes = [LiteRt(content, sizes) for _ in range(threads)]  # LiteRT runs outside the GIL

    def share(k: int) -> list[list[float]]:
        return [nats(runtimes[k], pieces[w.piece][w.target - context : w.target + 1]) for w in windows[k::threads]]

    costs = np.empty((len(windows), len(features.VARIABLES)))
    with ThreadPoolExecutor(threads) as pool:
        for k, part in enumerate(pool.map(share, range(threads))):
            costs[k::threads] = part
    return costs


def standard_error(values: NDArray[np.float64], windows: Sequence[Window]) -> float:
    """Of the mean of one value a window, by piece: windows of one piece resemble each other. NaN for one piece."""
    index = {name: i for i, name in enumerate(dict.fromkeys(window.piece for window in windows))}
    sums = np.bincount([index[window.piece] for window in windows], values - values.mean())
    n = len(sums)
    return float(np.sqrt((sums**2).sum() * n / (n - 1)) / len(values)) if n > 1 else float("nan")


def figures(costs: dict[int, NDArray[np.float64]], windows: Sequence[Window]) -> Figures:
    """The figures for a card, from nats by window and variable, after each number of notes: `WINDOW` among them."""
    means = costs[WINDOW].mean(axis=0)
    return Figures(
        windows=len(windows),
        pieces=len({window.piece for window in windows}),
        **{name: round(float(mean), 4) for name, mean in zip(features.VARIABLES, means, strict=True)},
        total=round(float(means.sum()), 4),
        se=round(standard_error(costs[WINDOW].sum(axis=1), windows), 4),
        contexts={str(context): round(float(costs[context].sum(axis=1).mean()), 4) for context in sorted(costs)},
    )


def describe(figures: Figures) -> str:
    """For people."""
    lines = [f"{name:9}{getattr(figures, name):8.3f}" for name in features.VARIABLES]
    lines.append(f"{'total':9}{figures.total:8.3f}  +- {figures.se:.3f}, nats a note, {figures.windows} windows")
    lines += [f"after {context:>2} {total:8.3f}" for context, total in figures.contexts.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Nats a note of a model on windows of MAESTRO's validation split.")
    parser.add_argument("--data", type=Path, required=True, help="the unpacked folder of MAESTRO v2.0.0")
    parser.add_argument("--model", default="livegen", help="a model's name or folder")
    parser.add_argument("--tflite", type=Path, help="another LiteRT file of the same sizes")
    parser.add_argument("--windows", type=Path, default=WINDOWS, help="a csv.gz of windows")
    parser.add_argument("--limit", type=int, help="so many windows, evenly spread")
    parser.add_argument("--contexts", default=",".join(map(str, CONTEXTS)), help="notes of context, by commas")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    model = card.find(arguments.model)
    content = arguments.tflite.read_bytes() if arguments.tflite else model.read_file(FILE)
    windows = read_windows(arguments.windows, arguments.limit)
    contexts = {WINDOW, *(int(context) for context in arguments.contexts.split(","))}
    pieces = read_pieces(arguments.data, windows)
    costs = {context: evaluate(content, model.architecture, windows, pieces, context) for context in contexts}
    found = figures(costs, windows)
    print(json.dumps(asdict(found), indent=2) if arguments.json else describe(found))


if __name__ == "__main__":
    main()
