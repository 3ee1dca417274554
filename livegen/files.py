"""Writes files completely or not at all, keeps other processes out of a file or folder, and describes errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from glob import escape
from pathlib import Path

from livegen.errors import ConfigError, DataError, LivegenError, StorageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def limited(path: Path, most: int) -> bytes:
    """The content of a file. A larger one than `most` bytes is not read, so that it cannot fill the memory.

    Raises:
        OSError: the file cannot be read, or is too large.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(most + 1 if size == 0 else min(size, most) + 1)  # a device has no size
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most / 1e6:g} MB", os.fspath(path))
    return content


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """A temporary file next to `path`, with the same suffix. It replaces `path` at the end, or is removed on an error.

    Raises:
        OSError: the file cannot be written. An existing file is kept.
    """
    draft = _beside(path)
    try:
        yield draft
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def remove_drafts(path: Path) -> None:
    """Remove the drafts of `path` that killed processes have left."""
    for draft in path.parent.glob(f".*.{escape(path.name)}"):
        process = draft.name.split(".")[1]
        if process.isdecimal() and not _runs(int(process)):
            draft.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether another process has this number. Windows cannot tell."""
    if process == os.getpid():
        return False
    if fcntl is not None:
        try:
            os.kill(process, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            pass
    return True


def try_out(path: Path) -> None:
    """Check that a file can be written, by creating and removing a draft.

    Raises:
        OSError: the file cannot be written, or `path` exists and is not a file.
    """
    if path.exists() and not path.is_file():
        raise OSError(0, "it is a folder" if path.is_dir() else "it is a device")
    draft = _beside(path)
    draft.touch()
    draft.unlink()


def unwritable(path: Path, error: OSError, todo: str = "Name another file.") -> LivegenError:
    """The error for a file that cannot be written: StorageError if the disk is full, else ConfigError."""
    kind = StorageError if error.errno in FULL else ConfigError
    return kind(f"{path}: cannot be written ({error.strerror or error}). {todo}")


def _beside(path: Path) -> Path:
    return path.with_name(f".{os.getpid()}.{path.name}")


@contextmanager
def claimed(path: Path, refusal: str) -> Iterator[None]:
    """Lock a file or folder against other processes that claim it. Without support for locks, do nothing.

    Raises:
        DataError: another process has the lock. The text is `refusal`.
    """
    with ExitStack() as stack:
        if fcntl is not None:
            handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataError(refusal) from None
            except OSError:  # a file system without locks
                pass
        yield


def sync(path: Path) -> None:
    """Have a file or the names in a folder survive a power cut from now on.

    Raises:
        OSError: the disk is gone.
    """
    if not path.is_dir() or fcntl is not None:  # Windows opens no folders
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
