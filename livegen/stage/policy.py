"""Ways of playing: when it is livegen's turn, and for how long. A policy only decides; it keeps no state.

To add one, write a class with these methods, and choose it in `Turns`.
"""

from __future__ import annotations

from typing import Protocol

from livegen.note import MonotonicTime
from livegen.stage.grid import Grid
from livegen.stage.settings import BARS, StageSettings

PEDAL_GRACE = 0.1
"""s from lifting a pedal in a long silence to the response: the model cannot be asked before the pedal moves."""

LONGEST_ENTRY = 1.5
"""s after the end of a call in which a response waits for a bar or a beat."""
COMMON = 4
"""Beats in a bar of which nothing is known."""


class Policy(Protocol):
    """A way of playing."""

    def end_of_turn(self, last_up: MonotonicTime, at: MonotonicTime, *, pedal_down: bool) -> MonotonicTime:
        """When the call ends, if nothing else happens.

        Args:
            last_up: when the last key went up.
            at: the current time; later than `last_up` if a pedal has moved since.
            pedal_down: whether a pedal holds notes.
        """

    def entry(self, ends: MonotonicTime, grid: Grid | None) -> MonotonicTime:
        """When the response to a call that ends at `ends` begins: not earlier.

        Args:
            ends: the end of the call.
            grid: of the player's pulse, on the same clock; None: there is none.
        """

    def length(self, call: float, grid: Grid | None = None) -> float:
        """The approximate length in seconds of the response to a call of `call` seconds."""

    def longest(self, length: float) -> float:
        """The limit in seconds of a response of about this length."""


class Respond:
    """Answers each call after a silence, with a response of about the same length."""

    def __init__(self, settings: StageSettings) -> None:
        self._settings = settings

    def end_of_turn(self, last_up: MonotonicTime, at: MonotonicTime, *, pedal_down: bool) -> MonotonicTime:
        """`silence` after the last key; at most `pedal_silence` while a pedal holds notes or moves."""
        soonest = MonotonicTime(last_up + self._settings.silence)
        latest = MonotonicTime(last_up + max(self._settings.silence, self._settings.pedal_silence))
        if pedal_down:
            return max(latest, at)
        if at == last_up:
            return soonest
        return max(soonest, at, min(latest, MonotonicTime(at + PEDAL_GRACE)))

    def entry(self, ends: MonotonicTime, grid: Grid | None) -> MonotonicTime:
        """The next bar, if it comes soon enough, else the next beat, else the next point of the grid."""
        if grid is None:
            return ends
        bar = grid.beat_from(ends, grid.bar) if grid.bar else None
        for start in (bar, grid.beat_from(ends)):
            if start is not None and start <= ends + LONGEST_ENTRY:
                return MonotonicTime(max(start, ends))
        return MonotonicTime(max(grid.point_from(ends), ends))

    def length(self, call: float, grid: Grid | None = None) -> float:
        """The length that is set in bars or beats; else that of the call, between the limits, in whole beats."""
        wanted = self._settings.length
        shortest, longest = self._settings.response_min, self._settings.response_max
        length = min(max(call, shortest), longest)
        if grid is None:
            return length
        bar = (grid.bar or COMMON) * grid.beat
        if wanted is not None:
            return wanted.count * (bar if wanted.unit == BARS else grid.beat)
        unit = bar if grid.bar and bar <= length else grid.beat
        whole = max(1, round(length / unit)) * unit
        return whole if shortest <= whole <= longest else length

    def longest(self, length: float) -> float:
        """`response_max`, or the length that is set in bars or beats if it is longer."""
        return max(self._settings.response_max, length)
