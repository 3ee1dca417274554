"""The reply in time: what is to sound when.

Rules: a note that would start over LATE too late is dropped whole; a note_off is never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush

from livegen.note import INSTANT, MonotonicTime, SoundedNote
from livegen.stage.events import ReplyNote

LATE = 0.100  # s


@dataclass(frozen=True, slots=True)
class Stroke:
    """A key to press, or to let go."""

    at: MonotonicTime
    down: bool  # sorts releases before presses of the same moment
    note: SoundedNote  # that begins or ends

    def __lt__(self, other: Stroke) -> bool:
        return (self.at, self.down, self.note.pitch) < (other.at, other.down, other.note.pitch)


class Player:
    """Plays one reply at a time."""

    def __init__(self) -> None:
        self._due: list[Stroke] = []  # a heap
        self._sounding: list[SoundedNote] = []
        self.dropped = 0
        """Notes of this reply that came too late."""

    @property
    def playing(self) -> bool:
        return bool(self._due)

    @property
    def next_due(self) -> MonotonicTime | None:
        return self._due[0].at if self._due else None

    def play(self, notes: Iterable[ReplyNote], start: MonotonicTime) -> None:
        """Begin a reply at `start`."""
        self.dropped = 0
        for note in notes:
            onset = MonotonicTime(start + note.offset)
            heappush(self._due, Stroke(onset, True, SoundedNote(note.pitch, onset, note.duration, note.velocity)))

    def due(self, now: MonotonicTime) -> list[Stroke]:
        """The strokes whose time has come, in order."""
        strokes = []
        while self._due and self._due[0].at <= now:
            stroke = heappop(self._due)
            note = stroke.note
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
        cut = [SoundedNote(n.pitch, n.onset, max(at - n.onset, INSTANT), n.velocity) for n in self._sounding]
        self._due.clear()
        self._sounding.clear()
        return cut
