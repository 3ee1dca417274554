"""The log: for a musician at a terminal, phrases as they sound; for the journal, a line for each."""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self, TextIO

from livegen.note import MonotonicTime
from livegen.stage.events import (
    CallEnded,
    NoResponse,
    NoteStarted,
    Notice,
    Part,
    ResponseEnded,
    ResponseStarted,
    Silenced,
    Unheard,
)
from livegen.stage.listener import DRUMS

CHORD = 0.030  # s; notes that begin within it are written as one chord
LABELS = {Part.CALL: "you      ", Part.RESPONSE: "livegen  "}
INDENT = " " * len(LABELS[Part.CALL])
PATIENCE = 2.0  # s that close() waits for a terminal that takes nothing
INFO, WARNING, DEBUG = "<6>", "<4>", "<7>"  # sd-daemon's priorities
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def note_name(pitch: int) -> str:
    """60 is C4."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


class Reporter:
    """Takes notices and texts from any thread without waiting, and writes them in a thread of its own.

    Args:
        stream: where to.
        terminal: note by note, wrapped to the width.
        verbose: 0..2; from 1 on with details, from 2 on with every message.
        journal: each line begins with its priority.
        claim: gives the calling thread its priority.
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
        self._queue: queue.SimpleQueue[Notice | tuple[str, object] | None] = queue.SimpleQueue()
        self._own = _duplicate(stream)
        self._page = _Page(self._own or stream, terminal=terminal, verbose=verbose, journal=journal)
        self._terminal = terminal
        self._verbose = verbose
        self._claim = claim
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        self._thread.start()

    def notice(self, notice: Notice) -> None:
        if self._terminal or not isinstance(notice, NoteStarted):  # only a terminal shows note by note
            self._queue.put(notice)

    def say(self, text: object) -> None:
        self._queue.put((INFO, text))

    def warn(self, text: object) -> None:
        self._queue.put((WARNING, text))

    def debug(self, text: object, level: int = 1) -> None:
        """For -v, or with level 2 for -vv. Anything but a text is turned into one later, in the log's thread."""
        if self._verbose >= level:
            self._queue.put((DEBUG, text))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is left. A second call does nothing."""
        self._queue.put(None)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        self._claim()
        while (item := self._queue.get()) is not None:
            # A log that cannot be written (a closed terminal, a full disk) must not stop the music.
            with suppress(OSError, ValueError):
                if isinstance(item, tuple):
                    self._page.line(*item)
                else:
                    self._page.notice(item)
        with suppress(OSError, ValueError):
            self._page.end_line()
        if self._own is not None:
            with suppress(OSError):
                self._own.close()


class _Page:
    """What has been written so far, and how to go on. Used by the log's thread only."""

    def __init__(self, stream: TextIO, *, terminal: bool, verbose: int, journal: bool) -> None:
        self._stream = stream
        self._terminal = terminal
        self._verbose = verbose
        self._journal = journal
        self._writing: Part | None = None  # whose line is open
        self._column = 0
        self._chord = MonotonicTime(0.0)  # when the last chord began
        self._response: ResponseStarted | None = None

    def line(self, priority: str, text: object) -> None:
        self.end_line()
        for line in str(text).splitlines():
            self._put(f"{priority if self._journal else ''}{line}\n")

    def notice(self, notice: Notice) -> None:
        match notice:
            case NoteStarted():
                self._note(notice)
            case CallEnded():
                if not self._terminal or self._verbose:
                    self._summary(f"heard {_heard(notice)}")
            case ResponseStarted():
                self._response = notice
            case ResponseEnded():
                self._summary(self._answered(notice))
            case Silenced():
                self._summary("silenced")
            case Unheard(channel):
                drums = ", that of drums," if channel == DRUMS else ""
                self._summary(f"channel {channel + 1}{drums} is not listened to (--channel)")
            case NoResponse():
                self._summary(f"no answer: {notice.why}", WARNING)

    def _note(self, note: NoteStarted) -> None:
        name = note_name(note.pitch) + (f"({note.velocity})" if self._verbose else "")
        if note.part is not self._writing:
            self.end_line()
            self._writing = note.part
            text = LABELS[note.part] + name
        elif note.at - self._chord <= CHORD:
            text = "+" + name
        else:
            text = " " + name
        if not text.startswith("+"):
            self._chord = note.at
        if self._column + len(text) >= shutil.get_terminal_size().columns:
            text = f"\n{INDENT}{text.lstrip(' ')}"
            self._column = -1  # the line's end is no column
        self._column += len(text)
        self._put(text)

    def _summary(self, text: str, priority: str = INFO) -> None:
        self.line(priority, INDENT + text if self._terminal else text)

    def _answered(self, end: ResponseEnded) -> str:
        start, self._response = self._response, None
        if start is None:
            return f"answered: {_count(end.played)}"
        of = f" of {start.notes}" if end.interrupted else ""
        seconds = end.at - start.at if end.interrupted else start.seconds
        text = (
            f"{end.played}{of} note{'s' if max(end.played, start.notes) != 1 else ''} in {seconds:.1f} s, "
            f"{'answered ' if self._terminal else ''}after {start.waited:.2f} s (thought {start.thought:.2f} s)"
        )
        if end.interrupted:
            text += ", interrupted by you"
        if end.dropped:
            text += f", {end.dropped} dropped as too late"
        if self._verbose:
            text += f", began {start.late * 1000:.1f} ms late"
        return text if self._terminal else f"answered: {text}"

    def end_line(self) -> None:
        if self._writing is not None:
            self._put("\n")
        self._writing = None
        self._column = 0

    def _put(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _heard(call: CallEnded) -> str:
    if not call.notes:
        return "nothing"
    lowest, highest = (f([n.pitch for n in call.notes]) for f in (min, max))
    length = max(n.end for n in call.notes) - min(n.onset for n in call.notes)
    compass = note_name(lowest) if lowest == highest else f"{note_name(lowest)} to {note_name(highest)}"
    return f"{_count(len(call.notes))} in {length:.1f} s, {compass}"


def _count(notes: int) -> str:
    return f"{notes} note{'' if notes == 1 else 's'}"


def _duplicate(stream: TextIO) -> TextIO | None:
    """The same place by a descriptor of our own, if it has one: stderr is muted now and then while libraries start."""
    try:
        descriptor = os.dup(stream.fileno())
    except (OSError, AttributeError, ValueError):
        return None
    return os.fdopen(descriptor, "w", encoding=stream.encoding, errors="backslashreplace")
