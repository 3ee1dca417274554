"""`livegen evaluate --memory`: how much better the notes of pieces are predicted by what was played before them.

Evenings are one or several pieces in a row. Each piece is played in calls of CALL notes: a call is remembered when it
has ended, as the daemon does it. A note is predicted from the WINDOW notes before it and what is remembered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livegen.bench.intime.songs import files
from livegen.encoding import Token, context
from livegen.engine import choose
from livegen.engine.cache import Cache, Place, moments
from livegen.engine.card import Card
from livegen.engine.passages import Passage
from livegen.engine.runtime import Runtime
from livegen.errors import DataError, ModelError
from livegen.io import notes as reading
from livegen.note import WINDOW, to_notes
from livegen.stage.settings import Sampling

CALL = WINDOW
NOTES = 700
"""Of each piece, at most the first ones."""
FEWEST = 200
"""Shorter pieces are left out."""
VARIABLES = ("step", "pitch", "velocity", "duration")
SEED = 7


@dataclass(frozen=True, slots=True)
class MemoryReport:
    """The gain of each variable in nats per note, by evening."""

    model: str
    memory: float  # the setting
    gains: dict[int, NDArray[np.float64]]  # by pieces in an evening: shape (evenings, 4)
    notes: dict[int, int]  # that were predicted

    def rows(self) -> Iterator[tuple[int, dict[str, tuple[float, float | None]]]]:
        """By pieces in an evening: the mean of each variable, and half of its 95 % interval; None for one evening."""
        for pieces, gains in self.gains.items():
            row: dict[str, tuple[float, float | None]] = {}
            for name, values in zip(VARIABLES, gains.T, strict=True):
                half = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else None
                row[name] = float(values.mean()), half
            yield pieces, row

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        rows = [
            {"pieces": pieces, "evenings": len(self.gains[pieces]), "notes": self.notes[pieces]}
            | {
                name: {"gain": round(mean, 4), "half": None if half is None else round(half, 4)}
                for name, (mean, half) in row.items()
            }
            for pieces, row in self.rows()
        ]
        return {"model": self.model, "memory": self.memory, "evenings": rows}

    def text(self) -> str:
        """A table in Markdown."""
        lines = [
            f"Gain by the memory of {self.model} with --memory {self.memory:g}, in nats per note, in evenings of some "
            f"pieces, at most the first {NOTES} notes of each.",
            "",
            f"| pieces | evenings | notes | {' | '.join(VARIABLES)} |",
            f"|---|---|---|{'---|' * len(VARIABLES)}",
        ]
        for pieces, row in self.rows():
            cells = " | ".join(
                f"{mean:+.3f}" + ("" if half is None else f" ± {half:.3f}") for mean, half in row.values()
            )
            lines.append(f"| {pieces} | {len(self.gains[pieces])} | {self.notes[pieces]:,} | {cells} |")
        return "\n".join(lines)


def report(
    card: Card,
    folder: Path,
    memory: float,
    progress: Callable[[str], object],
    split: str = "validation",
    limit: int | None = None,
    evening: int = 6,
) -> MemoryReport:
    """Measure evenings of one piece, and of several.

    Args:
        card: of the model.
        folder: of the pieces.
        memory: the setting, above 0.
        progress: gets progress messages, one line at a time.
        split: of the pieces.
        limit: use at most this many pieces.
        evening: pieces in a long evening.

    Raises:
        DataError: there are no such pieces, or one cannot be read.
        ModelError: the model cannot be played, or its card does not say what a cache needs.
    """
    place = Place.of(card.architecture)
    if place is None:
        raise ModelError(f"{card.folder}: its card does not say how large its layers are, so it cannot remember.")
    runtime = choose.choose(card, "cpu").runtime
    paths = np.random.default_rng(SEED).permutation(np.array(files(folder, split), object)).tolist()
    pieces = list(islice(_long_enough(paths), limit))
    if not pieces:
        raise DataError(f"{folder}: no piece has {FEWEST} notes.")
    gains: dict[int, NDArray[np.float64]] = {}
    notes: dict[int, int] = {}
    for count in (1, evening) if len(pieces) >= evening else (1,):
        found, notes[count] = [], 0
        for start in range(0, len(pieces) - count + 1, count):
            progress(f"evenings of {count} pieces: piece {start:,} of {len(pieces):,}")
            cache, each = Cache(runtime, place), list[tuple[float, ...]]()
            for tokens in pieces[start : start + count]:
                each += _piece(runtime, cache, tokens, memory)
            found.append(np.mean(each, axis=0))
            notes[count] += len(each)
        gains[count] = np.array(found)
    return MemoryReport(card.name, memory, gains, notes)


Piece = tuple[Token, ...]


def _long_enough(paths: Sequence[Path]) -> Iterator[Piece]:
    for path in paths:
        sounded = reading.read(path)[:NOTES]
        if len(sounded) >= FEWEST:
            yield tuple(context(to_notes(sounded)))


def _piece(runtime: Runtime, cache: Cache, tokens: Piece, memory: float) -> Iterator[tuple[float, ...]]:
    """The gains of each note of a piece but the first WINDOW. Each call is learnt when it has ended."""
    sampling = Sampling(memory=memory)
    for start in range(WINDOW, len(tokens), CALL):
        passage = Passage(tokens[start - WINDOW : start + CALL], WINDOW)
        for before, state, token in moments(runtime, passage):
            if token is None:
                continue
            recalled = cache.recall(state, before, sampling)
            yield (0.0,) * 4 if recalled is None else recalled.gains(runtime.logits(state, token), token)
        deque(cache.learn(passage), maxlen=0)
