"""The pulse as the musician is shown it: only what has changed noticeably, and is there to stay."""

from __future__ import annotations

from typing import NamedTuple

from livegen.stage.grid import Grid

APPEARS, VANISHES = 0.6, 0.3  # certainty from which a pulse is shown, and under which it is no longer
NOTICEABLE = 0.04  # relative change of the tempo
STEPS = 0.2  # of the certainty
AGREE = 3  # looks in a row that must find the same


class Shown(NamedTuple):
    """A pulse: what a musician wants to know of it."""

    tempo: float | None = None  # beats per minute; None: there is no pulse
    certainty: float = 0.0  # 0 to 1
    bar: int = 0  # beats in a bar; 0: unknown

    def like(self, other: Shown) -> bool:
        """Whether nobody would notice a difference."""
        if self.tempo is None or other.tempo is None:
            return self.tempo is other.tempo
        return (
            abs(self.tempo / other.tempo - 1) <= NOTICEABLE
            and self.bar == other.bar
            and abs(self.certainty - other.certainty) <= STEPS
        )


NO_PULSE = Shown()


class Display:
    """Decides what is shown, from looks at the pulse every few notes."""

    def __init__(self) -> None:
        self.shown = NO_PULSE
        self._next = NO_PULSE
        self._looks = 0

    def look(self, grid: Grid | None) -> None:
        """The pulse as it is now; a change is shown after AGREE looks, a pulse that is given at once."""
        seen = self._seen(grid)
        if seen.like(self.shown):
            self._looks = 0
            return
        self._looks = self._looks + 1 if seen.like(self._next) else 1
        self._next = seen
        if self._looks >= AGREE or seen.certainty == 1.0:
            self.shown, self._looks = seen, 0

    def _seen(self, grid: Grid | None) -> Shown:
        least = APPEARS if self.shown.tempo is None else VANISHES
        if grid is None or grid.certainty < least:
            return NO_PULSE
        return Shown(round(grid.tempo, 1), round(grid.certainty, 2), grid.bar)
