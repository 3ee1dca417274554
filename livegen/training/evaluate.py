"""The loss of LiteRT files in nats per note, with the live encoding, on fixed windows of a validation split.

A window is a note and the notes before it in its piece. Its loss is -ln of the probability that the model gives to the
note, where each variable is conditioned on those sampled before it. Times are counted in cells of 10 ms, so that the
loss does not depend on the model's bins: all cells of a bin have the same probability.

With cells of 1 ms, knowing a time more finely than 10 ms is worth something. A model that is uniform in each cell of
10 ms, as all models here are, then has a loss that is higher by ln 10 for each time.
"""

from __future__ import annotations

import csv
import gzip
import math
import os
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livegen import encoding
from livegen.data.sets import MAESTRO, POP909
from livegen.engine.card import Card, Figures
from livegen.engine.litert import LiteRt
from livegen.engine.runtime import Runtime, how
from livegen.errors import DataError
from livegen.note import WINDOW, Note, Pedal
from livegen.training.corpus import Piece, known_set, short
from livegen.training.data import Notes, read_notes

WINDOWS = {
    MAESTRO.name: Path(__file__).with_name("windows-validation.csv.gz"),
    POP909.name: Path(__file__).with_name("windows-pop909.csv.gz"),
}
"""The lists of windows of known data sets."""
RANDOM_WINDOWS = 2000
"""Random windows for data without a list of windows."""
CONTEXTS = (1, 3, 5, 10, WINDOW)
COUNTED = 4
"""The total is the sum of this many variables. The pedal is reported separately."""


FINE = 0.001
"""s, the smaller cells of time."""

_HOW = how()  # nothing is sampled

Costs = NDArray[np.float64]
"""Loss in nats by window and variable, shape (windows, 5)."""


@dataclass(frozen=True, slots=True)
class Window:
    piece: str  # file below the data folder
    target: int  # index of the note to predict, in the piece


def read_windows(path: Path, limit: int | None = None) -> list[Window]:
    """The windows in a csv.gz with the columns midi_filename and target; with `limit` only that number, evenly spread.

    Raises:
        DataError: the file is not such a table.
    """
    try:
        with gzip.open(path, "rt", newline="", encoding="utf-8") as table:
            windows = [Window(row["midi_filename"], int(row["target"])) for row in csv.DictReader(table)]
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a csv.gz with the columns midi_filename and target ({error})") from error
    if not windows:
        raise DataError(f"{path}: contains no windows")
    if limit is None or limit >= len(windows):
        return windows
    return [windows[i * len(windows) // limit] for i in range(limit)]


def windows_of(
    folder: Path, pieces: Sequence[Piece], listed: Path | None = None, limit: int | None = None
) -> list[Window]:
    """The windows to evaluate on.

    Args:
        folder: of the pieces.
        pieces: to sample windows from, if there is no list.
        listed: a list of windows; by default that of the folder's data set.
        limit: use at most this number of windows.

    Raises:
        DataError: the list is damaged, or no piece is long enough.
    """
    known = known_set(folder)
    path = listed or (WINDOWS.get(known.name) if known else None)
    return read_windows(path, limit) if path else sample_windows(pieces, limit or RANDOM_WINDOWS)


def sample_windows(pieces: Sequence[Piece], count: int, seed: int = 0) -> list[Window]:
    """`count` random windows: a piece, sampled uniformly, then a target in it that has WINDOW notes before it.

    If there are at most `count` targets, each of them once.

    Raises:
        DataError: no piece is long enough.
    """
    targets = [(piece.name, range(WINDOW, len(piece.notes))) for piece in pieces if len(piece.notes) > WINDOW]
    if not targets:
        raise DataError(f"no piece has the {WINDOW + 1} notes that a window needs")
    if sum(len(those) for _, those in targets) <= count:
        return [Window(name, target) for name, those in targets for target in those]
    random = np.random.default_rng(seed)
    sampled = (targets[i] for i in random.integers(len(targets), size=count))
    return [Window(name, int(random.integers(those.start, those.stop))) for name, those in sampled]


def read_pieces(folder: Path, windows: Sequence[Window]) -> dict[str, Notes]:
    """The notes of all pieces that the windows are of."""
    names = sorted({window.piece for window in windows})
    with ThreadPoolExecutor() as pool:  # numpy works outside the GIL
        return dict(zip(names, pool.map(lambda name: read_notes(folder / name), names), strict=True))


def to_note(row: NDArray[np.float64]) -> Note:
    """A row of `data.Notes`."""
    pitch, step, duration, velocity, *pedal = row.tolist()
    return Note(int(pitch), step, duration, int(velocity), Pedal(bool(pedal[0]), *pedal[1:]))


def nats(runtime: Runtime, notes: Notes) -> list[float]:
    """The loss of the last of `notes` after the others, by variable in the order of `encoding.VARIABLES`."""
    *before, target = [to_note(row) for row in notes]
    state = runtime.begin()
    for token in encoding.context(before):
        _, state = runtime.play(state, np.array((token,), np.int32), _HOW)
    categories = encoding.token(target)
    costs = []
    predicted = runtime.logits(state, categories)
    for name, category in zip(encoding.VARIABLES, categories, strict=True):
        logits = predicted[name].astype(np.float64)
        top = logits.max()
        cost = float(top + np.log(np.exp(logits - top).sum()) - logits[category])
        costs.append(cost + encoding.log_cells(category) if name in encoding.TIMES else cost)
    return costs


def evaluate(
    content: bytes,
    memory: int,
    windows: Sequence[Window],
    pieces: Mapping[str, Notes],
    context: int = WINDOW,
) -> Costs:
    """The loss of each window with `context` notes of context.

    Raises:
        DataError: the piece of a window has no such note, or fewer notes before it.
    """
    for window in windows:
        count = len(pieces[window.piece])
        if not context <= window.target < count:
            raise DataError(
                f"{window.piece}: a window names note {window.target}. The piece has {count} notes, and only those from"
                f" {context} on have enough notes before them."
            )
    threads = min(os.cpu_count() or 1, len(windows))
    runtimes = [LiteRt(content, memory) for _ in range(threads)]  # LiteRT runs outside the GIL

    def share(k: int) -> list[list[float]]:
        return [nats(runtimes[k], pieces[w.piece][w.target - context : w.target + 1]) for w in windows[k::threads]]

    costs = np.empty((len(windows), len(encoding.VARIABLES)))
    with ThreadPoolExecutor(threads) as pool:
        for k, part in enumerate(pool.map(share, range(threads))):
            costs[k::threads] = part
    return costs


def standard_error(values: NDArray[np.float64], windows: Sequence[Window]) -> float:
    """Standard error of the mean of one value per window, clustered by piece. NaN for a single piece."""
    index = {name: i for i, name in enumerate(dict.fromkeys(window.piece for window in windows))}
    sums = np.bincount([index[window.piece] for window in windows], values - values.mean())
    n = len(sums)
    return float(np.sqrt((sums**2).sum() * n / (n - 1)) / len(values)) if n > 1 else float("nan")


def figures(costs: Mapping[int, Costs], windows: Sequence[Window]) -> Figures:
    """The figures for a card, from the losses after each number of notes of context, including `WINDOW`."""
    means = costs[WINDOW].mean(axis=0)
    counted = {context: cost[:, :COUNTED].sum(axis=1) for context, cost in costs.items()}
    return Figures(
        windows=len(windows),
        pieces=len({window.piece for window in windows}),
        **{name: round(float(mean), 4) for name, mean in zip(encoding.VARIABLES, means, strict=True)},
        total=round(float(counted[WINDOW].mean()), 4),
        se=round(standard_error(counted[WINDOW], windows), 4),
        contexts={str(context): round(float(counted[context].mean()), 4) for context in sorted(costs)},
    )


def validated(
    content: bytes,
    memory: int,
    windows: Sequence[Window],
    pieces: Mapping[str, Notes],
    costs: Costs | None = None,
) -> Figures:
    """The figures of a LiteRT file, for its card; `costs` are the losses after WINDOW notes if they are known."""
    first = evaluate(content, memory, windows, pieces) if costs is None else costs
    others = (context for context in CONTEXTS if context != WINDOW)
    return figures(
        {WINDOW: first, **{context: evaluate(content, memory, windows, pieces, context) for context in others}}, windows
    )


def fine(found: Figures) -> dict[str, float]:
    """The losses of step and duration, and the total, with times in cells of 1 ms, for a model uniform in 10 ms."""
    more = math.log(encoding.CELL / FINE)
    times = {name: getattr(found, name) + more for name in encoding.TIMES}
    return {name: round(nats, 4) for name, nats in {**times, "total": found.total + len(times) * more}.items()}


def refuse_trained_on(card: Card, hashes: Mapping[str, str]) -> None:
    """Check that a model was not trained on any of the files, by name and SHA-256, that it is to be evaluated on.

    Raises:
        DataError: it was.
    """
    refuse_seen(card.name, set(card.training.hashes.split()), hashes)


def refuse_seen(name: str, seen: Set[str], hashes: Mapping[str, str]) -> None:
    """The same for anything called `name` that was trained on files with these hashes (`corpus.short`)."""
    known = [file for file, sha256 in hashes.items() if short(sha256) in seen]
    if known:
        raise DataError(
            f"{name} was trained on {len(known)} of the {len(hashes)} files (such as {known[0]}), so the result would"
            " be biased. Use other files."
        )
