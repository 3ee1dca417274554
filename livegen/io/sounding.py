"""What sounds at each MIDI output, in a file that outlives this process: after a crash, the next start ends it.

The file is mapped into memory. To mark a note takes a microsecond and no system call, and the marks survive kill -9,
unlike a recording, which is some tenths of a second behind. A slot for each output has its identity, then a byte for
each key and each controller of each channel.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING

from livegen.stage.control import RESET_CONTROLLERS, is_reset
from livegen.stage.events import PortId
from livegen.stage.messages import control_change, note_off
from livegen.stage.pairing import NOTES_OFF
from livegen.stage.pedals import HOLDING

if TYPE_CHECKING:
    from mido import Message

MAGIC = b"livegen sounding 1\n".ljust(64, b"\0")
SLOTS = 16  # outputs; what further ones play is not marked
NAME = 256  # bytes of an identity, filled up with zeros
CHANNEL = 256  # bytes: keys, then controllers
SLOT = NAME + 16 * CHANNEL
SIZE = len(MAGIC) + SLOTS * SLOT


class Sounding:
    """Marks what sounds. For one thread.

    Args:
        path: of the file; what another process has left in it is kept. None: the marks end with this process.

    Raises:
        OSError: the file cannot be used.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        if path is None:
            self._map = mmap.mmap(-1, SIZE)
        else:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                _reserve(file)
                self._map = mmap.mmap(file, SIZE)
            finally:
                os.close(file)
        if self._map[: len(MAGIC)] != MAGIC:
            self._map[:] = MAGIC.ljust(SIZE, b"\0")
        self._slots: dict[str, int] = {}  # the place of the first channel, by identity
        for start in range(len(MAGIC), SIZE, SLOT):
            name = self._map[start : start + NAME].rstrip(b"\0")
            if name:
                self._slots[name.decode("utf-8", "surrogateescape")] = start + NAME

    def mark(self, port: PortId, message: Message) -> None:
        """A message was sent to an output."""
        start = self._slots.get(port) or self._new(port)
        if start is None:
            return
        match message.type:
            case "note_on":
                self._map[start + message.channel * CHANNEL + message.note] = message.velocity > 0
            case "note_off":
                self._map[start + message.channel * CHANNEL + message.note] = 0
            case "control_change":
                self._control(start + message.channel * CHANNEL, message.control, message.value)
            case "sysex" | "reset" if is_reset(message):
                self._map[start : start + SLOT - NAME] = bytes(SLOT - NAME)

    def _control(self, channel: int, control: int, value: int) -> None:
        if control in HOLDING:
            self._map[channel + 128 + control] = value > 0
        elif control in NOTES_OFF:
            self._map[channel : channel + 128] = bytes(128)
        elif control == RESET_CONTROLLERS:
            self._map[channel + 128 : channel + CHANNEL] = bytes(128)

    def _new(self, port: PortId) -> int | None:
        """The slot of another output, if there is one left."""
        name = port.encode("utf-8", "surrogateescape")
        start = len(MAGIC) + len(self._slots) * SLOT
        if start == SIZE or len(name) > NAME or not name:
            return None
        self._map[start : start + len(name)] = name
        self._slots[port] = start + NAME
        return start + NAME

    def releases(self, port: PortId) -> list[Message]:
        """The messages that end what sounds at an output: pedals first, because they hold notes."""
        start = self._slots.get(port)
        if start is None:
            return []
        return releases(self._map[start : start + SLOT - NAME])

    def close(self) -> None:
        """Remove the file, unless something still sounds."""
        silent = not any(self.releases(PortId(port)) for port in self._slots)
        self._map.close()
        if silent and self._path is not None:
            self._path.unlink(missing_ok=True)


def _reserve(file: int) -> None:
    """Have room for the whole file now: a write to the map could not fail, it would kill the process."""
    os.ftruncate(file, SIZE)
    if hasattr(os, "posix_fallocate"):  # macOS has none
        os.posix_fallocate(file, 0, SIZE)


def releases(marks: bytes) -> list[Message]:
    """The messages that end what is marked for an output."""
    where = [divmod(place, CHANNEL) for place, sounds in enumerate(marks) if sounds]
    pedals = [control_change(channel, number - 128) for channel, number in where if number >= 128]
    return pedals + [note_off(channel, number) for channel, number in where if number < 128]
