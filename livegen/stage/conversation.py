"""Whose turn it is: the states of a conversation, and all transitions between them.

    LISTENING --key down--> PLAYING --keys up--> WAITING --ask--> ASKED --predicted--> READY --begin--> RESPONDING
        ^                      ^                    |               |                    |                  |
        |                      +------ key down ----+---------------+--------------------+------------------+
        +------------- finished, failed, empty, panic ------------------------------------------------------+

Rules:
- A call ends when no key keeps the turn and the policy's silence has passed. If that moment changes, the model is asked
  again.
- The model is asked up to LEAD before the call ends, for a response that starts at that moment. Predictions for older
  requests are ignored.
- The player's first key ends a response at once. Panic ends a response or a call.
- If the model fails or returns no notes, the call gets no response, and livegen listens for the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from livegen.note import MonotonicTime
from livegen.stage.effects import Ask
from livegen.stage.events import Predicted, Turn
from livegen.stage.scheduler import Stroke

LEAD = 0.35
"""s before the end of a call at which the model is asked: ten times what the included model needs."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Nobody plays."""


@dataclass(frozen=True, slots=True)
class Playing:
    """The player has a key down."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The player has released all keys. If nothing happens, the call ends at `ends`."""

    last_up: MonotonicTime  # when the last key went up
    ends: MonotonicTime

    @property
    def ask_at(self) -> MonotonicTime:
        return MonotonicTime(max(self.last_up, self.ends - LEAD))


@dataclass(frozen=True, slots=True)
class Asked:
    """The model is computing the response."""

    last_up: MonotonicTime
    ends: MonotonicTime
    request: Ask


@dataclass(frozen=True, slots=True)
class Ready:
    """The response is ready. It begins at `start`: when the call ends, or later if the model was late."""

    last_up: MonotonicTime
    ends: MonotonicTime
    predicted: Predicted
    start: MonotonicTime
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True, slots=True)
class Responding:
    """livegen plays."""


State = Listening | Playing | Waiting | Asked | Ready | Responding


class Cue(Enum):
    """What causes a transition."""

    KEY_DOWN = auto()
    KEYS_UP = auto()  # no key keeps the turn, or the required silence has changed
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
    Waiting: {Cue.KEY_DOWN: Playing, Cue.KEYS_UP: Waiting, Cue.ASK: Asked, Cue.PANIC: Listening},
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
        return isinstance(self.state, Playing | Waiting | Asked | Ready)
