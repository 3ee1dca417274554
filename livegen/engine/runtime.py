"""What a runtime can do: take a pianist from note to note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import SIZES, TIME_BINS, VARIABLES, Token

PLAY = "play"
"""The one signature that a model has; `livegen.training.export` says what goes in and comes out."""

HOW = 2 * len(VARIABLES) + 4
"""Of how to draw, the numbers: a chance for each variable (that of the step is for the note after), a temperature for
each, min-p and top-p for the pitch, how many of the bins a step may be drawn from, and from which on a gap is long."""

CHANCES, TEMPERATURES, CUT = slice(0, 5), slice(5, 10), slice(10, 12)
STEPS, LONG = 12, 13

Shape = tuple[int, ...]


def inputs(memory: int) -> dict[str, tuple[Shape, type[np.generic]]]:
    """What goes into a model of so much memory."""
    return {
        "memory": ((1, memory), np.float32),
        "known": ((1, len(VARIABLES)), np.int32),
        "how": ((1, HOW), np.float32),
    }


def outputs(memory: int) -> dict[str, Shape]:
    """What comes out of it."""
    note = (1, len(VARIABLES))
    after = {"token": note, "memory": (1, memory), "following": (1,), "rest": (1,)}
    return {**after, **{name: (1, SIZES[name]) for name in VARIABLES[1:]}}


def how(temperature: float = 1.0, min_p: float = 0.0, top_p: float = 1.0) -> NDArray[np.float32]:
    """How to draw, but for the chances, which are 0; any step, and only the last bin is a long gap."""
    numbers = np.zeros((1, HOW), np.float32)
    # The pedal stays where it is at most notes: it is drawn as it is.
    numbers[0, TEMPERATURES] = [1.0 if name == "pedal" else temperature for name in VARIABLES]
    numbers[0, CUT] = min_p, top_p
    numbers[0, STEPS], numbers[0, LONG] = TIME_BINS, TIME_BINS - 1
    return numbers


class State(NamedTuple):
    """Where the pianist stands after some notes. Never changed in place."""

    memory: NDArray[np.float32]  # (1, as many as the card says); the last of it are the logits of the next note's step
    step: int  # the next note's, as it was drawn
    rest: float  # how likely the next note comes after a long gap

    @property
    def steps(self) -> NDArray[np.float32]:
        """Logits of the next note's step."""
        return self.memory[0, -SIZES["step"] :]


def beginning(memory: int) -> State:
    """The state before any note."""
    return State(np.zeros((1, memory), np.float32), 0, 0.0)


class Runtime(Protocol):
    """A loaded model. Used by one thread at a time."""

    name: str  # for people: "LiteRT on the CPU"

    def begin(self) -> State:
        """The state before any note."""

    def play(self, state: State, known: NDArray[np.int32], how: NDArray[np.float32]) -> tuple[Token, State]:
        """A note, and the state after it.

        Args:
            state: before it.
            known: shape (1, 5), its categories; -1 for those to be drawn. The step is known.
            how: shape (1, HOW), how to draw.
        """

    def logits(self, state: State, token: Token) -> Mapping[str, NDArray[np.float32]]:
        """Logits of each variable of the next note, shape (categories,), given those of `token` that come before it."""


def example(memory: int) -> dict[str, NDArray[Any]]:
    """Inputs to try a model with."""
    return {name: np.zeros(shape, kind) for name, (shape, kind) in inputs(memory).items()} | {"how": how()}
