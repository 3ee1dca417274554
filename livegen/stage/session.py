"""The pure core: one event in, a list of effects out. No clock, port, thread or file.

    effects = session.step(event, now)    # event is None when only time has passed
    event = inbox.get(session.next_due)   # repeat

It connects the parts: `Listener` (what the player does) with `Hands` (what they hold), `Mixer` with its outputs (what
sounds where), and `Turns` (whose turn it is, and the response).
"""

from __future__ import annotations

from collections.abc import Iterator

from livegen.note import MonotonicTime
from livegen.stage.conversation import Listening, Responding, State
from livegen.stage.effects import (
    Effect,
    Effects,
    PulseChanged,
    TurnChanged,
)
from livegen.stage.events import (
    Event,
    Failed,
    InputClosed,
    InputOpened,
    OutputClosed,
    OutputOpened,
    Panic,
    PlanMade,
    PortEvent,
    Predicted,
    Received,
    SettingsChanged,
    Turn,
)
from livegen.stage.hands import Hands
from livegen.stage.listener import Listener
from livegen.stage.mixer import Mixer
from livegen.stage.settings import StageSettings
from livegen.stage.turns import Turns


class Session:
    """One player, one conversation, any number of inputs and outputs."""

    def __init__(self, settings: StageSettings) -> None:
        self._effects = Effects()
        self._hands = hands = Hands(settings.channel)
        self._mixer = Mixer(settings, hands, self._effects)
        self._turns = Turns(settings, hands, self._mixer, self._effects)
        self._listener = Listener(settings, hands, self._mixer, self._turns, self._effects)
        self._turn = Turn.IDLE
        self._pulse = self._turns.time.shown

    @property
    def state(self) -> State:
        """Whose turn it is."""
        return self._turns.conversation.state

    @property
    def next_due(self) -> MonotonicTime | None:
        """When `sort` and `step` must be called next, if no event comes before."""
        dues = [due for due in (self._listener.gesture.due, self._turns.next_due) if due is not None]
        return min(dues) if dues else None

    @property
    def finished(self) -> bool:
        """Whether all inputs are closed and the last response has ended."""
        return not self._mixer.has_inputs and isinstance(self.state, Listening)

    @property
    def has_outputs(self) -> bool:
        return self._mixer.has_outputs

    def sort(self, event: Event | None, now: MonotonicTime) -> tuple[Event | None, ...]:
        """The events to handle now, each with `step` or `parts`: a key that may begin a gesture is held back."""
        gesture = self._listener.gesture
        if gesture.wanted is None and gesture.due is None:
            return (event,)
        silent = self._hands.empty and not isinstance(self.state, Responding)
        return gesture.sort(event, now, silent=silent)

    def step(self, event: Event | None, now: MonotonicTime) -> list[Effect]:
        """Handle an event, and do what is due.

        Args:
            event: what happened; None when only time has passed.
            now: the time, at or after that of the event.

        Returns:
            First all messages to send, in order, then a request for the model, then the notices.
        """
        return [effect for part in self.parts(event, now) for effect in part]

    def parts(self, event: Event | None, now: MonotonicTime) -> Iterator[list[Effect]]:
        """The same effects as those of `step`, in parts: what is urgent comes before the rest is worked out."""
        if isinstance(event, Received):
            change = self._listener.hear(event)
            yield from self._sent(now)
            self._listener.answer(event, change)
        else:
            self._take_in(event, now)
        self._turns.play_due(now)
        yield from self._sent(now)
        self._turns.record()
        self._show(self._turns.conversation.turn, now)
        yield from self._sent(now)
        yield self._effects.take()

    def _sent(self, now: MonotonicTime) -> Iterator[list[Effect]]:
        """The effects up to now, if there are messages to send. They are remembered when they are sent."""
        if sends := self._effects.sends:
            yield self._effects.take()
            self._mixer.remember(sends, now)

    def close(self, now: MonotonicTime) -> list[Effect]:
        """End all sounding notes. Called when the program ends, for whatever reason."""
        self._turns.stop(now)
        self._mixer.close(now)
        self._show(Turn.IDLE, now)
        return self._effects.take()

    def _show(self, turn: Turn, now: MonotonicTime) -> None:
        """Report whose turn it is, and the pulse, if they have changed."""
        if turn is not self._turn:
            self._turn = turn
            self._mixer.show(turn, now)
            self._effects.publish(TurnChanged(turn, now))
        pulse = self._turns.time.shown
        if pulse is not self._pulse:
            self._pulse = pulse
            self._effects.publish(PulseChanged(pulse.tempo, pulse.certainty, pulse.bar, now))

    def _take_in(self, event: Event | None, now: MonotonicTime) -> None:
        match event:
            case PlanMade():
                self._turns.requests.planned(event, now)
            case Predicted():
                self._turns.requests.predicted(event, now)
            case Failed():
                self._turns.requests.failed(event, now)
            case Panic(at):
                self._listener.panic(at)
            case SettingsChanged(settings):
                self._listener.change(settings)
                self._mixer.change(settings, now)
                self._turns.change(settings)
            case InputOpened() | InputClosed() | OutputOpened() | OutputClosed():
                self._change_ports(event, now)

    def _change_ports(self, event: PortEvent, now: MonotonicTime) -> None:
        match event:
            case InputOpened():
                self._listener.open_input(event, now)
            case InputClosed(port, at):
                self._listener.close_input(port, at)
            case OutputOpened():
                self._mixer.open_output(event, now)
            case OutputClosed(port, at):
                self._mixer.close_output(port, at)
                if not self._mixer.has_outputs:
                    self._turns.stop(at)
