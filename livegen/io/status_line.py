"""The line that `systemctl status` shows: what livegen waits for, or does."""

from __future__ import annotations

from collections.abc import Callable

from livegen.io import notify
from livegen.io.publisher import PortsMissing, Published, RecordingChanged, Started
from livegen.stage.effects import TurnChanged
from livegen.stage.events import Turn

TURNS = {Turn.IDLE: "Ready", Turn.LISTENING: "Listening", Turn.RESPONDING: "Responding"}


class StatusLine:
    """Keeps the line up to date, from the start on. Used by one thread.

    Args:
        tell: gets the line when it changes.
    """

    def __init__(self, tell: Callable[[str], None] = notify.status) -> None:
        self._tell = tell
        self._told = ""
        self._started = False
        self._turn = Turn.IDLE
        self._missing: tuple[str, ...] = ()
        self._recording = RecordingChanged("off")

    def write(self, item: Published) -> None:
        match item:
            case Started():
                self._started = True
                self._missing = item.waiting_for
            case TurnChanged(turn):
                self._turn = turn
            case PortsMissing(names):
                self._missing = names
            case RecordingChanged():
                self._recording = item
            case _:
                return
        line = self._line()
        if self._started and line != self._told:
            self._told = line
            self._tell(line)

    def _line(self) -> str:
        parts = [] if self._missing and self._turn is Turn.IDLE else [TURNS[self._turn]]
        if self._missing:
            parts.append(f"Waiting for {' and '.join(self._missing)}")
        if self._recording.state == "failing":
            parts.append(f"Recordings cannot be written: {self._recording.why}")
        return ". ".join(parts)
