"""A note, and the rolling window of the notes that sounded last.

Pure: no clock, no I/O, nothing beyond the standard library.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import NewType

MonotonicTime = NewType("MonotonicTime", float)
"""Absolute seconds of this process, as `time.monotonic` gives them."""

INSTANT = 0.001
"""s: how long a note lasted that ended in the moment it began."""

WINDOW = 25
"""Notes of context, as in the TensorFlow tutorial that livegen comes from."""


@dataclass(frozen=True, slots=True)
class Pedal:
    """The sustain pedal as a key goes down: where it is, and how long ago it last moved each way."""

    down: bool = False
    pressed: float = inf  # s ago, >= 0
    lifted: float = inf  # s ago, >= 0


PEDAL_UP = Pedal()


@dataclass(frozen=True, slots=True)
class Note:
    """One note as the model sees it: the tutorial's three variables, its loudness, and the pedal.

    Raises:
        ValueError: a field is outside its range.
    """

    pitch: int  # 0..127, MIDI note number
    step: float  # s since the previous onset, >= 0
    duration: float  # s, > 0, of the key, never extended by the pedal
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


@dataclass(frozen=True, slots=True)
class SoundedNote:
    """A note in absolute time: what was heard or played."""

    pitch: int  # 0..127
    onset: MonotonicTime
    duration: float  # s, > 0
    velocity: int  # 1..127
    pedal: Pedal = PEDAL_UP

    @property
    def end(self) -> MonotonicTime:
        return MonotonicTime(self.onset + self.duration)

    @property
    def order(self) -> tuple[float, int]:
        """What notes are sorted by, here and in training: onset, then pitch."""
        return self.onset, self.pitch


def to_notes(sounded: Iterable[SoundedNote]) -> tuple[Note, ...]:
    """Turn onsets into steps, in order of (onset, pitch). The first note's step is 0."""
    notes: list[Note] = []
    previous: float | None = None
    for note in sorted(sounded, key=lambda n: n.order):
        step = 0.0 if previous is None else note.onset - previous
        notes.append(Note(note.pitch, step, note.duration, note.velocity, note.pedal))
        previous = note.onset
    return tuple(notes)


class NoteWindow:
    """The last `size` notes of a conversation, in order of (onset, pitch), however late each is known."""

    def __init__(self, size: int = WINDOW) -> None:
        if size < 1:
            raise ValueError(f"a window holds at least 1 note, not {size}")
        self._size = size
        self._notes: list[SoundedNote] = []

    def __len__(self) -> int:
        return len(self._notes)

    @property
    def last_onset(self) -> MonotonicTime | None:
        return self._notes[-1].onset if self._notes else None

    def add(self, note: SoundedNote) -> None:
        insort(self._notes, note, key=lambda n: n.order)
        del self._notes[: -self._size]

    def notes(self) -> tuple[Note, ...]:
        """The window as the model reads it."""
        return to_notes(self._notes)
