"""The pure core: one event in, a list of effects out. No clock, port, thread or file.

    effects = session.step(event, now)    # event is None when only time has passed
    event = inbox.get(session.next_due)   # repeat

It connects the parts: `Hands` (what the player holds), `Mixer` with its outputs (what sounds where) and `Turns` (whose
turn it is, and the response).
"""

from __future__ import annotations

from livegen.note import MonotonicTime
from livegen.stage.conversation import Listening, State
from livegen.stage.effects import Effect, Effects, NoteStarted, PedalMoved, Silenced, Unheard
from livegen.stage.events import (
    Event,
    Failed,
    InputClosed,
    InputOpened,
    OutputClosed,
    OutputOpened,
    Panic,
    Part,
    PortEvent,
    PortId,
    Predicted,
    Received,
    SettingsChanged,
)
from livegen.stage.hands import Change, Hands
from livegen.stage.mixer import Mixer
from livegen.stage.pedals import HOLDING
from livegen.stage.settings import StageSettings
from livegen.stage.turns import Turns


class Session:
    """One player, one conversation, any number of inputs and outputs."""

    def __init__(self, settings: StageSettings) -> None:
        self._settings = settings
        self._effects = Effects()
        self._hands = Hands(settings.channel)
        self._mixer = Mixer(settings, self._hands, self._effects)
        self._turns = Turns(settings, self._hands, self._mixer, self._effects)
        self._unheard: set[int] = set()  # channels

    @property
    def state(self) -> State:
        """Whose turn it is."""
        return self._turns.conversation.state

    @property
    def next_due(self) -> MonotonicTime | None:
        """When `step` must be called next, if no event comes before."""
        return self._turns.next_due

    @property
    def finished(self) -> bool:
        """Whether all inputs are closed and the last response has ended."""
        return not self._mixer.has_inputs and isinstance(self.state, Listening)

    @property
    def has_outputs(self) -> bool:
        return self._mixer.has_outputs

    def step(self, event: Event | None, now: MonotonicTime) -> list[Effect]:
        """Handle an event, and do what is due.

        Args:
            event: what happened; None when only time has passed.
            now: the time, at or after that of the event.

        Returns:
            First all messages to send, in order, then a request for the model, then the notices.
        """
        self._take_in(event, now)
        self._turns.play_due(now)
        return self._taken(now)

    def close(self, now: MonotonicTime) -> list[Effect]:
        """End all sounding notes. Called when the program ends, for whatever reason."""
        self._turns.stop(now)
        self._mixer.close(now)
        return self._taken(now)

    def _taken(self, now: MonotonicTime) -> list[Effect]:
        self._mixer.remember(self._effects.sends, now)
        return self._effects.take()

    def _take_in(self, event: Event | None, now: MonotonicTime) -> None:
        match event:
            case Received():
                self._receive(event)
            case Predicted():
                self._turns.predicted(event, now)
            case Failed():
                self._turns.failed(event, now)
            case Panic(at):
                self._panic(at)
            case SettingsChanged(settings):
                self._settings = settings
                self._hands.channel = settings.channel
                self._mixer.change(settings, now)
                self._turns.change(settings)
            case InputOpened() | InputClosed() | OutputOpened() | OutputClosed():
                self._change_ports(event, now)

    def _change_ports(self, event: PortEvent, now: MonotonicTime) -> None:
        match event:
            case InputOpened():
                self._open_input(event, now)
            case InputClosed(port, at):
                self._close_input(port, at)
            case OutputOpened():
                self._mixer.open_output(event, now)
            case OutputClosed(port, at):
                self._mixer.close_output(port, at)
                if not self._mixer.has_outputs:
                    self._turns.stop(at)

    def _open_input(self, opened: InputOpened, at: MonotonicTime) -> None:
        if self._mixer.is_open(opened.port):  # it was lost without an InputClosed
            self._close_input(opened.port, at)
        self._mixer.open_input(opened, at)

    def _close_input(self, port: PortId, at: MonotonicTime) -> None:
        change = self._hands.forget(at, port)
        self._mixer.close_input(port, change, at)
        self._act(change, at)

    def _receive(self, event: Received) -> None:
        message, at, port = event.message, event.at, event.port
        if not self._mixer.is_open(port):
            return  # sent before the input was closed; nothing would end a note that it begins
        if self._mixer.is_live(port) and self._mixer.echo.heard(message, at, port, self._hands):
            return
        panic = self._settings.panic
        if panic is not None and panic.mine(message):
            if panic.pressed(message):
                self._panic(at)
                return
            if not self._hands.has_down(message, port):  # else it was pressed before it became the panic control
                return
        change = self._hands.hear(message, at, port)
        self._mixer.forward(message, change, at)
        self._act(change, at)
        if change.pedal and message.type == "control_change" and message.control in HOLDING:
            down = self._hands.pedals.is_down(message.channel, message.control)
            self._effects.publish(PedalMoved(Part.CALL, message.control, down, at))

    def _act(self, change: Change, at: MonotonicTime) -> None:
        """Pass the effect of a message to the conversation."""
        if change.released or change.pedal:
            self._mixer.settle(at)
        ended = [held for held in change.released if held.counts]
        for held in ended:
            self._turns.note_ended(held, at)
        pressed = change.pressed
        if pressed is not None and pressed.counts:
            self._effects.publish(
                NoteStarted(Part.CALL, pressed.struck.pitch, pressed.struck.velocity, at, pressed.key[0])
            )
            self._turns.key_down(pressed)
            return
        if pressed is not None:
            self._publish_unheard(*pressed.key[:2], at)
        if self._hands.keeps_turn:
            return
        if ended:
            self._turns.keys_up(at)
        elif change.pedal:
            self._turns.pedal_moved(at)

    def _panic(self, at: MonotonicTime) -> None:
        self._turns.panic(at)
        for held in self._hands.forget(at).released:
            if held.counts:
                self._turns.note_ended(held, at)
        self._mixer.panic(at)
        self._effects.publish(Silenced(at))

    def _publish_unheard(self, port: PortId, channel: int, at: MonotonicTime) -> None:
        if not self._hands.hears(port, channel) and channel not in self._unheard:
            self._unheard.add(channel)
            self._effects.publish(Unheard(channel, at))
