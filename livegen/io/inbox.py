"""The inbox of the main thread, in real time or in virtual time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from queue import Empty, SimpleQueue
from typing import Protocol

from livegen.io.links import Attached, Detached
from livegen.note import MonotonicTime
from livegen.stage.events import Incoming, InputClosed, Received, Stop

Item = Incoming | Attached | Detached
"""What an inbox holds."""

LONG_AGO = MonotonicTime(0.0)  # as a deadline: do not wait


class Inbox(Protocol):
    def now(self) -> MonotonicTime: ...

    def put(self, event: Item) -> None: ...

    def get(self, until: MonotonicTime | None) -> Item | None:
        """The next event, or None if `until` comes first. Without `until`, wait for an event."""


class LiveInbox:
    """Real time. `put` may be called from any thread and from signal handlers: SimpleQueue.put is re-entrant."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self.put = self._queue.put

    def now(self) -> MonotonicTime:
        return MonotonicTime(time.monotonic())

    def get(self, until: MonotonicTime | None) -> Item | None:
        try:
            return self._queue.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
        except Empty:
            return None


class VirtualInbox:
    """Virtual time, for one thread. It stands still while an event is handled, then jumps to the next event.

    Args:
        events: of the player.
        signals: an inbox that may get a Stop from a signal.
    """

    def __init__(self, events: Iterable[Received | InputClosed], signals: LiveInbox | None = None) -> None:
        self._signals = signals
        self._events: list[tuple[float, int, Item]] = [(event.at, i, event) for i, event in enumerate(events)]
        heapify(self._events)
        self._count = len(self._events)
        self._now = MonotonicTime(0.0)

    def now(self) -> MonotonicTime:
        return self._now

    def put(self, event: Item) -> None:
        """Add an event that happens now, after all others that happen now."""
        heappush(self._events, (self._now, self._count, event))
        self._count += 1

    def get(self, until: MonotonicTime | None) -> Item | None:
        stop = self._signals.get(LONG_AGO) if self._signals is not None else None
        if isinstance(stop, Stop):
            return stop
        if until is not None and (not self._events or self._events[0][0] > until):
            self._now = MonotonicTime(max(self._now, until))
            return None
        if not self._events:
            raise RuntimeError("there are no more events")
        at, _, event = heappop(self._events)
        self._now = MonotonicTime(max(self._now, at))
        return event
