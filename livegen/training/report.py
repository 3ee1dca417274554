"""The loss of a model, compared with other models and baselines on the same windows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

from livegen.data.sets import MAESTRO
from livegen.encoding import VARIABLES
from livegen.engine.card import Card, Figures
from livegen.engine.litert import FILE
from livegen.errors import DataError
from livegen.note import WINDOW
from livegen.quiet import quiet
from livegen.training import Progress
from livegen.training.baselines import Marginals, RepeatLast
from livegen.training.corpus import Piece, has_split, pieces_of, read_folder, table_of, title
from livegen.training.data import Notes
from livegen.training.evaluate import (
    COUNTED,
    Costs,
    Window,
    evaluate,
    figures,
    fine,
    refuse_trained_on,
    standard_error,
    validated,
    windows_of,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    name: str
    figures: Figures
    worse_by: float  # nats per note, compared with the model on the same windows
    se: float  # standard error of that, by piece


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    name: str
    data: str  # name of the data, for messages
    figures: Figures
    comparisons: tuple[Comparison, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        nll = _plain(self.figures)
        contexts, windows, pieces = (nll.pop(key) for key in ("contexts", "windows", "pieces"))
        peers = [
            {
                "name": p.name,
                "nll": {k: v for k, v in _plain(p.figures).items() if k in nll},
                "nll_1ms": fine(p.figures),
                "worse_by": p.worse_by,
                "se": _known(p.se),
            }
            for p in self.comparisons
        ]
        about = {"model": self.name, "data": self.data, "windows": windows, "pieces": pieces}
        return {**about, "nll": nll, "nll_1ms": fine(self.figures), "contexts": contexts, "peers": peers}

    def text(self) -> str:
        """As a table."""
        width = max(len(name) for name in (self.name, *(each.name for each in self.comparisons)))
        columns = (*VARIABLES[:COUNTED], "total", "+-", "pedal", "1 ms")
        lines = [
            f"nats per note, {self.figures.windows} windows of {self.data} ({self.figures.pieces} pieces)",
            " " * width + "".join(column.rjust(10) for column in columns),
            self.name.ljust(width) + _cells(self.figures),
        ]
        for p in self.comparisons:
            word = "better" if p.worse_by < 0 else "worse"
            lines.append(f"{p.name.ljust(width)}{_cells(p.figures)}  {word} by {abs(p.worse_by):.3f}{_within(p.se)}")
        after = ", ".join(f"{context}: {total:.3f}" for context, total in self.figures.contexts.items())
        lines.append(f"{self.name} after fewer notes of context: {after}")
        return "\n".join(
            [*lines, "1 ms: the total with times in cells of 1 ms instead of 10 ms; pedal: not in the total"]
        )


def _plain(found: Figures) -> dict[str, Any]:
    return {**asdict(found), "se": _known(found.se)}


def _known(se: float) -> float | None:
    """JSON has no NaN, the standard error if all windows are from one piece."""
    return se if isfinite(se) else None


def _within(se: float) -> str:
    return f" +- {se:.3f}" if isfinite(se) else ""


def _cells(found: Figures) -> str:
    values = [getattr(found, name) for name in VARIABLES[:COUNTED]]
    cells = (
        f"{value:10.3f}" if isfinite(value) else "-".rjust(10)
        for value in (*values, found.total, found.se, found.pedal, fine(found)["total"])
    )
    return "".join(cells)


def report(
    card: Card,
    folder: Path,
    others: Sequence[Card] = (),
    progress: Progress = print,
    *,
    split: str = "validation",
    listed: Path | None = None,
    limit: int | None = None,
    tutorial: Path | None = None,
) -> EvaluationReport:
    """Evaluate a model and, on the same windows, `others` and baselines fitted to the train split, if there is one.

    Args:
        card: of the model.
        folder: a data set with a table of splits, or any folder of MIDI files.
        others: models to evaluate on the same windows.
        progress: gets progress messages, one line at a time.
        split: of the data set.
        listed: a list of windows; by default livegen's list for the data set, or random windows.
        limit: use at most this number of windows.
        tutorial: a run of the preset tutorial, another baseline; only if there is a train split.

    Raises:
        DataError: there is no such data, a model was trained on it, or `tutorial` is not such a run.
        ModelError: a model cannot be played.
    """
    trainable = has_split(folder, "train")
    if tutorial is not None and not trainable:
        raise DataError(
            f"{folder}: --tutorial needs data with a train split, such as MAESTRO, to be fitted to. Remove --tutorial."
        )
    progress(f"reading {folder}")
    if table_of(folder):
        files, data = pieces_of(folder, split), f"{title(folder)}'s {split} split"
    else:
        corpus = read_folder(folder)
        files, data = list(corpus.pieces), corpus.name
        for problem in corpus.skipped:
            progress(f"skipped: {problem}")
        for lost in corpus.dropped:
            progress(f"damaged: {lost}")
    windows = windows_of(folder, files, listed, limit)
    hashes = {piece.name: piece.sha256 for piece in files}
    pieces = {piece.name: piece.notes for piece in files}
    missing = sorted({window.piece for window in windows} - pieces.keys())
    if missing:
        raise DataError(f"{folder}: the windows name {missing[0]}, which is not in {data}.")
    for each in (card, *others):
        refuse_trained_on(each, hashes)
    fitted: list[tuple[str, _Fitted]] = []
    if trainable:
        progress("fitting the baselines")
        fitted = _fitted(pieces_of(folder, "train"), tutorial, hashes)
    progress(f"evaluating {card.name} on {len(windows)} windows")
    costs = evaluate(card.read_file(FILE), card.memory, windows, pieces)
    found = validated(card.read_file(FILE), card.memory, windows, pieces, costs)
    if others or fitted:
        progress("evaluating the other models and the baselines")
    _, *names = distinct(each.name for each in (card, *others))
    comparisons = [
        _compared(name, evaluate(other.read_file(FILE), other.memory, windows, pieces), costs, windows)
        for name, other in zip(names, others, strict=True)
    ]
    comparisons += [_compared(name, other.costs(windows, pieces), costs, windows) for name, other in fitted]
    return EvaluationReport(card.name, data, found, tuple(comparisons))


def of_card(card: Card) -> list[str]:
    """The figures in a card, as a table for each data set."""
    figures = {**({MAESTRO.name: card.figures} if card.figures else {}), **card.more_figures}
    return [
        EvaluationReport(card.name, f"{name}'s validation split", found, ()).text() for name, found in figures.items()
    ]


class _Fitted(Protocol):
    """A baseline: not a model that the daemon plays."""

    def costs(self, windows: Sequence[Window], pieces: Mapping[str, Notes]) -> Costs:
        """The loss of each window."""


def _fitted(training: Sequence[Piece], tutorial: Path | None, hashes: Mapping[str, str]) -> list[tuple[str, _Fitted]]:
    """The baselines that are fitted to a train split, with their names."""
    marginals = Marginals(training)
    baselines: list[tuple[str, _Fitted]] = []
    if tutorial is not None:
        with quiet():  # TensorFlow, which nothing else here needs
            from livegen.training.tutorial import baseline

        baselines.append((baseline.NAME, baseline.TutorialBaseline(tutorial, training, marginals, hashes)))
    return [*baselines, ("repeat the last", RepeatLast(marginals, training)), ("marginals", marginals)]


def distinct(names: Iterable[str]) -> list[str]:
    """The same names, with a number after each repeated one."""
    found: list[str] = []
    for name in names:
        numbered = (f"{name}{f' ({n})' if n > 1 else ''}" for n in itertools.count(1))
        found.append(next(each for each in numbered if each not in found))
    return found


def _compared(name: str, costs: Costs, ours: Costs, windows: Sequence[Window]) -> Comparison:
    difference = (costs - ours)[:, :COUNTED].sum(axis=1)
    own = figures({WINDOW: costs}, windows)
    return Comparison(name, own, round(float(difference.mean()), 4), round(standard_error(difference, windows), 4))
