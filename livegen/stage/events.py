"""The input of the stage. Everything is frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, NewType

from livegen.note import PEDAL_UP, MonotonicTime, Pedal

if TYPE_CHECKING:
    from mido import Message

    from livegen.stage.plan import Plan
    from livegen.stage.settings import StageSettings

PortId = NewType("PortId", str)
"""The identity of an input or an output: it stays the same while the program runs, also when a port is opened again."""


class Part(Enum):
    """Who plays."""

    CALL = "call"  # the player
    RESPONSE = "response"  # livegen


class Turn(Enum):
    """Whose turn it is. The values are those that `state_control` sends."""

    IDLE = 0  # nobody plays
    LISTENING = 1  # the player has begun, and has not been answered yet
    RESPONDING = 2


class Received(NamedTuple):
    """A MIDI message from an input, with the time of its arrival."""

    message: Message
    at: MonotonicTime
    port: PortId

    def __str__(self) -> str:
        return f"in {self.port}: {in_words(self.message)}"


class ResponseNote(NamedTuple):
    """A note of a response that is not scheduled yet."""

    pitch: int  # 0..127
    offset: float  # s from the first onset of the response
    duration: float  # s
    velocity: int  # 1..127
    pedal: Pedal = PEDAL_UP


class PlanMade(NamedTuple):
    """The answer to a request for a plan."""

    request: int
    plan: Plan


class Predicted(NamedTuple):
    """The whole response to a request."""

    request: int
    notes: tuple[ResponseNote, ...]  # by offset
    seconds: float  # that the model took


class Failed(NamedTuple):
    """The model could not answer a request."""

    request: int
    error: str


class Panic(NamedTuple):
    """Silence everything now, after SIGUSR1. The panic control arrives as a message."""

    at: MonotonicTime


class InputOpened(NamedTuple):
    """Messages may come from this input from now on.

    `instrument` names the instrument of the port. An output with the same name is the player's own instrument.
    """

    port: PortId
    live: bool  # a MIDI port, through which our messages may come back; False: a file
    instrument: str = ""


class InputClosed(NamedTuple):
    """No more messages come from this input: a file has ended, or a port is closed."""

    port: PortId
    at: MonotonicTime


class OutputOpened(NamedTuple):
    """Messages can be sent to this output from now on."""

    port: PortId
    returns: bool = False  # a MIDI port: what is sent may come back
    records: bool = False  # a file: it gets the player's part even if `thru` is off
    instrument: str = ""


class OutputClosed(NamedTuple):
    """This output is closed or has failed."""

    port: PortId
    at: MonotonicTime


class SettingsChanged(NamedTuple):
    """New settings. Each applies when `livegen.config.settings` says."""

    settings: StageSettings


PortEvent = InputOpened | InputClosed | OutputOpened | OutputClosed

Answer = PlanMade | Predicted | Failed
"""What the model answers to a request."""

Event = Received | Answer | Panic | PortEvent | SettingsChanged
"""What `Session.step` takes."""


class ServerLost(NamedTuple):
    """The MIDI server has ended: no message comes in or goes out."""

    why: str


class Stop(NamedTuple):
    """Leave the loop; with `reload`, read the settings again instead, if whoever runs the loop can."""

    reason: str
    reload: bool = False


class Command(NamedTuple):
    """A request from outside, by the control socket, a bound control or a signal.

    Attributes:
        name: what to do (docs/control.md).
        arguments: by name.
        answer: takes the result, or an error. Called once, from any thread.
    """

    name: str
    arguments: Mapping[str, Any]
    answer: Callable[[Mapping[str, Any] | Exception], None]


def unanswered(_: Mapping[str, Any] | Exception) -> None:
    """The `answer` of a command whose sender does not wait for one."""


Incoming = Event | ServerLost | Command | Stop
"""What an inbox holds. Only the loop handles the last three."""


def in_words(message: Message) -> str:
    """A message as text in the format of mido, without the time, which only files use."""
    return str(message).removesuffix(f" time={message.time}")
