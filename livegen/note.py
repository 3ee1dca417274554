"""Notes, and the window of the most recent notes.

Pure: no clock, no I/O, only the standard library.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, NewType

MonotonicTime = NewType("MonotonicTime", float)
"""Absolute time in seconds, as returned by `time.monotonic`."""

INSTANT = 0.001
"""s: the duration of a note that ends at its onset."""

WINDOW = 25
"""Number of notes of context, as in the TensorFlow tutorial that livegen comes from."""


class Pedal(NamedTuple):
    """The sustain pedal at the onset of a note: its position, and how long ago it was last pressed and lifted."""

    down: bool = False
    pressed: float = inf  # s ago, >= 0
    lifted: float = inf  # s ago, >= 0


PEDAL_UP = Pedal()


@dataclass(frozen=True, slots=True)
class Note:
    """A note as the model reads it: the three variables of the tutorial, the velocity and the pedal.

    Raises:
        ValueError: a field is outside its range.
    """

    pitch: int  # 0..127, MIDI note number
    step: float  # s since the previous onset, >= 0
    duration: float  # s, > 0, until the key is released, without the pedal
    velocity: int  # 1..127
    pedal: Pedal = PEDAL_UP

    def __post_init__(self) -> None:
        if not 0 <= self.pitch <= 127:
            raise ValueError(f"pitch must be 0..127, not {self.pitch}")
        if not self.step >= 0:
            raise ValueError(f"step must be at least 0 s, not {self.step}")
        if not self.duration > 0:
            raise ValueError(f"duration must be above 0 s, not {self.duration}")
        if not 1 <= self.velocity <= 127:
            raise ValueError(f"velocity must be 1..127, not {self.velocity}")


class Struck(NamedTuple):
    """A note that has begun, in absolute time. Its end is unknown."""

    pitch: int  # 0..127
    onset: MonotonicTime
    velocity: int  # 1..127
    pedal: Pedal = PEDAL_UP

    def ended(self, at: float) -> SoundedNote:
        """The note, if it ends at this time. It lasts at least INSTANT."""
        return SoundedNote(self.pitch, self.onset, max(at - self.onset, INSTANT), self.velocity, self.pedal)


class SoundedNote(NamedTuple):
    """A note in absolute time, heard or played."""

    pitch: int  # 0..127
    onset: MonotonicTime
    duration: float  # s, > 0, until the key is released
    velocity: int  # 1..127
    pedal: Pedal = PEDAL_UP

    @property
    def end(self) -> MonotonicTime:
        return MonotonicTime(self.onset + self.duration)

    @property
    def order(self) -> tuple[float, int]:
        """The sort key of notes everywhere: onset, then pitch."""
        return self.onset, self.pitch


def to_notes(sounded: Iterable[SoundedNote]) -> tuple[Note, ...]:
    """Sort notes by (onset, pitch), and compute their steps. The first step is 0."""
    notes: list[Note] = []
    previous: float | None = None
    for note in sorted(sounded, key=lambda n: n.order):
        step = 0.0 if previous is None else note.onset - previous
        notes.append(Note(note.pitch, step, note.duration, note.velocity, note.pedal))
        previous = note.onset
    return tuple(notes)


@dataclass(slots=True)
class _Entry:
    struck: Struck
    end: float | None = None  # None while the key is down

    @property
    def order(self) -> tuple[float, int]:
        return self.struck.onset, self.struck.pitch


class NoteWindow:
    """The most recent notes, by (onset, pitch). A note is added at its onset, and its end later.

    Args:
        size: maximum number of notes; None: no limit.
    """

    def __init__(self, size: int | None = WINDOW) -> None:
        self._entries: list[_Entry] = []
        self._sounding: dict[int, _Entry] = {}  # by the identity of what was struck
        self.resize(size)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def last_onset(self) -> MonotonicTime | None:
        return self._entries[-1].struck.onset if self._entries else None

    def resize(self, size: int | None) -> None:
        """Change the maximum number of notes.

        Raises:
            ValueError: `size` is less than 1.
        """
        if size is not None and size < 1:
            raise ValueError(f"a window holds at least 1 note, not {size}")
        self._size = size
        self._trim()

    def begin(self, struck: Struck) -> None:
        """Add a note that begins."""
        entry = self._sounding[id(struck)] = _Entry(struck)
        insort(self._entries, entry, key=lambda entry: entry.order)
        self._trim()

    def end(self, struck: Struck, at: float) -> None:
        """Set the end of a note. If the window no longer has the note, do nothing."""
        entry = self._sounding.pop(id(struck), None)
        if entry is not None:
            entry.end = at

    def clear(self) -> None:
        self._entries.clear()
        self._sounding.clear()

    def sounded(self, now: float) -> tuple[SoundedNote, ...]:
        """All notes. A note without an end lasts until `now`."""
        return tuple(entry.struck.ended(now if entry.end is None else entry.end) for entry in self._entries)

    def notes(self, now: float) -> tuple[Note, ...]:
        """All notes, as the model reads them."""
        return to_notes(self.sounded(now))

    def _trim(self) -> None:
        if self._size is not None:
            del self._entries[: -self._size]
