"""Ways of playing: when it is livegen's turn, and for how long. A policy only decides; it keeps no state.

To add one, write a class with these methods, and choose it in `Turns`.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from livegen.note import MonotonicTime
from livegen.stage.grid import Grid
from livegen.stage.settings import BARS, StageSettings
from livegen.stage.silence import PEDAL_GRACE, PEDAL_PATIENCE, FixedSilence, HandedOver, ModelSilence, Silence

LONGEST_ENTRY = 1.5
"""s after the end of a call in which a response waits for a bar or a beat."""
COMPUTING = 0.1
"""s that the model needs for a response that is wanted at once."""
COMMON = 4
"""Beats in a bar of which nothing is known."""


class Pause(NamedTuple):
    """The player has no key down that keeps the turn."""

    last_onset: MonotonicTime
    last_up: MonotonicTime  # when the last key went up
    at: MonotonicTime  # the current time; later than `last_up` if a pedal has moved since
    pedal_down: bool  # whether a pedal holds notes
    cost: float  # s of silence that are as bad as a wrong entry


class Policy(Protocol):
    """A way of playing."""

    def silence(self, pause: Pause) -> Silence:
        """The silence that ends the call, if nothing else happens."""

    def entry(self, ends: MonotonicTime, grid: Grid | None, silence: Silence) -> MonotonicTime:
        """When the response to a call that ends at `ends` begins: not earlier.

        Args:
            ends: the end of the call.
            grid: of the player's pulse, on the same clock; None: there is none.
            silence: that ended the call.
        """

    def length(self, call: float, grid: Grid | None = None) -> float:
        """The approximate length in seconds of the response to a call of `call` seconds."""

    def longest(self, length: float) -> float:
        """The limit in seconds of a response of about this length."""


class Respond(NamedTuple):
    """Answers each call after a silence, with a response of about the same length."""

    settings: StageSettings

    def silence(self, pause: Pause) -> Silence:
        """`silence` after the last key; at most `pedal_silence` while a pedal holds notes or moves.

        If the model decides: from `silence_min` after the last onset to `silence_max` after the last key, or to
        `pedal_silence` while a pedal holds notes.
        """
        settings = self.settings
        last_up, at = pause.last_up, pause.at
        fixed = settings.silence
        longest = settings.silence_max if fixed is None else fixed
        latest = MonotonicTime(last_up + max(longest, settings.pedal_silence))
        if fixed is None:
            until = latest if pause.pedal_down else MonotonicTime(last_up + longest)
            cost = pause.cost * (PEDAL_PATIENCE if pause.pedal_down else 1)
            return ModelSilence(pause.last_onset, last_up, at, settings.silence_min, until, cost)
        soonest = MonotonicTime(last_up + fixed)
        if pause.pedal_down:
            return FixedSilence(last_up, max(latest, at))
        if at == last_up:
            return FixedSilence(last_up, soonest)
        return FixedSilence(last_up, max(soonest, at, min(latest, MonotonicTime(at + PEDAL_GRACE))))

    def entry(self, ends: MonotonicTime, grid: Grid | None, silence: Silence) -> MonotonicTime:
        """The next bar, if it comes soon enough, else the next beat, else the next point of the grid. A response that
        the player asked for begins on the next point.
        """
        if grid is None:
            return ends
        if isinstance(silence, HandedOver):
            return MonotonicTime(grid.point_from(ends + COMPUTING))
        bar = grid.beat_from(ends, grid.bar) if grid.bar else None
        for start in (bar, grid.beat_from(ends)):
            if start is not None and start <= ends + LONGEST_ENTRY:
                return MonotonicTime(max(start, ends))
        return MonotonicTime(max(grid.point_from(ends), ends))

    def length(self, call: float, grid: Grid | None = None) -> float:
        """The length that is set in bars or beats; else that of the call, between the limits, in whole beats."""
        wanted = self.settings.length
        shortest, longest = self.settings.response_min, self.settings.response_max
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
        return max(self.settings.response_max, length)
