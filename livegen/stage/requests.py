"""Makes the requests for the model: what it reads, when the response begins, and how long it is."""

from __future__ import annotations

from math import ceil

from livegen.note import MonotonicTime, NoteWindow
from livegen.stage.conversation import Asked, Waiting
from livegen.stage.effects import Ask
from livegen.stage.intime import InTime
from livegen.stage.policy import Policy
from livegen.stage.settings import StageSettings


class Requests:
    """Makes requests, and numbers them from 1.

    Args:
        window: the notes that the model reads.
        call: the notes of the call.
        time: the time that responses are played in.
    """

    def __init__(self, window: NoteWindow, call: NoteWindow, time: InTime) -> None:
        self._window, self._call, self._time = window, call, time
        self._count = 0

    def make(
        self, waiting: Waiting, now: MonotonicTime, policy: Policy, settings: StageSettings, responses: int
    ) -> tuple[Ask, MonotonicTime]:
        """A request for the response to a call, and when that response begins.

        Args:
            waiting: the call, which has at least one note.
            now: the time.
            policy: decides when the response begins, and how long it is.
            settings: of the stage.
            responses: number of earlier ones.
        """
        last_onset, call = self._window.last_onset, self._call.sounded(waiting.last_up)
        assert last_onset is not None and call  # a call has at least one note
        grid = self._time.grid(now)
        begins = policy.entry(waiting.ends, grid)
        length = policy.length(max(note.end for note in call) - call[0].onset, grid)
        self._count += 1
        request = Ask(
            id=self._count,
            context=self._window.notes(waiting.last_up),
            gap=begins - last_onset,
            length=length,
            longest=policy.longest(length),
            response=responses,
            sampling=settings.sampling,
            window=settings.window,
            grid=grid.since(last_onset) if grid is not None else None,
        )
        return request, begins


def late(asked: Asked, now: MonotonicTime) -> MonotonicTime:
    """When a response begins that comes too late: now, or on the pulse whole beats later than it was planned."""
    grid = asked.request.grid
    if grid is None:
        return now
    return MonotonicTime(asked.ends + ceil((now - asked.ends) / grid.beat) * grid.beat)
