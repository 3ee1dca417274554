"""A stage with a virtual clock: no thread, no port, no model; instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from mido import Message

from livegen.note import MonotonicTime
from livegen.stage.events import Notice, Part, Predicted, Received, Request, ResponseNote, Send
from livegen.stage.performance import Manners, Performance
from livegen.stage.voice import Voice

RESPONSE = (ResponseNote(60, 0.0, 0.5, 80), ResponseNote(64, 0.2, 0.5, 70), ResponseNote(67, 1.0, 0.25, 60))


def at(seconds: float) -> MonotonicTime:
    return MonotonicTime(seconds)


class Stage:
    """Drives a Performance as the daemon does, in virtual time, with a response of our choice."""

    def __init__(
        self,
        manners: Manners | None = None,
        voices: Sequence[Voice] | None = None,
        response: Sequence[ResponseNote] | None = RESPONSE,
        *,
        inputs: int = 1,
        echoes: bool = False,
    ) -> None:
        self.voices = [Voice(thru=True, channel=1)] if voices is None else list(voices)
        self.performance = Performance(manners or Manners(), self.voices, inputs=inputs, echoes=echoes)
        self.response = response
        self.now = at(0.0)
        self.sends: list[tuple[float, Send]] = []
        self.requests: list[Request] = []
        self.notices: list[Notice] = []

    def run(self, until: float) -> None:
        """Let time pass, as the loop would."""
        while True:
            due = self.performance.next_due
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.step()
        self.now = max(self.now, at(until))

    def step(self) -> None:
        sends = self.performance.due(self.now)
        self.sends += [(self.now, send) for send in sends]
        for send in sends:
            self.performance.sent(send, self.now)
        self.notices += self.performance.take_notices()
        request = self.performance.take_request()
        if request is not None:
            self.requests.append(request)
            if self.response is not None:
                self.performance.handle(Predicted(request.id, tuple(self.response), 0.01), self.now)

    def event(self, event: object, when: float | None = None) -> None:
        if when is not None:
            self.run(when)
        self.performance.handle(event, self.now)  # type: ignore[arg-type]
        self.step()

    def midi(self, when: float, message: Message, port: int = 0) -> None:
        self.event(Received(message, at(when), port), when)

    def on(self, when: float, note: int, velocity: int = 64, channel: int = 0, port: int = 0) -> None:
        self.midi(when, Message("note_on", channel=channel, note=note, velocity=velocity), port)

    def off(self, when: float, note: int, channel: int = 0, port: int = 0) -> None:
        self.midi(when, Message("note_off", channel=channel, note=note), port)

    def cc(self, when: float, control: int, value: int, channel: int = 0) -> None:
        self.midi(when, Message("control_change", channel=channel, control=control, value=value))

    def phrase(self, start: float = 0.0) -> float:
        """Three notes in 1.5 s. Returns when the last key came up."""
        for i, note in enumerate((50, 53, 57)):
            self.on(start + i * 0.5, note)
            self.off(start + i * 0.5 + 0.4, note)
        return start + 1.4

    def sent(self, output: int = 0, channel: int | None = 1) -> list[tuple[float, str, int]]:
        """(when, type, note or controller) of what went to an output on a channel."""
        return [
            (round(when, 3), s.message.type, getattr(s.message, "note", getattr(s.message, "control", -1)))
            for when, s in self.sends
            if s.output == output and (channel is None or getattr(s.message, "channel", None) == channel)
        ]

    def pedal(self, output: int = 0, channel: int = 1) -> list[tuple[float, int]]:
        """(when, value) of our own sustain pedal at an output."""
        return [
            (round(when, 3), s.message.value)
            for when, s in self.sends
            if s.part is Part.RESPONSE and s.output == output and s.message.is_cc(64) and s.message.channel == channel
        ]

    def told(self, kind: type) -> list[Notice]:
        return [notice for notice in self.notices if isinstance(notice, kind)]


@pytest.fixture
def stage() -> Callable[..., Stage]:
    return Stage
