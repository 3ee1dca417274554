"""The output of the stage: messages to send, requests for the model, and notices. Everything is frozen.

These are named tuples, as those of `events`: a frozen dataclass takes five times as long to define, and there are many
when livegen starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from livegen.note import MonotonicTime, Note, SoundedNote
from livegen.stage.events import Part, PlanMade, PortId, Received, Turn, in_words
from livegen.stage.grid import Grid
from livegen.stage.plan import NOTHING, Expected, Planner
from livegen.stage.settings import Sampling

if TYPE_CHECKING:
    from mido import Message


class Send(NamedTuple):
    """Send a message to an output."""

    output: PortId
    message: Message
    part: Part
    at: MonotonicTime  # when it was due

    def __str__(self) -> str:
        return f"out {self.output}: {in_words(self.message)}"


class MakePlan(NamedTuple):
    """Ask when a response begins, with what the model expects. The newest request wins."""

    id: int
    context: tuple[Note, ...]  # the last notes that sounded, at least one
    window: int  # maximum number of notes of context
    planner: Planner

    def answer(self, expected: Expected = NOTHING) -> PlanMade:
        """Make the plan."""
        return PlanMade(self.id, self.planner.plan(expected))


class Ask(NamedTuple):
    """Ask the model to continue. The newest request wins."""

    id: int
    context: tuple[Note, ...]  # the last notes that sounded, at least one
    gap: float  # s from the last onset of the context to the first onset of the response
    length: float  # s, about how long the response should be
    longest: float  # s, the limit of the response
    response: int  # number of earlier responses; with the seed it sets the random numbers
    sampling: Sampling
    window: int  # maximum number of notes of context
    grid: Grid | None = None  # of the player's pulse, on a clock that is 0 at the last onset of the context


class Used(NamedTuple):
    """The player has used a bound control."""

    action: str  # of its `Binding`
    position: float  # of the control, 0 to 1
    at: MonotonicTime


class NoteStarted(NamedTuple):
    part: Part
    pitch: int  # 0..127
    velocity: int  # 1..127
    at: MonotonicTime
    port: PortId | None = None  # the input it came from
    late: float = 0.0  # s after it was due


class NoteEnded(NamedTuple):
    part: Part
    note: SoundedNote
    port: PortId | None = None


class PedalMoved(NamedTuple):
    """The sustain or sostenuto pedal of the player, or the sustain pedal of a response."""

    part: Part
    control: int  # 64 or 66
    down: bool
    at: MonotonicTime


class KeyStuck(NamedTuple):
    """A key has been down too long. It no longer delays the response."""

    port: PortId
    channel: int  # 0..15
    pitch: int
    seconds: float  # since it went down


class TurnChanged(NamedTuple):
    """Somebody else's turn begins."""

    turn: Turn
    at: MonotonicTime


class PulseChanged(NamedTuple):
    """The pulse that responses are played on has changed noticeably."""

    tempo: float | None  # beats per minute; None: there is no pulse
    certainty: float  # 0 to 1
    bar: int  # beats in a bar; 0: unknown
    at: MonotonicTime


class CallEnded(NamedTuple):
    """The player's phrase is over; the response is due at `at`."""

    notes: tuple[SoundedNote, ...]
    at: MonotonicTime


class ResponseStarted(NamedTuple):
    notes: int
    seconds: float  # its length
    waited: float  # s from the player's last note_off to the first note
    computed: float  # s that the model took
    late: float  # s after the planned start
    at: MonotonicTime
    grid: Grid | None = None  # of the pulse that it is played on
    patience: float = 1.0  # how many times as patient as set livegen was


class ResponseEnded(NamedTuple):
    played: int  # notes
    dropped: int  # notes that were too late to play
    interrupted: bool
    at: MonotonicTime
    by_player: bool = False  # interrupted by a key, not by panic, the loss of all outputs or the end


class NoResponse(NamedTuple):
    """A call gets no response, and why."""

    why: str
    at: MonotonicTime


class Unused(NamedTuple):
    """A response was asked for in vain: the player goes on."""

    computed: float | None  # s that the model took; None: it had not finished
    at: MonotonicTime


class PatienceChanged(NamedTuple):
    """A response came too early, and livegen is more patient now."""

    factor: float  # how many times as patient as set
    at: MonotonicTime


class Silenced(NamedTuple):
    """Panic: all sounding notes were ended."""

    at: MonotonicTime


class Ignored(NamedTuple):
    """A message is not music: it is an echo of ours, a control such as panic, or came after its input was closed."""

    received: Received


class Unheard(NamedTuple):
    """A note on a channel that livegen does not listen to. Published once for each channel."""

    channel: int  # 0..15
    at: MonotonicTime


class ThruChanged(NamedTuple):
    """Whether an output gets what the player plays, and on which channel responses are sent there."""

    output: PortId
    thru: bool
    channel: int  # 0..15
    external: bool  # a MIDI port, not a part of livegen
    own: bool = False  # no thru, because it is the player's own instrument


Notice = (
    NoteStarted
    | NoteEnded
    | PedalMoved
    | KeyStuck
    | TurnChanged
    | PulseChanged
    | CallEnded
    | ResponseStarted
    | ResponseEnded
    | NoResponse
    | Unused
    | PatienceChanged
    | Silenced
    | Ignored
    | Unheard
    | ThruChanged
)
"""What listeners such as the log are informed of. Playing never depends on it."""

Request = MakePlan | Ask
"""What the model is asked for. The ids of both are numbered together."""

Effect = Send | Request | Used | Notice
"""What `Session.step` returns: first the messages, then the requests, the controls that were used, and the notices."""


class Effects:
    """Collects the effects of a step."""

    def __init__(self) -> None:
        self.sends: list[Send] = []
        self._asks: list[Request] = []
        self._used: list[Used] = []
        self._notices: list[Notice] = []

    def send(self, output: PortId, messages: Iterable[Message], part: Part, at: MonotonicTime) -> None:
        self.sends += [Send(output, message, part, at) for message in messages]

    def ask(self, request: Request) -> None:
        self._asks.append(request)

    def use(self, used: Used) -> None:
        self._used.append(used)

    def publish(self, notice: Notice) -> None:
        self._notices.append(notice)

    def take(self) -> list[Effect]:
        """All effects since the last call, in the order that `Effect` describes."""
        taken = [*self.sends, *self._asks, *self._used, *self._notices]
        self.sends, self._asks, self._used, self._notices = [], [], [], []
        return taken
