"""The file of a journal: records that are only ever appended. A crash or a power cut costs at most the last one.

A file begins with `MAGIC`. A record is its length and its CRC-32, each in 32 bits, little-endian, then a JSON object.
The first record that is not whole ends the journal: everything before it counts.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from zlib import crc32

from livegen.errors import DataError
from livegen.files import claimed, sync

MAGIC = b"livegen journal 1\n"
SUFFIX = ".journal"
HEAD = struct.Struct("<LL")
LONGEST = 1 << 24  # bytes of a record; a larger length is a damaged one
BUFFER = 1 << 20  # bytes read at once
_SYNC = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync

Entry = dict[str, Any]
"""A record: what happened ("kind") and when ("at", s of the monotonic clock)."""


def encoded(entry: Entry) -> bytes:
    """A record."""
    content = json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return HEAD.pack(len(content), crc32(content)) + content


def read(path: Path) -> Iterator[Entry]:
    """The whole records of a journal, which another process may be writing.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb", BUFFER) as file:
        if file.read(len(MAGIC)) != MAGIC:
            return
        while True:
            head = file.read(HEAD.size)
            if len(head) < HEAD.size:
                return
            length, checksum = HEAD.unpack(head)
            if length > LONGEST:
                return
            content = file.read(length)
            if len(content) < length or crc32(content) != checksum:
                return
            with suppress(ValueError, RecursionError):  # the checksum is right: a later version wrote it
                entry = json.loads(content.decode("utf-8", "surrogatepass"))
                if isinstance(entry, dict):
                    yield entry


class JournalFile:
    """A new journal, locked against other processes until it is closed.

    Args:
        path: it must not exist.

    Raises:
        OSError: it cannot be created, or it exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size = len(MAGIC)
        self._torn = False  # whether something follows the last whole record
        with ExitStack() as stack:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, self._file)
            _lock(path, self._file, stack)
            try:
                _write(self._file, MAGIC)
                sync(path.parent)
            except OSError:
                path.unlink()
                raise
            self._stack = stack.pop_all()

    def append(self, records: Iterable[bytes]) -> None:
        """Write records. They survive a power cut from now on.

        Raises:
            OSError: the disk is full or gone. Then none of them is in the file.
        """
        data = b"".join(records)
        if self._torn:
            self._cut()
        self._torn = True
        try:
            _write(self._file, data)
            _SYNC(self._file)
        except OSError:
            with suppress(OSError):
                self._cut()
            raise
        self._size += len(data)
        self._torn = False

    def _cut(self) -> None:
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)
        self._torn = False

    def close(self) -> None:
        with suppress(OSError):
            self._stack.close()

    def remove(self) -> None:
        """Remove the file, and close it."""
        self.path.unlink(missing_ok=True)
        self.close()


def _lock(path: Path, file: int, stack: ExitStack) -> None:
    """Raises FileExistsError: another process takes the new file for one that a crash left."""
    try:
        stack.enter_context(claimed(path, ""))
    except (DataError, FileNotFoundError):
        raise FileExistsError(path) from None
    if os.fstat(file).st_nlink == 0:
        raise FileExistsError(path)


def _write(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
