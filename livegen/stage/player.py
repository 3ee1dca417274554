"""The reply in time: what is to sound when.

Rules: a note that would start over LATE too late is dropped whole; a note_off is never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from livegen.note import MonotonicTime, SoundedNote
from livegen.stage.events import ReplyNote

LATE = 0.100  # s


@dataclass(frozen=True, slots=True, order=True)
class Stroke:
    """A key to press, or to let go."""

    at: MonotonicTime
    down: bool  # sorts releases before presses of the same moment
    pitch: int
    velocity: int  # that it was or is to be struck with
    end: MonotonicTime


class Player:
    """Plays one reply at a time."""

    def __init__(self) -> None:
        self._due: list[Stroke] = []
        self._sounding: dict[int, Stroke] = {}
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
            at = MonotonicTime(start + note.offset)
            self._due.append(Stroke(at, True, note.pitch, note.velocity, MonotonicTime(at + note.duration)))
        heapify(self._due)

    def due(self, now: MonotonicTime) -> list[Stroke]:
        """The strokes whose time has come, in order."""
        strokes = []
        while self._due and self._due[0].at <= now:
            stroke = heappop(self._due)
            if stroke.down and now - stroke.at > LATE:
                self.dropped += 1
                continue
            strokes.append(stroke)
            if stroke.down:
                self._sounding[stroke.pitch] = stroke
                heappush(self._due, Stroke(stroke.end, False, stroke.pitch, stroke.velocity, stroke.end))
        return strokes

    def ended(self, stroke: Stroke) -> SoundedNote:
        """The note that a release ends, as it sounded."""
        begun = self._sounding.pop(stroke.pitch)
        return SoundedNote(begun.pitch, begun.at, stroke.at - begun.at, begun.velocity)

    def cancel(self, at: MonotonicTime) -> list[SoundedNote]:
        """Forget what is pending. Returns what sounds now, as ending here."""
        cut = [SoundedNote(s.pitch, s.at, max(at - s.at, 0.001), s.velocity) for s in self._sounding.values()]
        self._due.clear()
        self._sounding.clear()
        return cut
