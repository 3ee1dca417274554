"""What stands between the music and a thread that writes: a queue, and an order by time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Backlog(Generic[T]):
    """A queue for one thread that writes. `put` never waits, whatever that thread waits for.

    Args:
        most: how many items may wait; more are lost, and counted. None: no limit.
    """

    def __init__(self, most: int | None = None) -> None:
        self._queue: SimpleQueue[T | None] = SimpleQueue()
        self._most = most
        self._closing = threading.Event()
        self._ended = False
        self.lost = 0
        """Number of items that were lost."""

    def put(self, item: T) -> None:
        if self._most is not None and self._queue.qsize() >= self._most:
            self.lost += 1
        else:
            self._queue.put(item)

    def close(self) -> None:
        """Nothing more comes. `take` gives the rest, then None."""
        self._closing.set()
        self._queue.put(None)

    def take(self, timeout: float | None = None, gather: float = 0.0) -> list[T] | None:
        """Wait for an item, then for more: few long turns disturb the music less than many short ones.

        Args:
            timeout: s to wait for the first item; None: for ever.
            gather: s to wait for more, unless the backlog is closed.

        Returns:
            All items that wait, none after the timeout, or None if the backlog is closed and empty.
        """
        if self._ended:
            return None
        items: list[T] = []
        try:
            item = self._queue.get(timeout=timeout)
            if item is not None:
                self._closing.wait(gather)
            while item is not None:
                items.append(item)
                item = self._queue.get_nowait()
            self._ended = True
        except Empty:
            return items
        return items or None


class Sorter(Generic[T]):
    """Puts items in order of their times, as far as they are not too late.

    Args:
        horizon: s; an item waits until another is so much younger.
    """

    def __init__(self, horizon: float) -> None:
        self._horizon = horizon
        self._waiting: list[tuple[float, int, T]] = []
        self._numbers = count()
        self._newest = float("-inf")

    def add(self, at: float, item: T) -> Iterator[T]:
        """Add an item. Gives those that need not wait any longer, in order."""
        heappush(self._waiting, (at, next(self._numbers), item))
        self._newest = max(self._newest, at)
        while self._waiting and self._waiting[0][0] <= self._newest - self._horizon:
            yield heappop(self._waiting)[2]

    def rest(self) -> Iterator[T]:
        """The items that still wait, in order."""
        while self._waiting:
            yield heappop(self._waiting)[2]
