"""Files that take their name only when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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


def try_out(path: Path) -> None:
    """Make a draft and remove it: the surest way to know.

    Raises:
        OSError: nothing can be written there.
    """
    draft = _beside(path)
    draft.touch()
    draft.unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f".{os.getpid()}.{path.name}")
