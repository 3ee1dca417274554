"""Turns the entries of a journal into a MIDI file as they come.

Format 1: first a track with the tempo, and with the settings and what happened as text, then a track for each input,
then one for the responses. The first event of the file is a text with what `livegen recordings` lists.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from livegen.io.backlog import Sorter
from livegen.io.recorder import BEAT, HORIZON, TICKS_PER_BEAT, TICKS_PER_SECOND
from livegen.record.journal import Entry
from livegen.smf.events import LONGEST
from livegen.smf.writing import (
    CONTROL_CHANGE,
    MARKER,
    NOTE_OFF,
    NOTE_ON,
    SET_TEMPO,
    TEXT,
    Sounding,
    TrackWriter,
    is_message,
    save,
)
from livegen.stage.events import Part
from livegen.stage.pairing import DRUMS

MARK = "livegen recording "
"""The beginning of the text that recognises a recording; a JSON object follows."""

CHANNELS = 16
MOST_INPUTS = 256
UNKNOWN = (KeyError, TypeError, ValueError, OverflowError, AttributeError)
"""What an entry of another version, or one that no livegen has written, raises."""
_PORTS = ("port", "port gone", "port failed")
_AS_TEXT = (*_PORTS, "call ended", "response", "response ended", "no response", "panic", "clock", "lost")


@dataclass(slots=True)
class Summary:
    """What `livegen recordings` lists of a recording."""

    start: float  # s since 1970, of its first message
    seconds: float = 0.0  # to its last message
    notes: dict[str, int] = field(default_factory=lambda: dict.fromkeys((part.value for part in Part), 0))  # by part
    kept: bool = False  # whether it was marked while it was played

    @property
    def mark(self) -> str:
        start = datetime.fromtimestamp(self.start).astimezone().isoformat(timespec="seconds")
        return MARK + json.dumps({"version": 1, "start": start, "seconds": self.seconds, "notes": self.notes})


class RecordingWriter:
    """Collects a recording.

    Args:
        folder: for temporary files.
    """

    def __init__(self, folder: Path) -> None:
        self.summary = Summary(0.0)
        self._folder = folder
        self._sorter: Sorter[Entry] = Sorter(HORIZON)
        self._first: float | None = None
        self._happened = TrackWriter("", folder)
        self._inputs: dict[str, tuple[TrackWriter, Sounding]] = {}
        self._response = TrackWriter(Part.RESPONSE.value, folder)
        self._answering = Sounding()
        self._used: set[int] = set()  # the player's channels
        self._channel: int | None = None  # of the responses
        self._settings: dict[str, Any] = {}
        self._last = 0  # tick

    def add(self, entry: Entry) -> None:
        """The next entry of the journal. One that this version does not know is left out.

        Raises:
            OSError: the disk is full.
        """
        with suppress(*UNKNOWN):
            for each in self._sorter.add(float(entry["at"]), entry):
                self._place(each)

    def save(self, file: BinaryIO) -> None:
        """Write the MIDI file. Notes that still sound are released at the end. Nothing can be added afterwards.

        Raises:
            OSError: the disk is full.
        """
        for entry in self._sorter.rest():
            with suppress(*UNKNOWN):
                self._place(entry)
        parts = [*self._inputs.values(), (self._response, self._answering)]
        for track, sounding in parts:
            _release(track, sounding, self._last)
        self.summary.seconds = round(self._last / TICKS_PER_SECOND, 3)
        head = TrackWriter("livegen", self._folder)
        try:
            head.meta(TEXT, self.summary.mark.encode(), 0)
            head.meta(SET_TEMPO, BEAT, 0)
            head.append(self._happened)
            save([head, *(track for track, _ in parts)], TICKS_PER_BEAT, file)
        finally:
            head.close()

    def close(self) -> None:
        for track in (self._happened, self._response, *(track for track, _ in self._inputs.values())):
            track.close()

    def _place(self, entry: Entry) -> None:
        kind, at = entry["kind"], float(entry["at"])
        if kind == "start":
            datetime.fromtimestamp(wall := float(entry["wall"])).astimezone()  # or it is no time
            self._first, self.summary.start = at, wall
        if not abs(at - (at if self._first is None else self._first)) <= LONGEST:  # damaged: it would fill the disk
            raise ValueError(f"no time of a recording: {at}")
        self._first = at if self._first is None else self._first
        tick = max(0, round((at - self._first) * TICKS_PER_SECOND))
        match kind:
            case "in" if "ignored" not in entry:
                self._hear(str(entry["port"]), bytes.fromhex(entry["midi"]), tick)
            case "note":
                self._play(NOTE_ON, int(entry["pitch"]), int(entry["velocity"]), tick)
            case "end":
                self._play(NOTE_OFF, int(entry["pitch"]), 64, tick)
            case "pedal":
                self._play(CONTROL_CHANGE, int(entry["control"]), 127 if entry["down"] else 0, tick)
            case _:
                self._tell(kind, entry, tick)

    def _tell(self, kind: str, entry: Entry, tick: int) -> None:
        """What is not music becomes text."""
        if kind == "settings":
            self._set(entry["settings"], tick)
        elif kind == "keep":
            self.summary.kept = True
            self._happened.meta(MARKER, b"keep", tick)
        elif kind in _AS_TEXT:
            details = " ".join(f"{name}={value}" for name, value in entry.items() if name not in ("kind", "at"))
            self._happened.meta(TEXT, f"{kind} {details}".rstrip().encode("utf-8", "replace"), tick)
        if kind == "port gone" and entry["direction"] == "in" and entry["port"] in self._inputs:
            _release(*self._inputs[entry["port"]], tick)
        if kind == "response ended":
            for message in self._answering.releases():
                if message.type == "control_change":
                    self._play(CONTROL_CHANGE, message.control, 0, tick)

    def _hear(self, port: str, data: bytes, tick: int) -> None:
        _check(data)
        if port not in self._inputs:
            if len(self._inputs) == MOST_INPUTS:
                raise ValueError("too many inputs")
            name = f"{port} (input)" if port == Part.RESPONSE.value else port  # training leaves out the responses
            self._inputs[port] = TrackWriter(name, self._folder), Sounding()
        track, sounding = self._inputs[port]
        if data[0] < 0xF0:
            self._used.add(data[0] & 0x0F)
            sounding.add(data[0], data[1], data[-1])
            self.summary.notes[Part.CALL.value] += data[0] & 0xF0 == NOTE_ON and data[2] > 0
        track.add(data, tick)
        self._last = max(self._last, tick)

    def _play(self, kind: int, number: int, value: int, tick: int) -> None:
        if self._channel is None:
            free = (each for each in range(1, CHANNELS) if each not in self._used and each != DRUMS)
            self._channel = next(free, 1)
        data = bytes([kind + self._channel, number, value])
        _check(data)
        self.summary.notes[Part.RESPONSE.value] += kind == NOTE_ON
        self._answering.add(*data)
        self._response.add(data, tick)
        self._last = max(self._last, tick)

    def _set(self, settings: dict[str, Any], tick: int) -> None:
        """The settings as lines of a settings file: first all, then those that change."""
        lines = [
            f"{name} = {json.dumps(value, ensure_ascii=False)}"
            for name, value in settings.items()
            if value is not None and (name not in self._settings or self._settings[name] != value)
        ]
        self._settings = settings
        if lines:
            self._happened.meta(TEXT, "\n".join(lines).encode("utf-8", "replace"), tick)


def _check(data: bytes) -> None:
    """Raises ValueError: these bytes are not a message, and nothing after them could be read in a file."""
    if not is_message(data):
        raise ValueError(f"not a message: {data.hex(' ')}")


def _release(track: TrackWriter, sounding: Sounding, tick: int) -> None:
    """End what sounds on a track."""
    for message in sounding.releases():
        data = bytes(message.bytes())
        sounding.add(*data)
        track.add(data, tick)


def summary(file: Path) -> Summary | None:
    """Read the mark of a MIDI file, or None if it has none.

    Raises:
        OSError: the file cannot be read.
    """
    with file.open("rb") as midi:
        begin = midi.read(4096)
    at = begin.find(MARK.encode())
    try:
        found, _ = json.JSONDecoder().raw_decode(begin[at + len(MARK) :].decode("utf-8", "replace"))
        notes = {part.value: int(found["notes"][part.value]) for part in Part}
        return Summary(datetime.fromisoformat(found["start"]).timestamp(), float(found["seconds"]), notes)
    except (*UNKNOWN, RecursionError):
        return None
