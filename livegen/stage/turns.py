"""Runs the conversation: adds notes to the window, asks the model, and plays the response.

It reacts to keys, pedals and time (`play_due`). The answers of the model go to `requests`.
"""

from __future__ import annotations

from livegen.note import MonotonicTime, NoteWindow
from livegen.stage.conversation import (
    Conversation,
    Cue,
    Listening,
    Pausing,
    Planned,
    Planning,
    Playing,
    Ready,
    Responding,
    Waiting,
)
from livegen.stage.effects import CallEnded, Effects, KeyStuck, NoResponse, NoteEnded, PatienceChanged
from livegen.stage.events import Part
from livegen.stage.hands import Hands
from livegen.stage.held import Held
from livegen.stage.intime import InTime
from livegen.stage.mixer import Mixer
from livegen.stage.patience import WRONG, Patience
from livegen.stage.policy import Pause, Policy, Respond
from livegen.stage.requests import Requests
from livegen.stage.responder import Responder
from livegen.stage.settings import StageSettings
from livegen.stage.silence import HandedOver


class Turns:
    """One player and livegen, in turn.

    Args:
        settings: of the stage.
        hands: the keys and pedals that the player holds.
        mixer: gets the response.
        effects: collects requests and notices.
    """

    def __init__(self, settings: StageSettings, hands: Hands, mixer: Mixer, effects: Effects) -> None:
        self._settings, self._hands, self._mixer, self._effects = settings, hands, mixer, effects
        self._conversation = Conversation()
        self._policy: Policy = Respond(settings)
        self._window = NoteWindow(settings.window)
        self._call = NoteWindow(None)
        self._responder = Responder(mixer, self._window, effects)
        self.time = InTime(settings)
        self._patience = Patience(settings.patience)
        self.requests = Requests(settings, self._conversation, self._window, self._call, self.time, hands, effects)

    @property
    def conversation(self) -> Conversation:
        return self._conversation

    @property
    def next_due(self) -> MonotonicTime | None:
        """When `play_due` has something to do, if no event comes before."""
        match self._conversation.state:
            case Playing():
                return self._hands.next_stuck
            case Waiting() | Planned() | Ready() as state:
                return state.due
            case Responding():
                return self._responder.next_due
        return None

    def change(self, settings: StageSettings) -> None:
        """New settings: silences and limits apply to the next response, the window's size at once."""
        self._settings, self._policy = settings, Respond(settings)
        self.requests.settings = settings
        self._patience.change(settings.patience)
        self.time.change(settings)
        self._window.resize(settings.window)

    # The call.

    def key_down(self, held: Held) -> None:
        """The player presses a key."""
        at = held.struck.onset
        state = self._conversation.state
        if isinstance(state, Responding):
            self._responder.end(at, interrupted=True, by_player=True)
            if at < state.since + WRONG and self._settings.silence is None:
                self._patience.interrupted()
                self._effects.publish(PatienceChanged(self._patience.factor(at), at))
        self.requests.drop(at)
        if not self._conversation.in_call:
            self._call.clear()
            if self._settings.silence is None:
                self._patience.begin(at)
        self._conversation.move(Cue.KEY_DOWN, Playing())
        self._window.begin(held.struck)
        self._call.begin(held.struck)
        self.time.hear(held.struck)
        self.requests.touch.hear(held.struck.velocity)

    def note_ended(self, held: Held, at: MonotonicTime) -> None:
        """A note of the player ends."""
        self._window.end(held.struck, at)
        self._call.end(held.struck, at)
        self._effects.publish(NoteEnded(Part.CALL, held.struck.ended(at), held.key[0]))

    def keys_up(self, last_up: MonotonicTime) -> None:
        """The last key that kept the turn is up."""
        self._pause(last_up, last_up)

    def pedal_moved(self, at: MonotonicTime) -> None:
        """A pedal that holds notes moved: the silence that ends the call may change, unless it is over."""
        state = self._conversation.state
        if isinstance(state, Pausing):
            over = state.silence.latest if isinstance(state, Waiting | Planning) else state.plan.ends
            if at < over:
                self._pause(state.silence.last_up, at)

    def _pause(self, last_up: MonotonicTime, at: MonotonicTime) -> None:
        state = self._conversation.state
        if not isinstance(state, Playing | Pausing):
            return
        if isinstance(state, Pausing) and isinstance(state.silence, HandedOver):
            return
        pause = Pause(self.requests.last_onset, last_up, at, self._hands.pedals.hold, self._patience.cost(at))
        silence = self._policy.silence(pause)
        if isinstance(state, Playing) or silence != state.silence:
            self._conversation.move(Cue.KEYS_UP, Waiting(silence))

    def hand_over(self, at: MonotonicTime) -> None:
        """The player gives the turn to livegen, whether or not they hold keys."""
        if isinstance(self._conversation.state, Playing | Pausing):
            self._conversation.move(Cue.KEYS_UP, Waiting(HandedOver(at)))

    def take_back(self, at: MonotonicTime) -> None:
        """The player is not done: the call goes on as if a key were down."""
        if isinstance(self._conversation.state, Pausing):
            self.requests.drop(at)
            self._conversation.move(Cue.KEY_DOWN, Playing())

    # Time passes.

    def play_due(self, now: MonotonicTime) -> None:
        """Do everything that is due. `record` must follow when the messages are sent."""
        if isinstance(self._conversation.state, Playing):
            self._check_stuck(now)
        state = self._conversation.state
        if isinstance(state, Planned) and now >= state.ask_at:
            self.requests.respond(state, self._responder.responses)
        elif isinstance(state, Waiting | Planned) and now >= state.due:
            self.requests.plan(state.silence, self._policy, now)
        elif isinstance(state, Ready) and now >= state.due:
            self._begin_response(state)
        if isinstance(self._conversation.state, Responding):
            self._play(now)

    def _check_stuck(self, now: MonotonicTime) -> None:
        for held in self._hands.take_stuck(now):
            port, channel, pitch = held.key
            self._effects.publish(KeyStuck(port, channel, pitch, now - held.struck.onset))
        if not self._hands.keeps_turn:
            self.keys_up(now)

    def _begin_response(self, ready: Ready) -> None:
        self._effects.publish(CallEnded(self._call.sounded(ready.silence.last_up), ready.plan.start))
        self._patience.end(ready.due)
        if ready.predicted.notes and self._mixer.has_outputs:
            self._conversation.move(Cue.BEGIN, Responding(ready.due))
            self._responder.begin(ready, self._patience.factor(ready.due))
        else:
            why = "the model returned no notes" if self._mixer.has_outputs else "no output is there to play on"
            self._conversation.move(Cue.EMPTY, Listening())
            self._effects.publish(NoResponse(why, ready.due))

    def _play(self, now: MonotonicTime) -> None:
        last = self._responder.play(now)
        if not self._responder.playing:
            self.record()
            self._responder.end(last, interrupted=False)
            self._conversation.move(Cue.FINISHED, Listening())

    def record(self) -> None:
        """Publish what was played, and remember it."""
        self._responder.record(remember=self._settings.window_of_both)

    # The end.

    def stop(self, at: MonotonicTime) -> None:
        """End a response, if there is one."""
        if isinstance(self._conversation.state, Responding):
            self._responder.end(at, interrupted=True)
            self._conversation.move(Cue.PANIC, Listening())

    def panic(self, at: MonotonicTime) -> None:
        """Back to listening."""
        self.stop(at)
        if not isinstance(self._conversation.state, Listening):
            self._conversation.move(Cue.PANIC, Listening())
