"""The log, and the service manager's status line, written in a separate thread."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self, TextIO

from livegen.io.page import Page
from livegen.io.publisher import Level, Line, Published
from livegen.io.status_line import StatusLine
from livegen.stage.effects import NoteStarted, Send
from livegen.stage.events import Received

PATIENCE = 2.0  # s that close() waits for a blocked terminal
MOST_WAITING = 10_000  # items in the queue; more are lost, and counted


class Reporter:
    """Writes the log in a separate thread. A `Listener` of the publisher.

    Args:
        stream: where to write.
        terminal: write note by note, wrapped to the width of the terminal.
        verbose: 0..2; from 1 with details, from 2 with every MIDI message.
        journal: begin each line with its priority, as sd-daemon(3) describes.
        claim: called in the thread first, to set its priority.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        terminal: bool,
        verbose: int = 0,
        journal: bool = False,
        claim: Callable[[], object] = lambda: None,
    ) -> None:
        self._queue: queue.SimpleQueue[Published | None] = queue.SimpleQueue()
        self._own = _duplicate(stream)
        self._page = Page(self._own or stream, terminal=terminal, verbose=verbose, journal=journal)
        self._status = StatusLine()
        self._terminal = terminal
        self._verbose = verbose
        self._claim = claim
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="livegen-log", daemon=True)
        self._thread.start()

    def take(self, item: Published) -> None:
        """Add an item to the queue. If the stream is blocked for long, items are lost."""
        match item:
            case NoteStarted():
                wanted = self._terminal  # only a terminal shows note by note
            case Send() | Received():
                wanted = self._verbose > 1
            case Line(level=Level.DEBUG):
                wanted = self._verbose > 0
            case _:
                wanted = True
        if wanted and self._queue.qsize() >= MOST_WAITING:
            self._lost += 1
        elif wanted:
            self._queue.put(item)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write the rest of the queue. A second call does nothing."""
        self._queue.put(None)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        self._claim()
        while (item := self._queue.get()) is not None:
            self._status.write(item)
            # A log that cannot be written (a closed terminal, a full disk) must not stop the music.
            with suppress(OSError, ValueError):
                self._page.write(item)
                if self._lost:
                    lost, self._lost = self._lost, 0
                    self._page.write(
                        Line(
                            f"{lost} lines of the log were lost: it was written too slowly. Log less: without -v.",
                            Level.WARNING,
                        )
                    )
        with suppress(OSError, ValueError):
            self._page.close()
        if self._own is not None:
            with suppress(OSError):
                self._own.close()


def _duplicate(stream: TextIO) -> TextIO | None:
    """A copy with a separate descriptor, if the stream has one: stderr is sometimes muted while libraries start."""
    try:
        descriptor = os.dup(stream.fileno())
    except (OSError, AttributeError, ValueError):
        return None
    return os.fdopen(descriptor, "w", encoding=stream.encoding, errors="backslashreplace")
