"""The loudness of the player's keyboard: responses stay between its softest and its loudest notes."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable

from livegen.stage.events import ResponseNote

REMEMBERED = 500  # notes
FEWEST = 20
"""Notes that must be heard before anything is known."""
OUTLIERS = 0.02
"""Share of notes that are softer, and louder, than the keyboard's usual range: slips, and a first try."""


class Touch:
    """Learns the range of velocities that a keyboard sends. Some send one velocity only, or never the loudest."""

    def __init__(self) -> None:
        self._last: deque[int] = deque()
        self._sorted: list[int] = []

    def hear(self, velocity: int) -> None:
        """The player strikes a key."""
        self._last.append(velocity)
        insort(self._sorted, velocity)
        if len(self._last) > REMEMBERED:
            del self._sorted[bisect_left(self._sorted, self._last.popleft())]

    @property
    def range(self) -> tuple[int, int]:
        """The usual softest and loudest velocity."""
        if len(self._sorted) < FEWEST:
            return 1, 127
        left_out = int(OUTLIERS * len(self._sorted))
        return self._sorted[left_out], self._sorted[-1 - left_out]

    def fit(self, notes: Iterable[ResponseNote]) -> tuple[ResponseNote, ...]:
        """The same notes, no softer and no louder than the keyboard's."""
        low, high = self.range
        return tuple(note._replace(velocity=min(max(note.velocity, low), high)) for note in notes)
