"""Takes in what the player does: keys and pedals into `Hands`, thru to the outputs, the rest to the conversation."""

from __future__ import annotations

from livegen.note import MonotonicTime
from livegen.stage.controls import Controls, Wanted
from livegen.stage.effects import Effects, Ignored, NoteStarted, PedalMoved, Silenced, Unheard, Used
from livegen.stage.events import InputOpened, Part, PortId, Received
from livegen.stage.gesture import Gesture
from livegen.stage.hands import Hands
from livegen.stage.held import NOTHING, Change
from livegen.stage.mixer import Mixer
from livegen.stage.pedals import HOLDING
from livegen.stage.settings import StageSettings
from livegen.stage.turns import Turns

CLOCK = frozenset(("clock", "start", "continue", "stop", "songpos"))


class Listener:
    """Listens to one player on all inputs.

    Args:
        settings: of the stage.
        hands: gets the keys and pedals.
        mixer: forwards the messages.
        turns: the conversation.
        effects: collects the notices.
    """

    def __init__(self, settings: StageSettings, hands: Hands, mixer: Mixer, turns: Turns, effects: Effects) -> None:
        self._hands, self._mixer, self._turns, self._effects = hands, mixer, turns, effects
        self._controls = Controls(settings, hands)
        self.gesture = Gesture(settings.gesture)
        self._unheard: set[int] = set()  # channels

    def change(self, settings: StageSettings) -> None:
        """New settings."""
        self._hands.channel = settings.channel
        self._controls.change(settings)
        self.gesture.change(settings.gesture)

    def hear(self, event: Received) -> Change:
        """Take in a message and forward it. `answer` must follow when it is sent: thru does not wait for the rest."""
        message, at, port = event.message, event.at, event.port
        if self._is_ignored(event):
            self._effects.publish(Ignored(event))
            return NOTHING
        change = self._hands.hear(message, at, port)
        self._mixer.forward(message, change, at)
        return change

    def answer(self, event: Received, change: Change) -> None:
        """Do what follows from a message."""
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
        action = self.gesture.take(event)
        if action is not None:
            if action:
                self._effects.use(Used(action, 1.0, at))
            return True
        wanted = self._controls.hear(message, port)
        if wanted is None:
            return False
        self._use(wanted, at, port)
        for action, position in wanted.used:
            self._effects.use(Used(action, position, at))
        return True

    def _use(self, wanted: Wanted, at: MonotonicTime, port: PortId) -> None:
        match wanted.control:
            case "panic" if wanted.down:
                self.panic(at)
            case "tap" if wanted.pressed:
                self._turns.time.tap(at)
            case "hand_over" if wanted.pressed:
                self._turns.hand_over(at)
            case "not_done":
                self._hands.not_done.say(port, at, down=wanted.down)
                self._keep_turn(at)

    def _keep_turn(self, at: MonotonicTime) -> None:
        """The player says that they are not done, or no longer."""
        if self._hands.keeps_turn:
            self._turns.take_back(at)
        else:
            self._turns.keys_up(at)

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

    def _publish_unheard(self, port: PortId, channel: int, at: MonotonicTime) -> None:
        if not self._hands.hears(port, channel) and channel not in self._unheard:
            self._unheard.add(channel)
            self._effects.publish(Unheard(channel, at))

    def open_input(self, opened: InputOpened, at: MonotonicTime) -> None:
        """Listen to a port."""
        if self._mixer.is_open(opened.port):  # it was lost without an InputClosed
            self.close_input(opened.port, at)
        self._mixer.open_input(opened, at)

    def close_input(self, port: PortId, at: MonotonicTime) -> None:
        """A port is closed or lost: its keys and pedals go up."""
        self._controls.forget(port)
        self.gesture.forget(port)
        change = self._hands.forget(at, port)
        self._mixer.close_input(port, change, at)
        self._act(change, at)

    def panic(self, at: MonotonicTime) -> None:
        """End everything that sounds, and forget what the player holds."""
        self._turns.panic(at)
        for held in self._hands.forget(at).released:
            if held.counts:
                self._turns.note_ended(held, at)
        self._mixer.panic(at)
        self._effects.publish(Silenced(at))
