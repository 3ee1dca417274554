"""Ways of playing: when it is livegen's turn, and for how long. A policy only decides; it keeps no state.

To add one, write a class with these methods, and choose it in `Turns`.
"""

from __future__ import annotations

from typing import Protocol

from livegen.note import MonotonicTime
from livegen.stage.settings import StageSettings

PEDAL_GRACE = 0.1
"""s from lifting a pedal in a long silence to the response: the model cannot be asked before the pedal moves."""


class Policy(Protocol):
    """A way of playing."""

    def end_of_turn(self, last_up: MonotonicTime, at: MonotonicTime, *, pedal_down: bool) -> MonotonicTime:
        """When the call ends, if nothing else happens.

        Args:
            last_up: when the last key went up.
            at: the current time; later than `last_up` if a pedal has moved since.
            pedal_down: whether a pedal holds notes.
        """

    def length(self, call: float) -> float:
        """The approximate length in seconds of the response to a call of `call` seconds."""


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

    def length(self, call: float) -> float:
        """The length of the call, between the limits."""
        return min(max(call, self._settings.response_min), self._settings.response_max)
