"""A gesture on the keys: two keys that are pressed together while nothing sounds. They are not music then.

One of the two keys is held back until it is clear whether the other one follows: for TOGETHER, and only if it is
pressed in silence. So a gesture sounds nowhere, and every other note is forwarded at once.
"""

from __future__ import annotations

from typing import TypeGuard

from livegen.note import MonotonicTime
from livegen.stage.events import Event, Panic, PortEvent, PortId, Received
from livegen.stage.settings import TwoKeys

TOGETHER = 0.060  # s from the first key to the second, at most: the keys of a chord are closer
SILENCE = 0.5  # s without any key before the gesture
SYSTEM = frozenset(("clock", "active_sensing", "start", "continue", "stop", "songpos"))  # they say nothing about keys


class Gesture:
    """Recognises two keys that are pressed together.

    Args:
        wanted: the keys, and what they do; None: there is no gesture.
    """

    def __init__(self, wanted: TwoKeys | None) -> None:
        self.wanted = wanted
        self._waiting: Received | None = None  # the first key, held back
        self._made: list[Received] = []  # the keys of a gesture that are still to be handled
        self._down: set[tuple[PortId, int, int]] = set()  # the keys of a gesture, until they go up
        self._last = MonotonicTime(-SILENCE)  # when the last key moved

    @property
    def due(self) -> MonotonicTime | None:
        """When `sort` must be called next, if no event comes before."""
        return MonotonicTime(self._waiting.at + TOGETHER) if self._waiting is not None else None

    def sort(self, event: Event | None, now: MonotonicTime, *, silent: bool) -> tuple[Event | None, ...]:
        """What is to be handled now, in order: the event, before it a key that was held back; or nothing yet.

        Args:
            event: what happened; None when only time has passed.
            now: the time.
            silent: no key is down, and no response sounds.
        """
        first = self._waiting
        if first is None:
            if self._begins(event, silent=silent):
                self._waiting = event
                return ()
            self._note(event)
            return (event,)
        if _presses(event) and self._completes(first, event):
            self._made = [first, event]
            self._down |= {_key(first), _key(event)}
        elif now < first.at + TOGETHER and not _concerns_keys(event):
            return (event,)
        self._waiting = None
        self._note(first)
        self._note(event)
        return first, event

    def take(self, event: Received) -> str | None:
        """Whether a message belongs to a gesture: what is to be done, or "" for nothing; None: it is music."""
        if self._made and event is self._made[0]:
            self._made.pop(0)
            return "" if self._made or self.wanted is None else self.wanted.action
        if event.message.type in ("note_on", "note_off") and _key(event) in self._down:
            self._down.discard(_key(event))
            return None if _presses(event) else ""
        return None

    def change(self, wanted: TwoKeys | None) -> None:
        """New settings."""
        self.wanted = wanted

    def forget(self, port: PortId) -> None:
        """A port is closed: its keys go up."""
        self._down = {key for key in self._down if key[0] != port}

    def _begins(self, event: Event | None, *, silent: bool) -> TypeGuard[Received]:
        if self.wanted is None or not silent or not _presses(event):
            return False
        return event.message.note in self.wanted.keys and event.at >= self._last + SILENCE

    def _completes(self, first: Received, event: Received) -> bool:
        if self.wanted is None or event.port != first.port:
            return False
        other = self.wanted.keys - {first.message.note}
        return event.message.note in other and event.at <= first.at + TOGETHER

    def _note(self, event: Event | None) -> None:
        if isinstance(event, Received) and event.message.type in ("note_on", "note_off"):
            self._last = event.at


def _presses(event: Event | None) -> TypeGuard[Received]:
    return isinstance(event, Received) and event.message.type == "note_on" and event.message.velocity > 0


def _concerns_keys(event: Event | None) -> bool:
    """Whether an event must not overtake a key that is held back."""
    if isinstance(event, Received):
        return event.message.type not in SYSTEM
    return isinstance(event, Panic | PortEvent)


def _key(event: Received) -> tuple[PortId, int, int]:
    return event.port, event.message.channel, event.message.note
