"""Writes a Standard MIDI File while its messages arrive: memory stays flat, and the end takes no time."""

from __future__ import annotations

import shutil
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from livegen.stage.pedals import HOLDING

if TYPE_CHECKING:
    from mido import Message

IN_MEMORY = 1 << 20  # bytes of a track; a longer one goes to a temporary file
LONGEST = 2**28 - 1  # ticks between two events of a file
TEXT, TRACK_NAME, MARKER, END_OF_TRACK, SET_TEMPO = 0x01, 0x03, 0x06, 0x2F, 0x51  # types of meta events
NOTE_OFF, NOTE_ON, CONTROL_CHANGE, SYSEX, END_OF_SYSEX = 0x80, 0x90, 0xB0, 0xF0, 0xF7  # status


def is_message(data: bytes) -> bool:
    """Whether these are the bytes of one message of a channel, or of a whole system exclusive message."""
    if data[:1] == bytes([SYSEX]):
        return data[-1] == END_OF_SYSEX and max(data[1:-1], default=0) < 0x80
    size = 2 if data and 0xC0 <= data[0] < 0xE0 else 3  # program change and channel pressure are short
    return len(data) == size and 0x80 <= data[0] < SYSEX and max(data[1:]) < 0x80


class Sounding:
    """The notes and pedals of one part that have not ended."""

    def __init__(self) -> None:
        self._notes: Counter[tuple[int, int]] = Counter()
        self._pedals: dict[tuple[int, int], int] = {}

    def add(self, status: int, number: int, value: int) -> None:
        """The next message of a channel, by its bytes."""
        kind, at = status & 0xF0, (status & 0x0F, number)
        if kind == CONTROL_CHANGE and number in HOLDING:
            self._pedals[at] = value
        elif kind == NOTE_ON and value > 0:
            self._notes[at] += 1
        elif kind in (NOTE_ON, NOTE_OFF) and self._notes[at] > 0:
            self._notes[at] -= 1

    def hear(self, message: Message) -> None:
        """The next message."""
        match message.type:
            case "note_on":
                self.add(NOTE_ON + message.channel, message.note, message.velocity)
            case "note_off":
                self.add(NOTE_OFF + message.channel, message.note, 0)
            case "control_change":
                self.add(CONTROL_CHANGE + message.channel, message.control, message.value)

    def releases(self) -> list[Message]:
        """The messages that end it: a note_off for each sounding note, and pedals up that hold notes."""
        from mido import Message

        down = [pedal for pedal, value in self._pedals.items() if value]
        return [
            *(Message("note_off", channel=channel, note=note) for channel, note in self._notes.elements()),
            *(Message("control_change", channel=channel, control=pedal, value=0) for channel, pedal in down),
        ]


def releases(messages: Iterable[Message]) -> list[Message]:
    """The messages that end `messages`."""
    sounding = Sounding()
    for message in messages:
        sounding.hear(message)
    return sounding.releases()


class TrackWriter:
    """One track. Times are in ticks from the beginning of the file. A time before the last one counts as the last one.

    Args:
        name: of the track.
        folder: for the temporary file of a long track.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._spool = SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115  (open until `close`)
        self._now = 0
        self._running = 0  # the status that the next message need not repeat
        if name:
            self.meta(TRACK_NAME, name.encode("utf-8", "replace"), 0)

    def add(self, data: bytes, tick: int) -> None:
        """The bytes of a message of a channel, or of a system exclusive message.

        Raises:
            OSError: the disk is full.
        """
        status = data[0]
        if status == SYSEX:
            self._write(tick, 0, data[:1] + _variable(len(data) - 1) + data[1:])
        else:
            self._write(tick, status, data[1:] if status == self._running else data)

    def meta(self, kind: int, content: bytes, tick: int) -> None:
        """A meta event. Raises OSError as `add` does."""
        self._write(tick, 0, bytes([0xFF, kind]) + _variable(len(content)) + content)

    def end(self) -> None:
        """End the track. Raises OSError as `add` does."""
        self.meta(END_OF_TRACK, b"", self._now)

    def close(self) -> None:
        self._spool.close()

    def append(self, other: TrackWriter) -> None:
        """Append all events of another track. Raises OSError as `add` does."""
        other._spool.seek(0)
        shutil.copyfileobj(other._spool, self._spool)
        self._now, self._running = self._now + other._now, other._running

    def copy_to(self, file: BinaryIO) -> None:
        """Write the whole chunk. Raises OSError as `add` does."""
        length = self._spool.tell()
        self._spool.seek(0)
        file.write(struct.pack(">4sL", b"MTrk", length))
        shutil.copyfileobj(self._spool, file)

    def _write(self, tick: int, running: int, data: bytes) -> None:
        while tick - self._now > LONGEST:
            self._spool.write(_variable(LONGEST) + bytes([0xFF, TEXT, 0]))
            self._now += LONGEST
            data = data if running == 0 or data[0] == running else bytes([running]) + data
        self._spool.write(_variable(max(0, tick - self._now)) + data)
        self._now, self._running = max(tick, self._now), running


def save(tracks: Sequence[TrackWriter], ticks_per_beat: int, file: BinaryIO) -> None:
    """Write a file of format 1, and end its tracks.

    Raises:
        OSError: the disk is full.
    """
    file.write(struct.pack(">4sLHHH", b"MThd", 6, 1, len(tracks), ticks_per_beat))
    for track in tracks:
        track.end()
        track.copy_to(file)


def _variable(value: int) -> bytes:
    """A number of variable length: seven bits a byte, the highest first."""
    data = [value & 0x7F]
    while value := value >> 7:
        data.append(value & 0x7F | 0x80)
    return bytes(reversed(data))
