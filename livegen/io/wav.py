"""Writes WAV files of any length: RF64 (EBU Tech 3306) from 4 GiB on, which a WAV file cannot hold."""

from __future__ import annotations

import struct
from typing import BinaryIO

RATE = 44_100  # Hz
FRAME = 4  # bytes: 16 bits, stereo
HEAD = struct.Struct("<4sL4s 4sLQQQL 4sLHHLLHH 4sL")
WAV_LIMIT = 2**32 - 1  # bytes, a WAV file counts them in 32 bits


def header(size: int) -> bytes:
    """The bytes before the sound.

    Args:
        size: of the sound, in bytes.
    """
    whole = size + HEAD.size - 8
    large = whole > WAV_LIMIT
    return HEAD.pack(
        b"RF64" if large else b"RIFF",
        WAV_LIMIT if large else whole,
        b"WAVE",
        *((b"ds64", 28, whole, size, size // FRAME, 0) if large else (b"JUNK", 28, 0, 0, 0, 0)),
        *(b"fmt ", 16, 1, 2, RATE, RATE * FRAME, FRAME, 16),
        *(b"data", WAV_LIMIT if large else size),
    )


class WavWriter:
    """Writes sound to a file, which has to be empty. 16-bit stereo at `RATE`.

    All methods raise OSError if the disk is full.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = 0
        file.write(header(0))

    def write(self, block: bytes) -> None:
        self._file.write(block)
        self._size += len(block)

    def silence(self, frames: int) -> None:
        """Silence takes no space on the disk, where the file system permits it."""
        self._file.seek(frames * FRAME, 1)
        self._size += frames * FRAME

    def finish(self) -> None:
        self._file.truncate(HEAD.size + self._size)
        self._file.seek(0)
        self._file.write(header(self._size))
