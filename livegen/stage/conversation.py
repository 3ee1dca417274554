"""Whose turn it is: the states of a conversation, and all transitions between them.

    LISTENING --key down--> PLAYING --keys up--> WAITING --plan--> PLANNING --planned--> PLANNED --ask--> ASKED
        ^                      ^                    |                 |                     |               | predicted
        |                      +------ key down ----+-----------------+---------------------+---------------+
        |                      |                                                                          READY
        |                      +------ key down ----------------------- RESPONDING <------ begin ------------+
        +------------- finished, failed, empty, panic --------------------------------------------------------

Rules:
- A call ends when no key keeps the turn and the silence is long enough. It is planned ahead when that is, and when the
  response begins; if something changes before, it is planned again.
- A plan that was made before the pulse was known well is made again. The response is composed shortly before it begins.
  Plans and responses for older requests are ignored.
- The player's first key ends a response at once. Panic ends a response or a call.
- If the model fails or returns no notes, the call gets no response, and livegen listens for the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from livegen.note import MonotonicTime
from livegen.stage.events import Predicted, Turn
from livegen.stage.plan import Plan
from livegen.stage.scheduler import Stroke
from livegen.stage.silence import Silence


@dataclass(frozen=True, slots=True)
class Listening:
    """Nobody plays."""


@dataclass(frozen=True, slots=True)
class Playing:
    """The player has a key down."""


class Waiting(NamedTuple):
    """The player has released all keys."""

    silence: Silence

    @property
    def due(self) -> MonotonicTime:
        """When a plan is made."""
        return self.silence.ask_at


class Planning(NamedTuple):
    """The model considers when the call ends."""

    silence: Silence
    request: int


class Planned(NamedTuple):
    """It is planned when the response begins. If nothing happens, it is composed shortly before."""

    silence: Silence
    plan: Plan
    again: bool = False  # it was made too early to know the pulse well

    @property
    def ask_at(self) -> MonotonicTime:
        return MonotonicTime(self.plan.start - self.silence.lead)

    @property
    def due(self) -> MonotonicTime:
        """When it is composed, or planned again."""
        return min(self.ask_at, self.silence.settled) if self.again else self.ask_at


class Asked(NamedTuple):
    """The model is composing the response."""

    silence: Silence
    plan: Plan
    request: int


class Ready(NamedTuple):
    """The response is ready. It begins when it is `due`: as planned, or later if the model was late."""

    silence: Silence
    plan: Plan
    predicted: Predicted
    due: MonotonicTime
    strokes: tuple[Stroke, ...]


class Responding(NamedTuple):
    """livegen plays."""

    since: MonotonicTime


Pausing = Waiting | Planning | Planned | Asked | Ready
"""The states between the last key of a call and the response."""

State = Listening | Playing | Pausing | Responding


class Cue(Enum):
    """What causes a transition."""

    KEY_DOWN = auto()
    KEYS_UP = auto()  # no key keeps the turn, or the required silence has changed
    PLAN = auto()
    PLANNED = auto()
    ASK = auto()
    PREDICTED = auto()
    BEGIN = auto()
    EMPTY = auto()  # the model returned no notes
    FAILED = auto()
    FINISHED = auto()
    PANIC = auto()


TRANSITIONS: Mapping[type[State], Mapping[Cue, type[State]]] = {
    Listening: {Cue.KEY_DOWN: Playing},
    Playing: {Cue.KEY_DOWN: Playing, Cue.KEYS_UP: Waiting, Cue.PANIC: Listening},
    Waiting: {Cue.KEY_DOWN: Playing, Cue.KEYS_UP: Waiting, Cue.PLAN: Planning, Cue.PANIC: Listening},
    Planning: {
        Cue.KEY_DOWN: Playing,
        Cue.KEYS_UP: Waiting,
        Cue.PLANNED: Planned,
        Cue.FAILED: Listening,
        Cue.PANIC: Listening,
    },
    Planned: {
        Cue.KEY_DOWN: Playing,
        Cue.KEYS_UP: Waiting,
        Cue.PLAN: Planning,
        Cue.ASK: Asked,
        Cue.PANIC: Listening,
    },
    Asked: {
        Cue.KEY_DOWN: Playing,
        Cue.KEYS_UP: Waiting,
        Cue.PREDICTED: Ready,
        Cue.FAILED: Listening,
        Cue.PANIC: Listening,
    },
    Ready: {
        Cue.KEY_DOWN: Playing,
        Cue.KEYS_UP: Waiting,
        Cue.BEGIN: Responding,
        Cue.EMPTY: Listening,
        Cue.PANIC: Listening,
    },
    Responding: {Cue.KEY_DOWN: Playing, Cue.FINISHED: Listening, Cue.PANIC: Listening},
}
"""All transitions."""


class Conversation:
    """The state of one conversation. Only `move` changes it."""

    def __init__(self) -> None:
        self.state: State = Listening()

    def move(self, cue: Cue, to: State) -> None:
        """Enter a state.

        Raises:
            LookupError: TRANSITIONS has no such transition from the current state.
        """
        if TRANSITIONS[type(self.state)].get(cue) is not type(to):
            raise LookupError(f"no transition from {self.state} by {cue.name} to {to}")
        self.state = to

    @property
    def turn(self) -> Turn:
        """Whose turn it is."""
        if isinstance(self.state, Responding):
            return Turn.RESPONDING
        return Turn.LISTENING if self.in_call else Turn.IDLE

    @property
    def in_call(self) -> bool:
        """Whether the player has begun a call and it has not been answered yet."""
        return isinstance(self.state, Playing | Pausing)
