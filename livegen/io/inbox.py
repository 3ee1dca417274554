"""The one inbox of the main thread: of events that happen, or of events in virtual time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from queue import Empty, SimpleQueue
from typing import Protocol

from livegen.note import MonotonicTime
from livegen.stage.events import Ended, Event, Received, Stop

LONG_AGO = MonotonicTime(0.0)  # to look without waiting


class Inbox(Protocol):
    def now(self) -> MonotonicTime: ...

    def put(self, event: Event) -> None: ...

    def get(self, until: MonotonicTime | None) -> Event | None:
        """The next event, or None when `until` has come first. Without `until` it waits for an event."""


class LiveInbox:
    """Real time. `put` may be called from any thread and from signal handlers: SimpleQueue's is re-entrant."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Event] = SimpleQueue()
        self.put = self._queue.put

    def now(self) -> MonotonicTime:
        return MonotonicTime(time.monotonic())

    def get(self, until: MonotonicTime | None) -> Event | None:
        try:
            return self._queue.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
        except Empty:
            return None


class VirtualInbox:
    """Virtual time, for one thread: it stands still while something happens, and leaps to what happens next.

    Args:
        events: what the player does.
        signals: where a Stop from outside may come in.
    """

    def __init__(self, events: Iterable[Received | Ended], signals: LiveInbox | None = None) -> None:
        self._signals = signals
        self._events: list[tuple[float, int, Event]] = [(event.at, i, event) for i, event in enumerate(events)]
        heapify(self._events)
        self._count = len(self._events)
        self._now = MonotonicTime(0.0)

    def now(self) -> MonotonicTime:
        return self._now

    def put(self, event: Event) -> None:
        """What is put in happens now, after what is already to happen now."""
        heappush(self._events, (self._now, self._count, event))
        self._count += 1

    def get(self, until: MonotonicTime | None) -> Event | None:
        stop = self._signals.get(LONG_AGO) if self._signals is not None else None
        if isinstance(stop, Stop):
            return stop
        if until is not None and (not self._events or self._events[0][0] > until):
            self._now = MonotonicTime(max(self._now, until))
            return None
        if not self._events:
            raise RuntimeError("nothing more can happen")
        at, _, event = heappop(self._events)
        self._now = MonotonicTime(max(self._now, at))
        return event
