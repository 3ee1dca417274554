"""What every place that sound or notes go to has in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from mido import Message

from livegen.stage.events import Send
from livegen.stage.listener import HOLDING


class Output(Protocol):
    """A MIDI port, the synth, a MIDI file or a WAV file."""

    name: str  # for people
    shares_synth: bool  # the player's own sound comes out of it too, if it is passed through
    real: bool  # a MIDI port: what is sent needs a moment to arrive
    keeps_call: bool  # a record of what was played: gets the player's part too, whatever --thru says

    def send(self, send: Send) -> None:
        """Hand on a message.

        Raises:
            PortError: the output is broken.
        """

    def close(self) -> None:
        """Let go of it; files are written here. A second call does nothing.

        Raises:
            PortError: the file could not be written.
        """


def releases(messages: Iterable[Message]) -> list[Message]:
    """What is missing after `messages`: a note_off for each note that still sounds, and pedals up that hold notes."""
    sounding: Counter[tuple[int, int]] = Counter()
    pedals: dict[tuple[int, int], int] = {}
    for message in messages:
        if message.type == "control_change" and message.control in HOLDING:
            pedals[message.channel, message.control] = message.value
        elif message.type == "note_on" and message.velocity > 0:
            sounding[message.channel, message.note] += 1
        elif message.type in ("note_on", "note_off") and sounding[message.channel, message.note] > 0:
            sounding[message.channel, message.note] -= 1
    return [
        *(Message("note_off", channel=channel, note=note) for channel, note in sounding.elements()),
        *(Message("control_change", channel=c, control=n, value=0) for (c, n), value in pedals.items() if value),
    ]
