"""What a player has played, as the cache reads it: passages, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from livegen.encoding import SIZES, VARIABLES, Token, context
from livegen.note import SoundedNote, to_notes

MOST = 20_000
"""Notes that are remembered, at most: some hours of playing."""
MOST_READ = 3 * MOST
"""Notes of all passages, with those that are only read."""
LONGEST = 2_000
"""Notes of a call, at most: its end is remembered."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Notes that were played in a row. The first ones are only read; those from `first` on are remembered."""

    tokens: tuple[Token, ...]
    first: int  # 1 or more

    def __len__(self) -> int:
        """Number of notes to remember."""
        return len(self.tokens) - self.first

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"kind": "passage", "first": self.first, "tokens": self.tokens}

    @classmethod
    def of_plain(cls, entry: Mapping[str, Any]) -> Passage:
        """From what `plain` gave.

        Raises:
            ValueError: it is not valid.
        """
        match entry:
            case {"kind": "passage", "first": int(first), "tokens": list(rows)} if 0 < first < len(rows) <= 2 * LONGEST:
                return cls(tuple(_token(row, begins=place == 0) for place, row in enumerate(rows)), first)
        raise ValueError("not a passage")


def _token(row: object, *, begins: bool) -> Token:
    if not isinstance(row, list) or len(row) != len(VARIABLES) or any(type(category) is not int for category in row):
        raise ValueError("not a note")
    step, pitch, velocity, duration, pedal = row
    limits = (SIZES["step"] + begins, *(SIZES[name] for name in VARIABLES[1:]))  # START is one more
    if not all(0 <= category < limit for category, limit in zip(row, limits, strict=True)):
        raise ValueError("a category of a note is out of range")
    return step, pitch, velocity, duration, pedal


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was heard, and the notes before it. It becomes a passage where there is time for it."""

    before: tuple[SoundedNote, ...]
    notes: tuple[SoundedNote, ...]  # at least two

    def __len__(self) -> int:
        """Number of notes to remember. How long a player waits before a call is not music: its first is only read."""
        return len(self.notes) - 1

    def passage(self) -> Passage:
        return Passage(tuple(context(to_notes([*self.before, *self.notes]))), len(self.before) + 1)


class Passages:
    """The last passages, with MOST notes to remember at most."""

    def __init__(self, passages: Iterable[Passage | Call] = ()) -> None:
        self._passages: deque[Passage | Call] = deque()
        self._count = self._read = 0
        for each in passages:
            self.add(each)

    def __len__(self) -> int:
        """Number of notes to remember."""
        return self._count

    def __iter__(self) -> Iterator[Passage | Call]:
        return iter(self._passages)

    def add(self, passage: Passage | Call) -> None:
        """Add a passage, and let go of the oldest ones that are too many."""
        self._passages.append(passage)
        self._count += len(passage)
        self._read += _notes(passage)
        while self._count > MOST or self._read > MOST_READ:
            oldest = self._passages.popleft()
            self._count -= len(oldest)
            self._read -= _notes(oldest)

    def clear(self) -> None:
        self._passages.clear()
        self._count = self._read = 0


def _notes(passage: Passage | Call) -> int:
    return len(passage.tokens) if isinstance(passage, Passage) else len(passage.before) + len(passage.notes)
