"""Suppresses the output of native libraries on stderr, if they have no option for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Stderr:
    """The stderr of this process, which several threads may want to be discarded at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._kept: int | None = None

    def discard(self) -> None:
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            try:
                self._kept = os.dup(2)
            except OSError:  # there is no stderr
                return
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)

    def restore(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._kept is not None:
                os.dup2(self._kept, 2)
                os.close(self._kept)
                self._kept = None


_stderr = _Stderr()


@contextmanager
def quiet() -> Iterator[None]:
    """Discard everything that this process writes to stderr inside, until the last thread has left its `quiet`."""
    _stderr.discard()
    try:
        yield
    finally:
        _stderr.restore()
