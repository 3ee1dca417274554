"""Plays files in place of a keyboard: a MIDI file, or the built-in demo pieces, as a timeline of messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mido import Message

from livegen.errors import DataError
from livegen.note import MonotonicTime
from livegen.smf.events import Events, parse, read
from livegen.smf.notes import pair
from livegen.smf.track import PITCH_BEND, PROGRAM, SYSEX
from livegen.smf.writing import releases
from livegen.stage.events import InputClosed, InputOpened, PortId, Received

LONGEST_RESPONSE = 1.25  # times the length of the call: how long the demo pauses
MARGIN = 1.5  # s

NO_NOTES = "the file has no notes"


class Timeline(NamedTuple):
    """The events of an input, by time. The last one is `InputClosed`."""

    events: tuple[Received | InputClosed, ...]
    port: PortId  # the identity of this input
    path: Path | None = None  # the file
    dropped: tuple[str, ...] = ()  # what could not be read, each as a sentence without a full stop

    @property
    def seconds(self) -> float:
        """The time from the first event to the last."""
        return self.events[-1].at - self.events[0].at

    def delayed(self, seconds: float) -> Timeline:
        """The same timeline, `seconds` later."""
        return self._replace(
            events=tuple(event._replace(at=MonotonicTime(event.at + seconds)) for event in self.events)
        )


def from_file(path: Path, start: MonotonicTime, port: PortId) -> Timeline:
    """Read a MIDI file, with all its tracks, as the player's part.

    Raises:
        DataError: it is not a MIDI file, or has no notes.
    """
    events = read(path)
    phrase = messages(events)
    if not phrase:
        raise DataError(f"{path}: {NO_NOTES}.")
    end = InputClosed(port, MonotonicTime(start + phrase[-1].time))
    return Timeline((*_placed(phrase, start, port), end), port, path, events.dropped)


def demo(
    start: MonotonicTime,
    port: PortId,
    *,
    silence: float,
    shortest: float,
    longest: float,
) -> Timeline:
    """The demo pieces one after another, each followed by a pause for the response.

    Args:
        start: the time of the first note.
        port: the identity of this input.
        silence: s of silence that end a call.
        shortest: s, the shortest response.
        longest: s, the longest response.
    """
    events: list[Received | InputClosed] = []
    at = start
    for piece in sorted(resources.files("livegen.demo").iterdir(), key=lambda piece: piece.name):
        if piece.name.endswith(".mid"):
            phrase = messages(parse(piece.read_bytes()))
            events += _placed(phrase, at, port)
            length = phrase[-1].time
            pause = silence + LONGEST_RESPONSE * min(max(length, shortest), longest) + MARGIN
            at = MonotonicTime(at + length + pause)
    return Timeline((*events, InputClosed(port, at)), port)


def _placed(phrase: list[Message], start: MonotonicTime, port: PortId) -> list[Received]:
    return [Received(m.copy(time=0), MonotonicTime(start + m.time), port) for m in phrase]


def messages(events: Events) -> list[Message]:
    """The messages of a file, each with its absolute `time` in seconds. Empty if the file has no notes.

    A repeated note is released before it is struck again, as in `livegen.stage.pairing`. Notes that still sound are
    released at the end.
    """
    pairs = pair(events)
    if not len(pairs.on):
        return []
    seconds, place = events.seconds.copy(), np.arange(len(events.seconds), dtype=np.float64)
    seconds[pairs.late], place[pairs.late] = seconds[pairs.before], pairs.before - 0.5
    columns = (seconds, events.status, events.data1, events.data2)
    made = [
        _message(at, status, data1, data2, events.sysex.get(row, b""))
        for row, (at, status, data1, data2) in enumerate(zip(*(column.tolist() for column in columns), strict=True))
    ]
    found = [made[row] for row in np.argsort(place, kind="stable").tolist()]
    end = max(found[-1].time, float(pairs.end.max()))
    return found + [message.copy(time=end) for message in releases(found)]


def _message(at: float, status: int, data1: int, data2: int, sysex: bytes) -> Message:
    if status == SYSEX:
        return Message("sysex", data=sysex, time=at)
    return Message.from_bytes([status, data1] if PROGRAM <= status < PITCH_BEND else [status, data1, data2], time=at)


class FilePlayer:
    """Plays a timeline in real time, in a separate thread.

    Args:
        timeline: what to play.
        put: called in that thread with each event when it is due.
        claim: called in that thread first, to set its priority.
        name: to show.
    """

    def __init__(
        self,
        timeline: Timeline,
        put: Callable[[Received | InputClosed], None],
        claim: Callable[[], object] = lambda: None,
        *,
        name: str = "",
    ) -> None:
        self.timeline = timeline
        self.port = timeline.port
        self.name = name
        self.attached = True
        """Whether there is something left to play."""
        self._put = put
        self._claim = claim
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="livegen-file", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop playing. A second call does nothing."""
        self._stopping.set()
        self.attached = False
        if self._thread.is_alive():
            self._thread.join()

    close = stop

    def opened(self) -> InputOpened:
        """The event that adds it to the stage."""
        return InputOpened(self.port, live=False)

    def closed(self, at: MonotonicTime) -> InputClosed:
        """The event that removes it from the stage."""
        return InputClosed(self.port, at)

    def _run(self) -> None:
        self._claim()
        for event in self.timeline.events:
            if self._stopping.wait(max(0.0, event.at - time.monotonic())):
                return
            self._put(event)
        self.attached = False
