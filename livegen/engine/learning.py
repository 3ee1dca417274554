"""Learns what was played, a note at a time, so that it can stop and go on after any note."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from queue import SimpleQueue

from livegen.engine.cache import Cache
from livegen.engine.passages import Call, Passage


class Forget(Enum):
    """Forget everything that was played."""

    ALL = auto()


class Learning:
    """What a cache still has to learn.

    Args:
        cache: None: nothing is learnt.
    """

    def __init__(self, cache: Cache | None) -> None:
        self._cache = cache
        self._coming: SimpleQueue[Passage | Call | Forget] = SimpleQueue()
        self._waiting: deque[Passage | Call] = deque()
        self._notes: Iterator[None] = iter(())  # of the passage that is being learnt

    def put(self, item: Passage | Call | Forget) -> None:
        """Learn a passage later, or forget everything before the next note is sampled. Any thread may call it."""
        self._coming.put(item)

    def settle(self) -> None:
        """Take in what was put."""
        while not self._coming.empty():
            item = self._coming.get()
            if self._cache is None:
                continue
            if isinstance(item, Forget):
                self._cache.forget()
                self._waiting.clear()
                self._notes = iter(())
            else:
                self._waiting.append(item)

    def step(self) -> bool:
        """Read one note. Returns False if there is nothing left to learn."""
        self.settle()
        while True:
            for _ in self._notes:
                return True
            if self._cache is None or not self._waiting:
                return False
            item = self._waiting.popleft()
            self._notes = self._cache.learn(item if isinstance(item, Passage) else item.passage())

    def finish(self) -> None:
        """Learn everything now."""
        while self.step():
            pass
