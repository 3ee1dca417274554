"""What was played, in a line for each recording: for a journal, which would fill with a line for each phrase."""

from __future__ import annotations

from livegen.io.publisher import Published, RecordingChanged
from livegen.stage.effects import CallEnded, ResponseEnded

_PLAYING = ("recording", "failing")


class Tally:
    """Counts phrases and responses. Used by one thread."""

    def __init__(self) -> None:
        self._recording = ""
        self._clear()

    def _clear(self) -> None:
        self._calls = self._heard = self._responses = self._played = 0

    def take(self, item: Published) -> str:
        """Count an item. Returns a line if a recording ends with it, else an empty text."""
        match item:
            case CallEnded(notes):
                self._calls += 1
                self._heard += len(notes)
            case ResponseEnded(played=played):
                self._responses += 1
                self._played += played
            case RecordingChanged(state, id_) if state in _PLAYING:
                self._recording = id_
            case RecordingChanged():
                return self.line()
        return ""

    def line(self) -> str:
        """What was played since the last line; empty if nothing was."""
        if not self._calls and not self._responses:
            return ""
        place = f", in the recording {self._recording}" if self._recording else ""
        text = (
            f"Heard {_count(self._calls, 'phrase')} ({_count(self._heard, 'note')}), "
            f"answered {_count(self._responses, 'time')} ({_count(self._played, 'note')}){place}."
        )
        self._recording = ""
        self._clear()
        return text


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
