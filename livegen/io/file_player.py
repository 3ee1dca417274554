"""Files as the player: a MIDI file, or the built-in demo pieces, as a timeline of what a keyboard would send."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
from mido import Message

from livegen.errors import DataError
from livegen.io.output import releases
from livegen.note import MonotonicTime
from livegen.smf.events import Events, parse, read
from livegen.smf.notes import pair
from livegen.smf.track import PITCH_BEND, PROGRAM, SYSEX
from livegen.stage.events import Ended, Received

ANSWER_AT_MOST = 1.25  # of a call's length, in the demo's pauses
ANSWER_MARGIN = 1.5  # s

NO_NOTES = "there are no notes in it"


@dataclass(frozen=True, slots=True)
class Timeline:
    """What an input will have sent, and when: by time, `Ended` last."""

    events: tuple[Received | Ended, ...]
    path: Path | None = None  # of the file that it was read from
    dropped: tuple[str, ...] = ()  # what of the file could not be read, each in a sentence without its full stop

    @property
    def seconds(self) -> float:
        """From the first event to the end."""
        return self.events[-1].at - self.events[0].at

    def delayed(self, seconds: float) -> Timeline:
        """The same, so much later."""
        return replace(
            self, events=tuple(replace(event, at=MonotonicTime(event.at + seconds)) for event in self.events)
        )


def from_file(path: Path, start: MonotonicTime, port: int = 0) -> Timeline:
    """The player's part is a MIDI file, all its tracks at once.

    Raises:
        DataError: no MIDI file, or one without notes.
    """
    events = read(path)
    phrase = messages(events)
    if not phrase:
        raise DataError(f"{path}: {NO_NOTES}.")
    end = Ended(MonotonicTime(start + phrase[-1].time), port)
    return Timeline((*_placed(phrase, start, port), end), path, events.dropped)


def demo(
    start: MonotonicTime,
    port: int = 0,
    *,
    silence: float = 0.7,
    shortest: float = 1.0,
    longest: float = 8.0,
) -> Timeline:
    """The demo pieces in turn, each with a pause for the answer.

    Args:
        start: when the first note sounds.
        port: which of the inputs this is.
        silence: s after which a call counts as over.
        shortest: s that a response lasts at least.
        longest: s that a response lasts at most.
    """
    events: list[Received | Ended] = []
    at = start
    for piece in sorted(resources.files("livegen.demo").iterdir(), key=lambda piece: piece.name):
        if piece.name.endswith(".mid"):
            phrase = messages(parse(piece.read_bytes()))
            events += _placed(phrase, at, port)
            length = phrase[-1].time
            pause = silence + ANSWER_AT_MOST * min(max(length, shortest), longest) + ANSWER_MARGIN
            at = MonotonicTime(at + length + pause)
    return Timeline((*events, Ended(at, port)))


def _placed(phrase: list[Message], start: MonotonicTime, port: int) -> list[Received]:
    return [Received(m.copy(time=0), MonotonicTime(start + m.time), port) for m in phrase]


def messages(events: Events) -> list[Message]:
    """The messages of a file, each with its absolute `time` in seconds, or none if there are no notes.

    A repeated note is let go before it is struck again, as `livegen.stage.pairing` has it, and what still sounds is
    let go at the end.
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
    """Plays a timeline in real time: hands on each event when its time has come.

    Args:
        timeline: what to play.
        put: takes each event, in this thread.
        claim: gives the calling thread its priority.
    """

    def __init__(
        self,
        timeline: Timeline,
        put: Callable[[Received | Ended], None],
        claim: Callable[[], object] = lambda: None,
    ) -> None:
        self._timeline = timeline
        self._put = put
        self._claim = claim
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Hand on nothing more. A second call does nothing."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._claim()
        for event in self._timeline.events:
            if self._stopping.wait(max(0.0, event.at - time.monotonic())):
                return
            self._put(event)
