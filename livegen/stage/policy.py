"""Ways of playing: when it is livegen's turn, and for how long. A policy only decides; it keeps no state.

To add one: write a class with these methods, and let `Session` choose it.
"""

from __future__ import annotations

from typing import Protocol

from livegen.note import MonotonicTime
from livegen.stage.settings import StageSettings

PEDAL_GRACE = 0.1
"""s from a pedal that is lifted in a long silence to the response: the model cannot be asked ahead of a foot."""


class Policy(Protocol):
    """A way of playing."""

    def end_of_turn(self, last_up: MonotonicTime, at: MonotonicTime, *, pedal_down: bool) -> MonotonicTime:
        """When the call will be over, if nothing else happens.

        Args:
            last_up: when the last key went up.
            at: now; later than that if a pedal moved since.
            pedal_down: whether a pedal holds notes.
        """

    def length(self, call: float) -> float:
        """About how many seconds the response to a call of so many seconds should last."""


class Respond:
    """Answers each call after a silence, with about its length."""

    def __init__(self, settings: StageSettings) -> None:
        self._settings = settings

    def end_of_turn(self, last_up: MonotonicTime, at: MonotonicTime, *, pedal_down: bool) -> MonotonicTime:
        """`silence` after the last key; `pedal_silence`, and no more, while a pedal holds notes or moves."""
        soonest = MonotonicTime(last_up + self._settings.silence)
        latest = MonotonicTime(last_up + max(self._settings.silence, self._settings.pedal_silence))
        if pedal_down:
            return max(latest, at)
        if at == last_up:
            return soonest
        return max(soonest, at, min(latest, MonotonicTime(at + PEDAL_GRACE)))

    def length(self, call: float) -> float:
        """That of the call, between the limits."""
        return min(max(call, self._settings.response_min), self._settings.response_max)
