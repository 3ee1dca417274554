"""What goes into the stage. Everything is frozen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NewType

from livegen.note import PEDAL_UP, MonotonicTime, Pedal

if TYPE_CHECKING:
    from mido import Message

    from livegen.stage.settings import StageSettings

PortId = NewType("PortId", str)
"""The identity of an input or an output: the same for as long as the program runs, and after a port comes back."""


class Part(Enum):
    """Who plays."""

    CALL = "call"  # the player
    RESPONSE = "response"  # livegen


@dataclass(frozen=True, slots=True)
class Received:
    """A MIDI message from an input, with the time at which it came in."""

    message: Message
    at: MonotonicTime
    port: PortId

    def __str__(self) -> str:
        return f"in {self.port}: {in_words(self.message)}"


@dataclass(frozen=True, slots=True)
class ResponseNote:
    """A note of a response that is not scheduled yet."""

    pitch: int  # 0..127
    offset: float  # s from the first onset of the response
    duration: float  # s
    velocity: int  # 1..127
    pedal: Pedal = PEDAL_UP


@dataclass(frozen=True, slots=True)
class Predicted:
    """The whole response to a request."""

    request: int
    notes: tuple[ResponseNote, ...]  # by offset
    seconds: float  # that the model needed


@dataclass(frozen=True, slots=True)
class Failed:
    """The model could not answer a request."""

    request: int
    error: str


@dataclass(frozen=True, slots=True)
class Panic:
    """Silence everything now. It comes from SIGUSR1; the panic control comes in as a message."""

    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class InputOpened:
    """Messages may come from this input from now on.

    `instrument` names what the port belongs to. An output with the same name is the player's own instrument.
    """

    port: PortId
    live: bool  # a MIDI port, where our own messages may come back; not a file
    instrument: str = ""


@dataclass(frozen=True, slots=True)
class InputClosed:
    """Nothing more comes from this input: a file has ended, or a port is gone."""

    port: PortId
    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class OutputOpened:
    """Messages can be sent to this output from now on."""

    port: PortId
    returns: bool = False  # a MIDI port: what is sent may come back
    records: bool = False  # a file: it gets the player's part whatever the setting `thru` says
    instrument: str = ""


@dataclass(frozen=True, slots=True)
class OutputClosed:
    """This output is gone or broken."""

    port: PortId
    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """New settings. Each applies when `livegen.config.settings` says."""

    settings: StageSettings


PortEvent = InputOpened | InputClosed | OutputOpened | OutputClosed

Event = Received | Predicted | Failed | Panic | PortEvent | SettingsChanged
"""What `Session.step` takes."""


@dataclass(frozen=True, slots=True)
class ServerLost:
    """The MIDI server has ended: nothing comes in or goes out any more."""

    why: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave the loop; with `reload`, come back with new settings."""

    reason: str
    reload: bool = False


Incoming = Event | ServerLost | Stop
"""What an inbox holds. The last two are for the loop alone."""


def in_words(message: Message) -> str:
    """A message as mido writes it, without its time, which only files use."""
    return str(message).removesuffix(f" time={message.time}")
