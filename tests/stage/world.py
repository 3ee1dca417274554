"""A session and the world around it, which checks the rules that hold on every path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mido import Message
from virtual_stage import Instrument, at, cc, off, on, stage_settings

from livegen.note import MonotonicTime
from livegen.stage.conversation import Listening, Playing, Responding
from livegen.stage.effects import Ask, KeyStuck, MakePlan, Send
from livegen.stage.events import (
    Event,
    Failed,
    InputClosed,
    InputOpened,
    OutputClosed,
    OutputOpened,
    Panic,
    Part,
    PortId,
    Predicted,
    Received,
    ResponseNote,
    SettingsChanged,
)
from livegen.stage.hands import LAYER, STUCK
from livegen.stage.held import Key
from livegen.stage.pairing import DRUMS, NOTES_OFF, Pairing
from livegen.stage.playable import playable
from livegen.stage.session import Session

INPUTS = {
    port: InputOpened(PortId(port), live=False, instrument=instrument)
    for port, instrument in (("left", "piano"), ("right", "organ"))
}
OUTPUTS = {
    opened.port: opened
    for opened in (
        OutputOpened(PortId("synth")),
        OutputOpened(PortId("piano"), instrument="piano"),
        OutputOpened(PortId("organ"), instrument="organ"),
        OutputOpened(PortId("jam.mid"), records=True),
    )
}
MOST_STEPS = 10_000


class World:
    """A session, and what is true outside of it: fingers, feet, ports and instruments."""

    def __init__(self, responses: list[list[ResponseNote]], outputs: list[str], changed: dict[str, Any]) -> None:
        self.settings = stage_settings(**{"hand_over": None} | changed)  # the soft pedal is music
        self.session = Session(self.settings)
        self.responses = [playable(sorted(notes, key=lambda note: note.offset)) for notes in responses]
        self.answered = 0
        self.asked: Ask | None = None
        self.now = at(0.0)
        self.fingers: Pairing[Key] = Pairing()
        self.pressed: dict[Key, tuple[float, bool]] = {}  # when, and whether it counts
        self.feet: set[Key] = set()
        self.used: set[int] = set()  # channels of the player's notes
        self.inputs: set[str] = set()
        self.outputs: set[str] = set()
        self.instruments = {output: Instrument() for output in OUTPUTS}
        for port in INPUTS:
            self.opens_input(port)
        for port in outputs:
            self.opens_output(port)

    # Time, and what the session does with it.

    def step(self, event: Event | None = None, *, cuts: bool = False, message: Message | None = None) -> list[Send]:
        """One event. `cuts`: it may end what the player holds. `message`: what the player does."""
        effects = self.session.step(event, self.now)
        sends = [effect for effect in effects if isinstance(effect, Send)]
        for send in sends:
            self._check(send, message, cuts=cuts)
            self.instruments[send.output].play(send)
        for effect in effects:
            if isinstance(effect, KeyStuck):
                since, _ = self.pressed[effect.port, effect.channel, effect.pitch]
                assert self.now - since >= STUCK - 1e-9
        self._check_instruments()
        for plan in [effect for effect in effects if isinstance(effect, MakePlan)]:
            self.step(plan.answer())
        for request in [effect for effect in effects if isinstance(effect, Ask)]:
            self.asked = request
            assert 1 <= len(request.context) <= request.window == self.settings.window
            assert request.gap >= 0
            assert self.settings.response_min <= request.length <= self.settings.response_max
            notes = self.responses[self.answered % len(self.responses)]
            self.answered += 1
            self.step(Predicted(request.id, notes, 0.0))
        return sends

    def _check(self, send: Send, message: Message | None, *, cuts: bool) -> None:
        sent = send.message
        assert send.output in self.outputs, "sent to an output that is closed"
        held = {key[1:] for key in self.fingers}
        if sent.type == "note_off" and not cuts and (sent.channel, sent.note) in held:
            again = message is not None and message.type == "note_on" and message.note == sent.note
            assert again and send.part is Part.CALL, "a key that the player holds was cut"
        if send.part is Part.RESPONSE and sent.type == "note_on":
            keeping = [since for since, counts in self.pressed.values() if counts and self.now - since < STUCK - 1e-9]
            assert not keeping, "it plays while the player does"
        if send.part is Part.RESPONSE and sent.type == "control_change" and not cuts:
            if sent.control == self.settings.state_control:
                return
            assert sent.control == 64
            feet = {channel for port, channel, control in self.feet if control == 64 and self._hears(channel)}
            assert not {sent.channel} & self.used & feet, "the player's pedal is moved"

    def _check_instruments(self) -> None:
        if isinstance(self.session.state, Responding):
            return
        held = {key[1:] for key in self.fingers}
        for port in self.outputs:
            instrument = self.instruments[port]
            assert instrument.sounding <= held, "a note sounds that nobody holds"
            if not self.feet:
                assert Part.RESPONSE not in instrument.pedals.values(), "our pedal stays down"

    def run(self, until: float) -> None:
        for _ in range(MOST_STEPS):
            due = self.session.next_due
            if due is None or due > until:
                self.now = MonotonicTime(max(self.now, until))
                return
            self.now = MonotonicTime(max(self.now, due))
            self.step()
        raise AssertionError("it is always due again")

    # What the player does.

    def hears(self, message: Message, port: str) -> None:
        is_open = port in self.inputs
        panic = self.settings.panic
        if is_open and panic is not None and panic.mine(message):
            if panic.pressed(message):
                self._panics(lambda: self.step(Received(message, self.now, PortId(port)), cuts=True))
                return
            control = message.type == "control_change"
            key = (port, message.channel, message.control if control else message.note)
            is_open = key in (self.feet if control else self.fingers)
        elif is_open and any(binding.control.mine(message) for binding in self.settings.bindings):
            control = message.type == "control_change"
            key = (port, message.channel, message.control if control else message.note)
            is_open = key in (self.feet if control else self.fingers)
        responding = isinstance(self.session.state, Responding)
        late = self._moves(message, port) if is_open else False
        sends = self.step(Received(message, self.now, PortId(port)), message=message, cuts=message.type == "reset")
        call = [send for send in sends if send.part is Part.CALL]
        for output in self.outputs:
            got = [send.message for send in call if send.output == output]
            if not is_open or late or not self._thru(output):
                assert all(sent.type == "note_off" for sent in got)
                continue
            if message.type not in ("note_on", "note_off") or (message.type == "note_on" and message.velocity):
                assert message in got, "thru is not complete"
                assert all(sent is message or sent.type in ("note_off", "control_change") for sent in got)
        struck = (port, message.channel, message.note) if message.type == "note_on" and message.velocity else None
        if responding and is_open and struck is not None and self.pressed[struck][1]:
            assert isinstance(self.session.state, Playing), "the first key did not end the response"

    def _moves(self, message: Message, port: str) -> bool:
        """What fingers and feet do. Returns whether it is the late note_off of a key that was struck again."""
        if message.type == "note_on" and message.velocity > 0:
            key = (PortId(port), message.channel, message.note)
            self.used.add(message.channel)
            self.pressed.pop(key, None)
            self.fingers.press(key, self.now)
            layer = any(
                self._hears(other[1]) and other[2] == key[2] and self.now - since <= LAYER
                for other, (since, _) in self.pressed.items()
            )
            self.pressed[key] = (self.now, self._hears(message.channel) and not layer)
        elif message.type in ("note_on", "note_off"):
            key = (PortId(port), message.channel, message.note)
            if key in self.fingers and not self.fingers.release(key, self.now):
                return True
            self.pressed.pop(key, None)
        elif message.type == "reset":
            self._lets_go(lambda key: key[0] == port)
            self.feet = {foot for foot in self.feet if foot[0] != port}
        elif message.type == "control_change":
            self._controls(message, port)
        return False

    def _controls(self, message: Message, port: str) -> None:
        here, foot = (port, message.channel), (PortId(port), message.channel, message.control)
        if message.control in NOTES_OFF:
            self._lets_go(lambda key: key[:2] == here)
        elif message.control == 121:
            self.feet = {foot for foot in self.feet if foot[:2] != here}
        elif message.control in (64, 66):
            down = message.value >= 64 or (foot in self.feet and message.value >= 48)
            (self.feet.add if down else self.feet.discard)(foot)

    def _lets_go(self, which: Callable[[Key], bool]) -> None:
        for key in [key for key in self.fingers if which(key)]:
            self.fingers.end(key)
            self.pressed.pop(key)

    def key(self, note: int, port: str) -> None:
        down = (port, 0, note) in self.fingers
        self.hears(off(note) if down else on(note), port)

    def strikes_again(self, port: str) -> None:
        """A legato repeat: the note_on comes first."""
        for _, channel, note in [key for key in self.fingers if key[0] == port]:
            self.hears(on(note, 70, channel), port)
            self.hears(off(note, channel), port)

    def octave_button(self, distance: int, port: str) -> None:
        """It was pressed while a key is down: its note_off comes as another note."""
        mine = [key for key in self.fingers if key[0] == port]
        if mine and port in self.inputs:
            key = mine[0]
            self.run(self.now + 2 * LAYER)  # or it may be a second note_off of the other key
            self.fingers.end(key)
            self.pressed.pop(key)
            message = off(key[2] + distance, key[1])
            self.step(Received(message, self.now, PortId(port)), message=message)
            assert key[1:] in {other[1:] for other in self.fingers} or all(
                key[1:] not in self.instruments[output].sounding or isinstance(self.session.state, Responding)
                for output in self.outputs
            )

    def foot(self, port: str) -> None:
        self.hears(cc(64, 0 if (port, 0, 64) in self.feet else 127), port)

    def rest(self) -> None:
        for port, channel, note in list(self.fingers):
            while (port, channel, note) in self.fingers:  # a key that was struck again has a late one
                self.hears(off(note, channel), port)
        self.run(self.now + 0.9)

    def interrupts(self) -> None:
        """A key goes down when a response has begun."""
        self.rest()
        for port in sorted(self.inputs)[:1]:
            self.key(62, port)

    def panic(self) -> None:
        self._panics(lambda: self.step(Panic(self.now), cuts=True))

    def _panics(self, how: Callable[[], object]) -> None:
        self._lets_go(lambda _: True)
        self.feet.clear()
        self.used.clear()
        how()
        assert isinstance(self.session.state, Listening)
        for port in self.outputs:
            assert self.instruments[port].sounding == set(), "a note sounds after a panic"
            assert self.instruments[port].pedals == {}, "a pedal is down after a panic"

    # What else happens.

    def fails(self) -> None:
        if self.asked is not None:
            self.step(Failed(self.asked.id, "no"))

    def sleeps(self) -> None:
        """The process stands still: the time of the next step passes without it."""

    def opens_input(self, port: str) -> None:
        if port in self.inputs:
            self._loses(port)
        self.inputs.add(port)
        self.step(INPUTS[port], cuts=True)

    def closes_input(self, port: str) -> None:
        self.inputs.discard(port)
        self._loses(port)
        self.step(InputClosed(PortId(port), self.now), cuts=True)

    def _loses(self, port: str) -> None:
        self._lets_go(lambda key: key[0] == port)
        self.feet = {foot for foot in self.feet if foot[0] != port}

    def opens_output(self, port: str) -> None:
        self.outputs.add(port)
        self.step(OUTPUTS[PortId(port)], cuts=True)

    def closes_output(self, port: str) -> None:
        self.step(OutputClosed(PortId(port), self.now), cuts=True)
        self.outputs.discard(port)
        assert self.instruments[port].sounding == set(), "a note hangs at an output that was closed"
        assert self.instruments[port].pedals == {}, "a pedal is down at an output that was closed"

    def changes(self, changed: dict[str, Any]) -> None:
        self.settings = stage_settings(**{"hand_over": None} | changed)  # the soft pedal is music
        self.step(SettingsChanged(self.settings), cuts=True)

    # What is true of settings and ports.

    def _hears(self, channel: int) -> bool:
        wanted = self.settings.channel
        return channel == wanted if isinstance(wanted, int) else wanted == "all" or channel != DRUMS

    def _thru(self, output: str) -> bool:
        opened = OUTPUTS[PortId(output)]
        if opened.records or self.settings.thru is not None:
            return opened.records or bool(self.settings.thru)
        return opened.instrument not in {INPUTS[port].instrument for port in self.inputs}

    def ends(self) -> None:
        self.rest()
        self.run(self.now + 60)
        for port in self.outputs:
            assert self.instruments[port].sounding == set(), "a note hangs"
        for port in list(self.inputs):
            self.hears(on(64, channel=1), port)
            self.closes_input(port)
        self.run(self.now + 60)
        assert self.session.finished, "it does not come to its end"
        for effect in self.session.close(self.now):
            if isinstance(effect, Send):
                self.instruments[effect.output].play(effect)
        for instrument in self.instruments.values():
            assert instrument.sounding == set(), "a note hangs"
            assert instrument.pedals == {}, "a pedal stays down"
