"""A model's figures, and beside them those of others on the same windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from livegen.engine.card import Card, Figures
from livegen.engine.litert import FILE
from livegen.errors import DataError
from livegen.features import VARIABLES
from livegen.note import WINDOW
from livegen.quiet import quiet
from livegen.training import Tell
from livegen.training.corpus import maestro_split
from livegen.training.evaluate import (
    COUNTED,
    Costs,
    Window,
    evaluate,
    figures,
    refuse_trained_on,
    standard_error,
    validated,
)
from livegen.training.peers import Marginals, RepeatLast


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    figures: Figures
    worse_by: float  # nats a note than the model, paired
    se: float  # of that, by piece


@dataclass(frozen=True, slots=True)
class Report:
    name: str
    split: str
    figures: Figures
    peers: tuple[Peer, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        nll = asdict(self.figures)
        contexts, windows, pieces = (nll.pop(key) for key in ("contexts", "windows", "pieces"))
        peers = [
            {
                "name": p.name,
                "nll": {k: v for k, v in asdict(p.figures).items() if k in nll},
                "worse_by": p.worse_by,
                "se": p.se,
            }
            for p in self.peers
        ]
        about = {"model": self.name, "split": self.split, "windows": windows, "pieces": pieces}
        return {**about, "nll": nll, "contexts": contexts, "peers": peers}

    def text(self) -> str:
        """For people."""
        width = max(len(name) for name in (self.name, *(peer.name for peer in self.peers)))
        columns = (*VARIABLES[:COUNTED], "total", "+-", "pedal")
        lines = [
            f"nats a note, {self.figures.windows} windows of the {self.split} split ({self.figures.pieces} pieces)",
            " " * width + "".join(column.rjust(10) for column in columns),
            self.name.ljust(width) + _cells(self.figures),
        ]
        lines += [
            f"{p.name.ljust(width)}{_cells(p.figures)}  worse by {p.worse_by:.3f} +- {p.se:.3f}" for p in self.peers
        ]
        after = ", ".join(f"{context}: {total:.3f}" for context, total in self.figures.contexts.items())
        return "\n".join([*lines, f"{self.name} after fewer notes: {after}"])


def _cells(found: Figures) -> str:
    values = [getattr(found, name) for name in VARIABLES[:COUNTED]]
    return "".join(f"{value:10.3f}" for value in (*values, found.total, found.se, found.pedal))


def report(
    card: Card,
    folder: Path,
    windows: Sequence[Window],
    split: str,
    others: Sequence[Card],
    tell: Tell,
    tutorial: Path | None = None,
) -> Report:
    """Evaluate a model and its peers: `others`, a run of the preset tutorial, and guesses.

    Raises:
        DataError: the data is not MAESTRO, a model was trained on it, or `tutorial` is no such run.
        ModelError: a model cannot be played.
    """
    tell(f"reading {folder}")
    validation = {piece.name: piece for piece in maestro_split(folder, split)}
    missing = sorted({window.piece for window in windows} - validation.keys())
    if missing:
        raise DataError(f"{folder}: {missing[0]} is not in its {split} split, and the windows name it.")
    hashes = {name: piece.sha256 for name, piece in validation.items()}
    for each in (card, *others):
        refuse_trained_on(each, hashes)
    pieces = {name: piece.notes for name, piece in validation.items()}
    tell(f"evaluating {card.name} on {len(windows)} windows")
    costs = evaluate(card.read_file(FILE), card.architecture, windows, pieces)
    found = validated(card.read_file(FILE), card.architecture, windows, pieces, costs)
    tell("evaluating its peers")
    training = maestro_split(folder, "train")
    marginals = Marginals(training)
    peers = [
        _peer(other.name, evaluate(other.read_file(FILE), other.architecture, windows, pieces), costs, windows)
        for other in others
    ]
    if tutorial is not None:
        with quiet():  # TensorFlow, which the rest does without
            from livegen.training.tutorial import peer

        known = peer.Tutorial(tutorial, training, marginals, hashes)
        peers.append(_peer(peer.NAME, known.costs(windows, pieces), costs, windows))
    peers.append(_peer("repeat the last", RepeatLast(marginals, training).costs(windows, pieces), costs, windows))
    peers.append(_peer("marginals", marginals.costs(windows, pieces), costs, windows))
    return Report(card.name, split, found, tuple(peers))


def _peer(name: str, costs: Costs, ours: Costs, windows: Sequence[Window]) -> Peer:
    difference = (costs - ours)[:, :COUNTED].sum(axis=1)
    own = figures({WINDOW: costs}, windows)
    return Peer(name, own, round(float(difference.mean()), 4), round(standard_error(difference, windows), 4))
