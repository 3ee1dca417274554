"""Makes the requests for the model: for a plan, and for the response."""

from __future__ import annotations

from livegen.note import MonotonicTime, NoteWindow
from livegen.stage.effects import Ask, MakePlan
from livegen.stage.intime import InTime
from livegen.stage.plan import Plan, Planner
from livegen.stage.policy import Policy
from livegen.stage.settings import StageSettings
from livegen.stage.silence import Silence


class Requests:
    """Makes requests, and numbers them from 1.

    Args:
        window: the notes that the model reads.
        call: the notes of the call, at least one when a request is made.
        time: the time that responses are played in.
    """

    def __init__(self, window: NoteWindow, call: NoteWindow, time: InTime) -> None:
        self._window, self._call, self._time = window, call, time
        self._count = 0

    @property
    def last_onset(self) -> MonotonicTime:
        """The last one of the call."""
        onset = self._window.last_onset
        assert onset is not None  # a call has at least one note
        return onset

    def plan(self, silence: Silence, policy: Policy, now: MonotonicTime, settings: StageSettings) -> MakePlan:
        """A request for a plan."""
        call = self._call.sounded(silence.last_up)
        self._count += 1
        return MakePlan(
            id=self._count,
            context=self._window.notes(silence.last_up),
            window=settings.window,
            planner=Planner(policy, silence, max(note.end for note in call) - call[0].onset, self._time.heard(now)),
        )

    def response(self, silence: Silence, plan: Plan, settings: StageSettings, responses: int) -> Ask:
        """A request for the response to a call. `responses`: the number of earlier ones."""
        self._count += 1
        return Ask(
            id=self._count,
            context=self._window.notes(silence.last_up),
            gap=plan.start - self.last_onset,
            length=plan.length,
            longest=plan.longest,
            response=responses,
            sampling=settings.sampling,
            window=settings.window,
            grid=plan.grid.since(self.last_onset) if plan.grid is not None else None,
        )
