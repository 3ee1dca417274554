"""A session with a virtual clock: no thread, no port, no model; instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from mido import Message

from livegen.config.settings import Settings
from livegen.encoding import TIME_BINS, time_bin
from livegen.live import daemon
from livegen.note import MonotonicTime, Pedal
from livegen.stage.conversation import State
from livegen.stage.effects import Ask, Effect, MakePlan, Notice, Send
from livegen.stage.events import (
    Event,
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
from livegen.stage.plan import Expected
from livegen.stage.session import Session
from livegen.stage.settings import StageSettings

RESPONSE = (ResponseNote(60, 0.0, 0.5, 80), ResponseNote(64, 0.2, 0.5, 70), ResponseNote(67, 1.0, 0.25, 60))
PEDALLED = (
    ResponseNote(60, 0.0, 0.5, 80, Pedal(down=True, pressed=0.3)),
    ResponseNote(64, 0.2, 0.5, 70, Pedal(down=True)),
    ResponseNote(67, 1.0, 0.25, 60, Pedal(down=True, pressed=0.2, lifted=0.4)),
)

PIANO = "piano"
"""The player's own instrument."""

MOST_STEPS = 100_000
"""A session that is due again and again without anything happening is a bug."""

N = TypeVar("N")

RESPONSE_OF_60_64_67 = [
    (2.1, "note_on", 60),
    (2.3, "note_on", 64),
    (2.6, "note_off", 60),
    (2.8, "note_off", 64),
    (3.1, "note_on", 67),
    (3.35, "note_off", 67),
]
"""What the stage plays after that phrase of three notes."""


def at(seconds: float) -> MonotonicTime:
    return MonotonicTime(seconds)


def on(note: int, velocity: int = 64, channel: int = 0) -> Message:
    return Message("note_on", note=note, velocity=velocity, channel=channel)


def off(note: int, channel: int = 0) -> Message:
    return Message("note_off", note=note, channel=channel)


def cc(control: int, value: int = 0, channel: int = 0) -> Message:
    return Message("control_change", control=control, value=value, channel=channel)


def stage_settings(**changes: Any) -> StageSettings:
    """Those of a daemon without any options, but for the changes, with a fixed silence and without a pulse."""
    return daemon.stage_settings(Settings(pulse="off", silence=0.7))._replace(**changes)


def expecting(*likely: tuple[float, float]) -> list[float]:
    """The step's probabilities if the model expects these steps, in s, each with its probability."""
    steps = [0.0] * TIME_BINS
    for seconds, probability in likely:
        steps[time_bin(seconds)] += probability
    return steps


def keyboard(port: str = "keys", instrument: str = PIANO) -> InputOpened:
    return InputOpened(PortId(port), live=True, instrument=instrument)


def midi_file(port: str = "call.mid") -> InputOpened:
    return InputOpened(PortId(port), live=False)


def synth(port: str = "synth") -> OutputOpened:
    """FluidSynth in the same process."""
    return OutputOpened(PortId(port))


def port(port: str = "port", instrument: str = "sampler") -> OutputOpened:
    """A MIDI port, of another instrument than the player's."""
    return OutputOpened(PortId(port), returns=True, instrument=instrument)


def own_instrument(port: str = "own") -> OutputOpened:
    return OutputOpened(PortId(port), returns=True, instrument=PIANO)


def recorder(port: str = "jam.mid") -> OutputOpened:
    return OutputOpened(PortId(port), records=True)


class Stage:
    """Drives a session as the daemon's loop does, with a response of our choice.

    Args:
        settings: changes to the daemon's own.
        response: what the model gives to every request; None where the test answers.
        steps: the probability of each bin of the step that the model expects, after every call.
        inputs: open from the beginning.
        outputs: the same.
    """

    def __init__(
        self,
        *,
        response: Sequence[ResponseNote] | None = RESPONSE,
        steps: Sequence[float] = (),
        inputs: Sequence[InputOpened] = (keyboard(),),
        outputs: Sequence[OutputOpened] = (synth(),),
        **settings: Any,
    ) -> None:
        self.session = Session(stage_settings(**settings))
        self.response, self.steps = response, steps
        self.plans: list[MakePlan] = []
        self.answers_plans = True
        self.now = at(0.0)
        self.sends: list[tuple[float, Send]] = []
        self.requests: list[Ask] = []
        self.notices: list[Notice] = []
        self.input = inputs[0].port if inputs else PortId("")
        self.output = outputs[0].port if outputs else PortId("")
        for opened in (*inputs, *outputs):
            self.event(opened)

    @property
    def state(self) -> type[State]:
        return type(self.session.state)

    def run(self, until: float) -> None:
        """Let time pass, as the loop would."""
        for _ in range(MOST_STEPS):
            due = self.session.next_due
            if due is None or due > until:
                self.now = max(self.now, at(until))
                return
            self.now = max(self.now, due)
            self.step()
        raise AssertionError(f"always due again: {self.session.state}")

    def step(self, event: Event | None = None) -> None:
        self._do(self.session.step(event, self.now))

    def close(self) -> list[Message]:
        """The end. Returns what was sent then."""
        before = len(self.sends)
        self._do(self.session.close(self.now))
        return [send.message for _, send in self.sends[before:]]

    def _do(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.sends.append((self.now, effect))
            elif isinstance(effect, MakePlan):
                self.plans.append(effect)
            elif isinstance(effect, Ask):
                self.requests.append(effect)
            else:
                self.notices.append(effect)
        for effect in effects:
            if isinstance(effect, MakePlan) and self.answers_plans:
                self.step(effect.answer(Expected(self.steps)))
            elif isinstance(effect, Ask) and self.response is not None:
                self.step(Predicted(effect.id, tuple(self.response), 0.01))

    # What happens, at a time.

    def event(self, event: Event, when: float | None = None) -> None:
        if when is not None:
            self.run(when)
        self.step(event)

    def midi(self, when: float, message: Message, port: str | None = None) -> None:
        self.event(Received(message, at(when), self.input if port is None else PortId(port)), when)

    def on(self, when: float, note: int, velocity: int = 64, channel: int = 0, port: str | None = None) -> None:
        self.midi(when, on(note, velocity, channel), port)

    def off(self, when: float, note: int, channel: int = 0, port: str | None = None) -> None:
        self.midi(when, off(note, channel), port)

    def cc(self, when: float, control: int, value: int, channel: int = 0, port: str | None = None) -> None:
        self.midi(when, cc(control, value, channel), port)

    def panic(self, when: float | None = None) -> None:
        when = self.now if when is None else when
        self.event(Panic(at(when)), when)

    def close_input(self, when: float, port: str | None = None) -> None:
        self.event(InputClosed(self.input if port is None else PortId(port), at(when)), when)

    def close_output(self, when: float, port: str | None = None) -> None:
        self.event(OutputClosed(self.output if port is None else PortId(port), at(when)), when)

    def change(self, when: float, **settings: Any) -> None:
        self.event(SettingsChanged(stage_settings(**settings)), when)

    def phrase(self, start: float = 0.0) -> float:
        """Three notes in 1.5 s. Returns when the last key came up."""
        for i, note in enumerate((50, 53, 57)):
            self.on(start + i * 0.5, note)
            self.off(start + i * 0.5 + 0.4, note)
        return start + 1.4

    # What came of it.

    def at_output(self, output: str | None = None) -> Iterator[tuple[float, Send]]:
        """(when, send) of what went to an output: the first one, unless named."""
        wanted = self.output if output is None else output
        return ((round(when, 6), send) for when, send in self.sends if send.output == wanted)

    def sent(self, output: str | None = None, channel: int | None = 1) -> list[tuple[float, str, int]]:
        """(when, type, note or controller) of what went to an output on a channel."""
        return [
            (when, s.message.type, getattr(s.message, "note", getattr(s.message, "control", -1)))
            for when, s in self.at_output(output)
            if channel is None or getattr(s.message, "channel", None) == channel
        ]

    def forwarded(self, output: str | None = None) -> list[Message]:
        """The player's part at an output."""
        return [send.message for _, send in self.at_output(output) if send.part is Part.CALL]

    def pedal(self, output: str | None = None, channel: int = 1) -> list[tuple[float, int]]:
        """(when, value) of our own sustain pedal at an output."""
        return [
            (when, s.message.value)
            for when, s in self.at_output(output)
            if s.part is Part.RESPONSE and s.message.is_cc(64) and s.message.channel == channel
        ]

    def published(self, kind: type[N]) -> list[N]:
        return [notice for notice in self.notices if isinstance(notice, kind)]

    def sounding(self, output: str | None = None) -> set[tuple[int, int]]:
        """(channel, note) of what an instrument sounds that got all this."""
        instrument = Instrument()
        for _, send in self.at_output(output):
            instrument.play(send)
        return instrument.sounding


class Instrument:
    """What an instrument does with what it gets: the books of the outside world."""

    def __init__(self) -> None:
        self.sounding: set[tuple[int, int]] = set()
        self.pedals: dict[tuple[int, int], Part] = {}  # down (channel, controller): by whom

    def play(self, send: Send) -> None:
        message = send.message
        if message.type == "note_on" and message.velocity > 0:
            self.sounding.add((message.channel, message.note))
        elif message.type in ("note_on", "note_off"):
            self.sounding.discard((message.channel, message.note))
        elif message.type == "control_change":
            self._control(message, send.part)
        elif message.type == "reset":
            self.sounding.clear()
            self.pedals.clear()

    def _control(self, message: Message, part: Part) -> None:
        channel, control = message.channel, message.control
        if control in (120, *range(123, 128)):
            self.sounding = {key for key in self.sounding if key[0] != channel}
        elif control == 121:
            self.pedals = {pedal: by for pedal, by in self.pedals.items() if pedal[0] != channel}
        elif control in (64, 66) and message.value >= 64:
            self.pedals[channel, control] = part
        elif control in (64, 66):
            self.pedals.pop((channel, control), None)
