"""The grid of a pulse: where onsets are expected, as far ahead as a response needs."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

SAME = 1e-6
"""Of a beat: a smaller difference is a rounding error."""
EVEN, EARLIEST_SWING, LATEST_SWING = 0.45, 0.55, 0.72
"""Of a beat: where its second eighth note is if the two are even, and if they swing."""


class Grid(NamedTuple):
    """A steady pulse, extrapolated into the future.

    Args:
        origin: s, the time of a beat (of a downbeat, if `bar` is known), on whatever clock the owner of the grid uses.
        beat: s from one beat to the next.
        points: where onsets are expected in a beat, as increasing fractions of it, 0 <= point < 1. Straight sixteenths
            are (0, 0.25, 0.5, 0.75), swung eighths (0, 0.667). The player's feel is in them: a player who lays back
            has points a little above.
        spread: s, the standard deviation of the player's onsets about these points.
        bar: beats in a bar; 0: unknown.
        certainty: 0 (no pulse) to 1 (certain).
    """

    origin: float
    beat: float
    points: tuple[float, ...]
    spread: float
    bar: int
    certainty: float

    @property
    def tempo(self) -> float:
        """Beats per minute."""
        return 60 / self.beat

    @property
    def swing(self) -> float | None:
        """How much longer the first eighth note of a beat is than the second; None: not two notes, or even ones."""
        between = [point for point in self.points if EARLIEST_SWING <= point <= LATEST_SWING]
        even = any(EVEN <= point < EARLIEST_SWING for point in self.points)
        thirds = any(abs(point - 1 / 3) < EARLIEST_SWING - 1 / 2 for point in self.points)
        return between[0] / (1 - between[0]) if len(between) == 1 and not even and not thirds else None

    def since(self, moment: float) -> Grid:
        """The same grid on a clock that is 0 at `moment`."""
        return self._replace(origin=self.origin - moment)

    def beat_from(self, moment: float, beats: int = 1) -> float:
        """The first time at or after `moment` that is a whole number of times `beats` away from the origin."""
        span = self.beat * beats
        return self.origin + ceil((moment - self.origin) / span - SAME) * span

    def beat_after(self, start: float, moment: float) -> float:
        """The first time at or after `moment` that is whole beats after `start`."""
        return start + ceil((moment - start) / self.beat) * self.beat

    def point_from(self, moment: float) -> float:
        """The first point at or after `moment`."""
        beat = self.beat_from(moment) - self.beat
        points = [beat + point * self.beat for point in (*self.points, 1 + self.points[0])]
        return min((point for point in points if point >= moment - SAME * self.beat), default=beat + self.beat)
