"""One process at a time at what two would spoil."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from livegen.errors import DataError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


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
