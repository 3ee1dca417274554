"""The pure core: one event in, a list of effects out. No clock, port, thread or file.

    effects = session.step(event, now)    # event is None when only time has passed
    event = inbox.get(session.next_due)   # repeat

It connects the parts: `Hands` (what the player holds), `Mixer` with its outputs (what sounds where) and `Turns` (whose
turn it is, and the response).
"""

from __future__ import annotations

from collections.abc import Iterator

from mido import Message

from livegen.note import MonotonicTime
from livegen.stage.bindings import Bindings
from livegen.stage.conversation import Listening, State
from livegen.stage.effects import (
    Effect,
    Effects,
    Ignored,
    NoteStarted,
    PedalMoved,
    Silenced,
    TurnChanged,
    Unheard,
    Used,
)
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
    Turn,
)
from livegen.stage.hands import Hands
from livegen.stage.held import NOTHING, Change
from livegen.stage.mixer import Mixer
from livegen.stage.pedals import HOLDING
from livegen.stage.settings import StageSettings
from livegen.stage.turns import Turns

CLOCK = frozenset(("clock", "start", "continue", "stop", "songpos"))


class Session:
    """One player, one conversation, any number of inputs and outputs."""

    def __init__(self, settings: StageSettings) -> None:
        self._settings = settings
        self._effects = Effects()
        self._hands = Hands(settings.channel)
        self._mixer = Mixer(settings, self._hands, self._effects)
        self._turns = Turns(settings, self._hands, self._mixer, self._effects)
        self._bindings = Bindings(settings.bindings)
        self._turn = Turn.IDLE
        self._unheard: set[int] = set()  # channels
        self._tapping = False  # the tap control is down

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
        return [effect for part in self.parts(event, now) for effect in part]

    def parts(self, event: Event | None, now: MonotonicTime) -> Iterator[list[Effect]]:
        """The same effects as those of `step`, in parts: what is urgent comes before the rest is worked out."""
        if isinstance(event, Received):
            change = self._hear(event)
            yield from self._sent(now)
            self._answer(event, change)
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
        """Report whose turn it is, if that has changed."""
        if turn is not self._turn:
            self._turn = turn
            self._mixer.show(turn, now)
            self._effects.publish(TurnChanged(turn, now))

    def _take_in(self, event: Event | None, now: MonotonicTime) -> None:
        match event:
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
                if settings.bindings != self._bindings.bound:
                    self._bindings = Bindings(settings.bindings)
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
        self._bindings.forget(port)
        change = self._hands.forget(at, port)
        self._mixer.close_input(port, change, at)
        self._act(change, at)

    def _hear(self, event: Received) -> Change:
        """Take in a message and forward it."""
        message, at, port = event.message, event.at, event.port
        if self._is_ignored(event):
            self._effects.publish(Ignored(event))
            return NOTHING
        change = self._hands.hear(message, at, port)
        self._mixer.forward(message, change, at)
        return change

    def _answer(self, event: Received, change: Change) -> None:
        """Do what follows from a message of the player."""
        if change is NOTHING:
            return
        message = event.message
        self._act(change, event.at)
        if change.pedal and message.type == "control_change" and message.control in HOLDING:
            down = self._hands.pedals.is_down(message.channel, message.control)
            self._effects.publish(PedalMoved(Part.CALL, message.control, down, event.at))

    def _is_ignored(self, event: Received) -> bool:
        """Whether a message is not music. If it comes from a control, that is used."""
        message, at, port = event.message, event.at, event.port
        if not self._mixer.is_open(port):
            return True  # sent before the input was closed; nothing would end a note that it begins
        if self._mixer.is_live(port) and self._mixer.echo.heard(message, at, port, self._hands):
            return True
        if message.type in CLOCK:
            self._turns.time.follow(message, at)
        return self._is_control(message, at, port)

    def _releases(self, message: Message, port: PortId) -> bool:
        """Whether a key or pedal goes up that was pressed as music, before it became a control of livegen."""
        return message.type != "program_change" and self._hands.has_down(message, port)

    def _is_control(self, message: Message, at: MonotonicTime, port: PortId) -> bool:
        """Whether a message comes from the panic control, the tap control or a bound one, and does what that is for."""
        panic, tap = self._settings.panic, self._settings.tap
        if panic is not None and panic.mine(message):
            pressed = panic.pressed(message)
            if pressed:
                self._panic(at)
        elif tap is not None and tap.mine(message):
            pressed = tap.pressed(message)
            if pressed and not self._tapping:
                self._turns.time.tap(at)
            self._tapping = pressed
        elif message in self._bindings and not self._releases(message, port):
            for action, position in self._bindings.hear(message, port):
                self._effects.use(Used(action, position, at))
            return True
        else:
            return False
        return pressed or not self._releases(message, port)

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
