"""Asks the model for a plan, then for the response, and takes its answers: the states from Planning to Ready."""

from __future__ import annotations

from livegen.note import MonotonicTime, NoteWindow
from livegen.stage.conversation import Asked, Conversation, Cue, Listening, Planned, Planning, Ready
from livegen.stage.effects import Ask, Effects, MakePlan, NoResponse, Unused
from livegen.stage.events import Failed, PlanMade, Predicted
from livegen.stage.hands import Hands
from livegen.stage.intime import InTime
from livegen.stage.plan import Planner
from livegen.stage.policy import Policy
from livegen.stage.scheduler import scheduled
from livegen.stage.settings import OFF, StageSettings
from livegen.stage.silence import Silence
from livegen.stage.touch import Touch


class Requests:
    """Makes requests, numbered from 1, and takes the answers to the last one.

    Args:
        settings: of the stage.
        conversation: its state follows.
        window: the notes that the model reads.
        call: the notes of the call, at least one when a request is made.
        time: the time that responses are played in.
        hands: the keys that the player holds.
        effects: gets the requests and notices.
    """

    def __init__(
        self,
        settings: StageSettings,
        conversation: Conversation,
        window: NoteWindow,
        call: NoteWindow,
        time: InTime,
        hands: Hands,
        effects: Effects,
    ) -> None:
        self.settings = settings
        self._conversation, self._window, self._call = conversation, window, call
        self._time, self._hands, self._effects = time, hands, effects
        self.touch = Touch()
        self._count = 0

    @property
    def last_onset(self) -> MonotonicTime:
        """The last one of the call."""
        onset = self._window.last_onset
        assert onset is not None  # a call has at least one note
        return onset

    def plan(self, silence: Silence, policy: Policy, now: MonotonicTime) -> None:
        """Ask for a plan."""
        call = self._call.sounded(silence.last_up)
        self._count += 1
        request = MakePlan(
            id=self._count,
            context=self._window.notes(silence.last_up),
            window=self.settings.window,
            planner=Planner(policy, silence, max(note.end for note in call) - call[0].onset, self._time.heard(now)),
        )
        self._conversation.move(Cue.PLAN, Planning(silence, request.id))
        self._effects.ask(request)

    def planned(self, made: PlanMade, now: MonotonicTime) -> None:
        """A plan is made."""
        state = self._conversation.state
        if isinstance(state, Planning) and made.request == state.request:
            again = self.settings.pulse != OFF and now < state.silence.settled
            self._conversation.move(Cue.PLANNED, Planned(state.silence, made.plan, again))

    def respond(self, planned: Planned, responses: int) -> None:
        """Ask for the response to a call. `responses`: the number of earlier ones."""
        silence, plan = planned.silence, planned.plan
        self._count += 1
        request = Ask(
            id=self._count,
            context=self._window.notes(silence.last_up),
            gap=plan.start - self.last_onset,
            length=plan.length,
            longest=plan.longest,
            response=responses,
            sampling=self.settings.sampling,
            window=self.settings.window,
            grid=plan.grid.since(self.last_onset) if plan.grid is not None else None,
        )
        self._conversation.move(Cue.ASK, Asked(silence, plan, request.id))
        self._effects.ask(request)

    def predicted(self, predicted: Predicted, now: MonotonicTime) -> None:
        """A response is composed. It is scheduled now: its first note must not wait for that."""
        state = self._conversation.state
        if isinstance(state, Asked) and predicted.request == state.request:
            start = state.plan.late(now)
            notes = self.touch.fit(note for note in predicted.notes if note.pitch not in self._hands.pitches)
            ready = Ready(
                state.silence, state.plan, predicted._replace(notes=notes), start, tuple(scheduled(notes, start))
            )
            self._conversation.move(Cue.PREDICTED, ready)

    def failed(self, failed: Failed, now: MonotonicTime) -> None:
        """The model could not answer."""
        state = self._conversation.state
        if isinstance(state, Planning | Asked) and failed.request == state.request:
            self._conversation.move(Cue.FAILED, Listening())
            self._effects.publish(NoResponse(failed.error, now))

    def drop(self, at: MonotonicTime) -> None:
        """The player plays on, so the response is not needed."""
        state = self._conversation.state
        if isinstance(state, Asked | Ready):
            self._effects.publish(Unused(state.predicted.seconds if isinstance(state, Ready) else None, at))
