"""The grid of a pulse: where onsets are expected, as far ahead as a response needs."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Grid:
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

    def since(self, moment: float) -> Grid:
        """The same grid on a clock that is 0 at `moment`."""
        return replace(self, origin=self.origin - moment)
