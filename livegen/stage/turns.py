"""Runs the conversation: adds notes to the window, asks the model, and plays the response.

It reacts to keys and pedals (`key_down`, `keys_up`, `pedal_moved`), to the model (`predicted`, `failed`) and to time
(`play_due`).
"""

from __future__ import annotations

from livegen.note import MonotonicTime, NoteWindow
from livegen.stage.conversation import Asked, Conversation, Cue, Listening, Playing, Ready, Responding, Waiting
from livegen.stage.effects import CallEnded, Effects, KeyStuck, NoResponse, NoteEnded
from livegen.stage.events import Failed, Part, Predicted
from livegen.stage.hands import Hands
from livegen.stage.held import Held
from livegen.stage.intime import InTime
from livegen.stage.mixer import Mixer
from livegen.stage.policy import Policy, Respond
from livegen.stage.requests import Requests, late
from livegen.stage.responder import Responder
from livegen.stage.scheduler import scheduled
from livegen.stage.settings import StageSettings


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
        self._silent = MonotonicTime(0.0)  # when the silence is long enough: on the pulse, a response begins later
        self._requests = Requests(self._window, self._call, self.time)

    @property
    def conversation(self) -> Conversation:
        return self._conversation

    @property
    def next_due(self) -> MonotonicTime | None:
        """When `play_due` has something to do, if no event comes before."""
        match self._conversation.state:
            case Playing():
                return self._hands.next_stuck
            case Waiting() as waiting:
                return waiting.ask_at
            case Ready(ends=ends):
                return ends
            case Responding():
                return self._responder.next_due
        return None

    def change(self, settings: StageSettings) -> None:
        """New settings: silences and limits apply to the next response, the window's size at once."""
        self._settings, self._policy = settings, Respond(settings)
        self.time.change(settings)
        self._window.resize(settings.window)

    # The call.

    def key_down(self, held: Held) -> None:
        """The player presses a key."""
        at = held.struck.onset
        if isinstance(self._conversation.state, Responding):
            self._responder.end(at, interrupted=True, by_player=True)
        if not self._conversation.in_call:
            self._call.clear()
        self._conversation.move(Cue.KEY_DOWN, Playing())
        self._window.begin(held.struck)
        self._call.begin(held.struck)
        self.time.hear(held.struck)

    def note_ended(self, held: Held, at: MonotonicTime) -> None:
        """A note of the player ends."""
        self._window.end(held.struck, at)
        self._call.end(held.struck, at)
        self._effects.publish(NoteEnded(Part.CALL, held.struck.ended(at), held.key[0]))

    def keys_up(self, last_up: MonotonicTime) -> None:
        """The last key that kept the turn is up."""
        self._plan(last_up, last_up)

    def pedal_moved(self, at: MonotonicTime) -> None:
        """A pedal that holds notes moved: the silence that ends the call may change, unless it is over."""
        state = self._conversation.state
        if isinstance(state, Waiting | Asked | Ready) and at < state.ends:
            self._plan(state.last_up, at)

    def _plan(self, last_up: MonotonicTime, at: MonotonicTime) -> None:
        state = self._conversation.state
        if not isinstance(state, Playing | Waiting | Asked | Ready):
            return
        ends = self._policy.end_of_turn(last_up, at, pedal_down=self._hands.pedals.hold)
        if isinstance(state, Playing) or ends != self._silent:
            self._silent = ends
            self._conversation.move(Cue.KEYS_UP, Waiting(last_up, ends))

    # The request and the prediction.

    def predicted(self, predicted: Predicted, now: MonotonicTime) -> None:
        state = self._conversation.state
        if isinstance(state, Asked) and predicted.request == state.request.id:
            start = state.ends if now <= state.ends else late(state, now)
            strokes = tuple(scheduled(predicted.notes, start))  # now: the first note must not wait for it
            ready = Ready(state.last_up, state.ends, predicted, start, strokes, state.request.grid)
            self._conversation.move(Cue.PREDICTED, ready)

    def failed(self, failed: Failed, now: MonotonicTime) -> None:
        state = self._conversation.state
        if isinstance(state, Asked) and failed.request == state.request.id:
            self._conversation.move(Cue.FAILED, Listening())
            self._effects.publish(NoResponse(failed.error, now))

    def _ask(self, waiting: Waiting, now: MonotonicTime) -> None:
        request, begins = self._requests.make(
            waiting, now, self._policy, self._settings, responses=self._responder.responses
        )
        self._conversation.move(Cue.ASK, Asked(waiting.last_up, begins, request))
        self._effects.ask(request)

    # Time passes.

    def play_due(self, now: MonotonicTime) -> None:
        """Do everything that is due. `record` must follow when the messages are sent."""
        if isinstance(self._conversation.state, Playing):
            self._check_stuck(now)
        state = self._conversation.state
        if isinstance(state, Waiting) and now >= state.ask_at:
            self._ask(state, now)
        elif isinstance(state, Ready) and now >= state.ends:
            self._begin_response(state)
        if isinstance(self._conversation.state, Responding):
            self._play(now)

    def _check_stuck(self, now: MonotonicTime) -> None:
        stuck = self._hands.take_stuck(now)
        for held in stuck:
            port, channel, pitch = held.key
            self._effects.publish(KeyStuck(port, channel, pitch, now - held.struck.onset))
        if stuck and not self._hands.keeps_turn:
            self.keys_up(now)

    def _begin_response(self, ready: Ready) -> None:
        self._effects.publish(CallEnded(self._call.sounded(ready.last_up), ready.ends))
        if ready.predicted.notes and self._mixer.has_outputs:
            self._conversation.move(Cue.BEGIN, Responding())
            self._responder.begin(ready)
        else:
            why = "the model returned no notes" if self._mixer.has_outputs else "no output is there to play on"
            self._conversation.move(Cue.EMPTY, Listening())
            self._effects.publish(NoResponse(why, ready.start))

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
