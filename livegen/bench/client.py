"""JACK clients of the bench: a keyboard that plays to the daemon, and an input that records its output."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from mido import Message

from livegen.bench import jack


@contextmanager
def keyboard() -> Iterator[tuple[str, Any]]:
    """An output that the daemon can listen to. Gives its name, and mido's port."""
    name = f"bench-keyboard-{os.getpid()}"
    with jack.SYSTEM.mido().open_output("out", client_name=name, virtual=True) as port:
        yield name, port


class Ear:
    """An input that the daemon can play to. Records all messages with their times."""

    def __init__(self) -> None:
        self.name = f"bench-ear-{os.getpid()}"
        self.heard: list[tuple[float, Message]] = []
        self._port = jack.SYSTEM.mido().open_input("in", client_name=self.name, virtual=True, callback=self._hear)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._port.callback = None
        self._port.close()

    def _hear(self, message: Message) -> None:
        self.heard.append((time.monotonic(), message))
