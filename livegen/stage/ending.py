"""How well a note ends a response: with a rest after it, at home in the key of the call, before a bar line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from livegen.note import Note
from livegen.stage.grid import Grid

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""How well each of the twelve notes fits a key, from its tonic up (Krumhansl and Kessler, 1982)."""
TONIC, TRIAD = 2.0, 1.5
"""How many times better a note ends a response if it is the tonic, or another note of the tonic's triad."""
BAR, BEAT = 1.5, 1.2
"""The same if it ends at a bar line, or on a beat."""
NEAR = 0.15
"""Of a beat: this near it."""


class Key(NamedTuple):
    """A key, by its tonic."""

    tonic: int  # 0..11, C is 0
    minor: bool

    @classmethod
    def of(cls, notes: Sequence[Note]) -> Key | None:
        """The key that fits notes best, by their durations; None: all fit alike."""
        weights = [0.0] * 12
        for note in notes:
            weights[note.pitch % 12] += note.duration
        keys = [cls(tonic, minor) for minor in (False, True) for tonic in range(12)]
        best, key = max(((_correlation(weights, key.profile()), key) for key in keys), key=lambda fit: fit[0])
        return key if best > 0 else None

    def profile(self) -> list[float]:
        """How well each of the twelve notes fits, from C up."""
        profile = MINOR if self.minor else MAJOR
        return [profile[(pitch - self.tonic) % 12] for pitch in range(12)]

    def weight(self, pitch: int) -> float:
        """How many times better this note is at the end."""
        above = (pitch - self.tonic) % 12
        return TONIC if above == 0 else TRIAD if above in (3 if self.minor else 4, 7) else 1.0


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    mean, mean_other = sum(one) / len(one), sum(other) / len(other)
    away = [value - mean for value in one]
    away_other = [value - mean_other for value in other]
    norm = sqrt(sum(value**2 for value in away) * sum(value**2 for value in away_other))
    return sum(a * b for a, b in zip(away, away_other, strict=True)) / norm if norm else 0.0


class Ending(NamedTuple):
    """What makes a good end of one response.

    Args:
        key: of the call.
        grid: of the pulse, on a clock that is 0 at the first onset of the response.
    """

    key: Key | None = None
    grid: Grid | None = None

    def weight(self, pitch: int, end: float) -> float:
        """How many times better a note is than others with the same rest after it.

        Args:
            pitch: of the note.
            end: s from the first onset of the response.
        """
        return (self.key.weight(pitch) if self.key is not None else 1.0) * self._in_time(end)

    def _in_time(self, end: float) -> float:
        if self.grid is None:
            return 1.0
        for beats, weight in ((self.grid.bar, BAR), (1, BEAT)):
            if beats and abs(self.grid.beat_from(end - NEAR * self.grid.beat, beats) - end) <= NEAR * self.grid.beat:
                return 1 + (weight - 1) * self.grid.certainty
        return 1.0
