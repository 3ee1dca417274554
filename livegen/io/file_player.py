"""Files as the player: a MIDI file, or the built-in demo pieces, as a timeline of what a keyboard would send."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import IO

from mido import KeySignatureError, Message, MidiFile

from livegen.errors import NO_MIDI_FILE, DataError, unreadable
from livegen.io.output import releases
from livegen.note import MonotonicTime
from livegen.stage.events import Ended, Received

ANSWER_AT_MOST = 1.25  # of a call's length, in the demo's pauses
ANSWER_MARGIN = 1.5  # s

ASYNCHRONOUS = 2  # type of a MIDI file
FOREIGN = (OSError, EOFError, LookupError, TypeError, struct.error, KeySignatureError)
"""What mido raises for a damaged file, besides ValueError."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What an input will have sent, and when: by time, `Ended` last."""

    events: tuple[Received | Ended, ...]
    path: Path | None = None  # of the file that it was read from

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
    try:
        phrase = _read(BytesIO(path.read_bytes()))  # a pipe can only be read in a row
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise DataError(f"{path}: {error}.") from error
    return Timeline((*_placed(phrase, start, port), Ended(MonotonicTime(start + phrase[-1].time), port)), path)


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
            with piece.open("rb") as file:
                phrase = _read(file)
            events += _placed(phrase, at, port)
            length = phrase[-1].time
            pause = silence + ANSWER_AT_MOST * min(max(length, shortest), longest) + ANSWER_MARGIN
            at = MonotonicTime(at + length + pause)
    return Timeline((*events, Ended(at, port)))


def _placed(phrase: list[Message], start: MonotonicTime, port: int) -> list[Received]:
    return [Received(m.copy(time=0), MonotonicTime(start + m.time), port) for m in phrase]


def _read(file: IO[bytes]) -> list[Message]:
    """All messages but meta, each with its absolute `time` in seconds; what still sounds is ended at the end.

    Raises:
        ValueError: not a MIDI file, or without notes.
    """
    try:
        midi = MidiFile(file=file)
        messages, now = [], 0.0
        for message in midi if midi.type != ASYNCHRONOUS and midi.ticks_per_beat > 0 else ():
            now += message.time  # s
            if not message.is_meta:
                messages.append(message.copy(time=now))
    except FOREIGN as error:
        raise ValueError(NO_MIDI_FILE) from error
    if midi.type == ASYNCHRONOUS:
        raise ValueError("it is of type 2, patterns that have no order: save it as type 0 or 1")
    if midi.ticks_per_beat <= 0:
        raise ValueError("its times are not counted in beats")
    if not any(message.type == "note_on" and message.velocity > 0 for message in messages):
        raise ValueError("there are no notes in it")
    return messages + [message.copy(time=messages[-1].time) for message in releases(messages)]


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
