"""The memory of this player: collects what they play, and has the model in use learn it. Used by the main thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from livegen.engine.learning import Forget
from livegen.engine.passages import LONGEST, Call, Passage, Passages
from livegen.io.publisher import Published
from livegen.note import WINDOW, SoundedNote
from livegen.stage.effects import CallEnded, NoteEnded


class Pupil(Protocol):
    """Learns what was played."""

    def hear(self, item: Call | Forget) -> None:
        """Learn a call when there is time, or forget everything at once."""


class Keeper(Protocol):
    """Keeps what was played for the next evening."""

    def hear(self, item: Call | Forget) -> None:
        """Store a call, or forget everything."""


class Memory:
    """A `Listener` of the publisher.

    Args:
        passages: of earlier evenings.
        keeper: gets every call too; None: nothing is kept.
    """

    def __init__(self, passages: list[Passage] | None = None, keeper: Keeper | None = None) -> None:
        self.passages = Passages(passages or ())
        self._keeper = keeper
        self._model: Pupil | None = None
        self._last: deque[SoundedNote] = deque(maxlen=4 * WINDOW)  # more than are read: a call ends after its notes

    @contextmanager
    def taught(self, model: Pupil) -> Iterator[None]:
        """Inside, this model learns each call. It knows `passages` already."""
        self._model = model
        try:
            yield
        finally:
            self._model = None

    def take(self, item: Published) -> None:
        match item:
            case NoteEnded(note=note):
                self._last.append(note)
            case CallEnded(notes) if len(notes) > 1:
                call = notes[-LONGEST:]
                before = sorted(
                    (note for note in self._last if note.order < call[0].order), key=lambda note: note.order
                )
                heard = Call(tuple(before[-WINDOW:]), call)
                self.passages.add(heard)
                self._tell(heard)

    def forget(self) -> int:
        """Forget everything. Returns how many notes that were."""
        count = len(self.passages)
        self.passages.clear()
        self._tell(Forget.ALL)
        return count

    def _tell(self, item: Call | Forget) -> None:
        for each in (self._model, self._keeper):
            if each is not None:
                each.hear(item)
