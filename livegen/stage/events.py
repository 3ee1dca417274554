"""What flows through the stage: events in, messages and notices out. All frozen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from livegen.note import PEDAL_UP, MonotonicTime, Note, Pedal, SoundedNote

if TYPE_CHECKING:
    from mido import Message


class Part(Enum):
    """Who plays."""

    CALL = "call"  # the player
    RESPONSE = "response"  # livegen


# Into the inbox.


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the player's, stamped where it came in."""

    message: Message
    at: MonotonicTime
    port: int = 0  # which of the inputs

    def __str__(self) -> str:
        return f"in {self.port + 1}:  {_words(self.message)}"


@dataclass(frozen=True, slots=True)
class ResponseNote:
    """A note of a response that has no place in time yet."""

    pitch: int  # 0..127
    offset: float  # s from the response's first onset
    duration: float  # s
    velocity: int  # 1..127
    pedal: Pedal = PEDAL_UP


@dataclass(frozen=True, slots=True)
class Predicted:
    """The response to a request, whole."""

    request: int
    notes: tuple[ResponseNote, ...]  # by offset
    seconds: float  # that the model took


@dataclass(frozen=True, slots=True)
class Failed:
    """The model could not answer a request."""

    request: int
    error: str


@dataclass(frozen=True, slots=True)
class Panic:
    """Be silent, now: a pedal, a key, a controller or SIGUSR1."""

    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class Ended:
    """An input that is a file has been played to its end."""

    at: MonotonicTime
    port: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """The MIDI system is gone: nothing will come in or go out any more."""

    why: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave the loop; `reload` to come back with new settings."""

    reason: str
    reload: bool = False


Event = Received | Predicted | Failed | Panic | Ended | Lost | Stop


# To the predictor.


@dataclass(frozen=True, slots=True)
class Request:
    """What the model is asked: go on from here. The newest request wins."""

    id: int
    context: tuple[Note, ...]  # 1 to `window` notes, the last ones that sounded
    gap: float  # s from the last onset to the response's first: its step
    length: float  # s the response should last
    response: int  # how many responses went before: with the seed it decides the draws


# Out.


@dataclass(frozen=True, slots=True)
class Send:
    """A message for one output."""

    output: int  # which of the outputs
    message: Message
    part: Part
    at: MonotonicTime  # nominal

    def __str__(self) -> str:
        return f"out {self.output + 1}: {_words(self.message)}"


def _words(message: Message) -> str:
    """A message as mido writes it, without its time, which is that of a file."""
    return str(message).removesuffix(f" time={message.time}")


@dataclass(frozen=True, slots=True)
class NoteStarted:
    part: Part
    pitch: int
    velocity: int
    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The player's phrase is over; the response is due at `at`."""

    notes: tuple[SoundedNote, ...]
    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class ResponseStarted:
    notes: int
    seconds: float  # how long it will last
    waited: float  # s from the player's last key up to the first note
    thought: float  # s that the model took
    late: float  # s after the moment that was meant
    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class ResponseEnded:
    played: int  # notes
    dropped: int  # notes that would have come too late
    interrupted: bool
    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class Silenced:
    """All was released on demand."""

    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class Unheard:
    """Somebody plays on a channel that is not listened to. Told once of each."""

    channel: int  # 0..15
    at: MonotonicTime


@dataclass(frozen=True, slots=True)
class NoResponse:
    """A call stays without an answer, and why."""

    why: str
    at: MonotonicTime


Notice = NoteStarted | CallEnded | ResponseStarted | ResponseEnded | Silenced | Unheard | NoResponse
"""What a musician, a log, a recorder or a page may want to know. Never needed for playing."""
