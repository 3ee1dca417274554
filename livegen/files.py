"""Files that take their name only when they are whole, one process at a time where two would spoil something, and
what to say where nothing can be written.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from livegen.errors import ConfigError, DataError, LivegenError, PortError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """A draft to write, beside `path` and with its suffix. It takes its place at the end, or else is removed.

    Raises:
        OSError: nothing can be written there; what was there stays.
    """
    draft = _beside(path)
    try:
        yield draft
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def remove_drafts(path: Path) -> None:
    """Remove those that a process left when it was killed. Only where no other can be writing one."""
    for draft in path.parent.glob(f".*.{path.name}"):
        if draft.name.split(".")[1].isdigit():
            draft.unlink()


def try_out(path: Path) -> None:
    """Make a draft and remove it: the surest way to know.

    Raises:
        OSError: nothing can be written there, or what is there is no file to be replaced.
    """
    if path.exists() and not path.is_file():
        raise OSError(0, "it is a folder" if path.is_dir() else "it is a device")
    draft = _beside(path)
    draft.touch()
    draft.unlink()


def unwritable(path: Path, error: OSError, todo: str = "Name another file.") -> LivegenError:
    """What a user is to read: a PortError where the disk is full, else a ConfigError."""
    kind = PortError if error.errno in FULL else ConfigError
    return kind(f"{path}: cannot be written ({error.strerror or error}). {todo}")


def _beside(path: Path) -> Path:
    return path.with_name(f".{os.getpid()}.{path.name}")


@contextmanager
def claimed(path: Path, refusal: str) -> Iterator[None]:
    """Keep out other processes that claim the same file or folder; where there are no such locks, trust the user.

    Raises:
        DataError: another process has it; `refusal` is what it says.
    """
    with ExitStack() as stack:
        if fcntl is not None:
            handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataError(refusal) from None
            except OSError:  # a file system without them
                pass
        yield
