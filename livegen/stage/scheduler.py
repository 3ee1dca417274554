"""Schedules the notes and pedal moves of a response.

Rule: a note that would start more than LATE too late is dropped. Note_offs and pedal moves are never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from livegen.note import MonotonicTime, Struck
from livegen.stage.events import ResponseNote

LATE = 0.100  # s


@dataclass(frozen=True, slots=True)
class Stroke:
    """A key goes down or up. Without a note: the sustain pedal goes down or up."""

    at: MonotonicTime
    down: bool
    note: Struck | None = None  # the note that begins or ends
    end: MonotonicTime | None = None  # of a note that begins

    def __lt__(self, other: Stroke) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[float, int, int]:
        """At the same time: first note_offs, then the pedal, then note_ons."""
        if self.note is None:
            return self.at, 1, self.down
        return self.at, 2 if self.down else 0, self.note.pitch


def scheduled(notes: Iterable[ResponseNote], start: MonotonicTime) -> list[Stroke]:
    """A response that begins at `start`, in order, without the note_offs.

    For hundreds of notes this takes milliseconds: call it before the first note is due.
    """
    made: list[Stroke] = []
    down = False
    for i, note in enumerate(notes):
        onset, pedal = MonotonicTime(start + note.offset), note.pedal
        end = MonotonicTime(onset + note.duration)
        made.append(Stroke(onset, True, Struck(note.pitch, onset, note.velocity, pedal), end))
        moves = [(onset - pedal.pressed, True), (onset - pedal.lifted, False)] if i else []
        for at, wanted in (*sorted(moves), (onset, pedal.down)):  # the pedal does not move before the response begins
            if wanted != down and at >= start:
                made.append(Stroke(MonotonicTime(at), wanted))
                down = wanted
    return sorted(made)


class Scheduler:
    """Plays one response at a time."""

    def __init__(self) -> None:
        self._due: list[Stroke] = []  # a heap
        self._sounding: list[Struck] = []
        self.played = 0
        """Number of notes of this response that began."""
        self.dropped = 0
        """Number of notes of this response that were dropped."""

    @property
    def playing(self) -> bool:
        return bool(self._due)

    @property
    def next_due(self) -> MonotonicTime | None:
        return self._due[0].at if self._due else None

    def play(self, strokes: Sequence[Stroke]) -> None:
        """Begin a response. The strokes are in order, as `scheduled` gives them."""
        self.played = self.dropped = 0
        self._due = list(strokes)  # a sorted list is a heap

    def due(self, now: MonotonicTime) -> list[Stroke]:
        """The strokes whose time has come, in order."""
        strokes = []
        while self._due and self._due[0].at <= now:
            stroke = heappop(self._due)
            if stroke.note is not None and not self._takes(stroke, stroke.note, now):
                continue
            strokes.append(stroke)
        return strokes

    def _takes(self, stroke: Stroke, note: Struck, now: MonotonicTime) -> bool:
        if not stroke.down:
            self._sounding.remove(note)
        elif now - stroke.at > LATE:
            self.dropped += 1
            return False
        else:
            self.played += 1
            self._sounding.append(note)
            assert stroke.end is not None  # a note_on has its end
            heappush(self._due, Stroke(stroke.end, False, note))
        return True

    def cancel(self) -> list[Struck]:
        """Drop all pending strokes. Returns the sounding notes."""
        sounding = list(self._sounding)
        self._due.clear()
        self._sounding.clear()
        return sounding
