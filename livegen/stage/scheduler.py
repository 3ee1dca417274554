"""The response in time: what is to sound when.

Rules: a note that would start over LATE too late is dropped whole; a note_off and a pedal's move never are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from livegen.note import INSTANT, MonotonicTime, SoundedNote
from livegen.stage.events import ResponseNote

LATE = 0.100  # s


@dataclass(frozen=True, slots=True)
class Stroke:
    """A key to press or to let go, or where there is no note, the sustain pedal."""

    at: MonotonicTime
    down: bool
    note: SoundedNote | None = None  # that begins or ends

    def __lt__(self, other: Stroke) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[float, int, int]:
        """Of the same moment: releases, the pedal, presses."""
        if self.note is None:
            return self.at, 1, self.down
        return self.at, 2 if self.down else 0, self.note.pitch


def scheduled(notes: Iterable[ResponseNote], start: MonotonicTime) -> list[Stroke]:
    """A response that begins at `start`, in order.

    For hundreds of notes it takes milliseconds: to be made before the first is due.
    """
    made: list[Stroke] = []
    down = False
    for i, note in enumerate(notes):
        onset, pedal = MonotonicTime(start + note.offset), note.pedal
        made.append(Stroke(onset, True, SoundedNote(note.pitch, onset, note.duration, note.velocity, pedal)))
        moves = [(onset - pedal.pressed, True), (onset - pedal.lifted, False)] if i else []
        for at, wanted in (*sorted(moves), (onset, pedal.down)):  # nothing moves before the response begins
            if wanted != down and at >= start:
                made.append(Stroke(MonotonicTime(at), wanted))
                down = wanted
    return sorted(made)


class Player:
    """Plays one response at a time."""

    def __init__(self) -> None:
        self._due: list[Stroke] = []  # a heap
        self._sounding: list[SoundedNote] = []
        self.dropped = 0
        """Notes of this response that came too late."""

    @property
    def playing(self) -> bool:
        return bool(self._due)

    @property
    def next_due(self) -> MonotonicTime | None:
        return self._due[0].at if self._due else None

    def play(self, strokes: Sequence[Stroke]) -> None:
        """Begin a response. In order, as `scheduled` gives them."""
        self.dropped = 0
        self._due = list(strokes)  # what is in order is a heap

    def due(self, now: MonotonicTime) -> list[Stroke]:
        """The strokes whose time has come, in order."""
        strokes = []
        while self._due and self._due[0].at <= now:
            stroke = heappop(self._due)
            note = stroke.note
            if note is None:
                strokes.append(stroke)
                continue
            if stroke.down and now - stroke.at > LATE:
                self.dropped += 1
                continue
            strokes.append(stroke)
            if stroke.down:
                self._sounding.append(note)
                heappush(self._due, Stroke(note.end, False, note))
            else:
                self._sounding.remove(note)
        return strokes

    def cancel(self, at: MonotonicTime) -> list[SoundedNote]:
        """Forget what is pending. Returns what sounds now, as ending here."""
        cut = [replace(note, duration=max(at - note.onset, INSTANT)) for note in self._sounding]
        self._due.clear()
        self._sounding.clear()
        return cut
