"""The interface of a runtime, which runs the model note by note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import SIZES, TIME_BINS, VARIABLES, Token

PLAY = "play"
"""The only signature of a model. `livegen.training.export` describes its inputs and outputs."""

HOW = 2 * len(VARIABLES) + 4
"""Size of the input `how`, the sampling parameters: a random number for each variable (for the step it is for the next
note), a temperature for each variable, min-p and top-p for the pitch, the number of bins that a step may have, and the
first bin of a long gap."""

CHANCES, TEMPERATURES, CUT = slice(0, 5), slice(5, 10), slice(10, 12)
STEPS, LONG = 12, 13

Shape = tuple[int, ...]


def inputs(memory: int) -> dict[str, tuple[Shape, type[np.generic]]]:
    """The inputs of a model with a state of size `memory`."""
    return {
        "memory": ((1, memory), np.float32),
        "known": ((1, len(VARIABLES)), np.int32),
        "how": ((1, HOW), np.float32),
    }


def outputs(memory: int) -> dict[str, Shape]:
    """The outputs of a model with a state of size `memory`."""
    note = (1, len(VARIABLES))
    after = {"token": note, "memory": (1, memory), "following": (1,), "rest": (1,)}
    return {**after, **{name: (1, SIZES[name]) for name in VARIABLES[1:]}}


def how(temperature: float = 1.0, min_p: float = 0.0, top_p: float = 1.0) -> NDArray[np.float32]:
    """Sampling parameters. The random numbers are 0, any step is possible, and only the last bin is a long gap."""
    numbers = np.zeros((1, HOW), np.float32)
    # Most notes do not move the pedal, so its distribution is not changed.
    numbers[0, TEMPERATURES] = [1.0 if name == "pedal" else temperature for name in VARIABLES]
    numbers[0, CUT] = min_p, top_p
    numbers[0, STEPS], numbers[0, LONG] = TIME_BINS, TIME_BINS - 1
    return numbers


class State(NamedTuple):
    """The state of the model after some notes. Never changed in place."""

    memory: NDArray[np.float32]  # (1, the size in the card); it ends with the logits of the next note's step
    step: int  # of the next note, sampled
    rest: float  # probability that the next note comes after a long gap

    @property
    def steps(self) -> NDArray[np.float32]:
        """Logits of the next note's step."""
        return self.memory[0, -SIZES["step"] :]


def beginning(memory: int) -> State:
    """The state before any note."""
    return State(np.zeros((1, memory), np.float32), 0, 0.0)


class Runtime(Protocol):
    """A loaded model. Use it in one thread at a time."""

    name: str  # to show: "LiteRT on the CPU"

    def begin(self) -> State:
        """The state before any note."""

    def play(self, state: State, known: NDArray[np.int32], how: NDArray[np.float32]) -> tuple[Token, State]:
        """Play a note. Returns the note, and the state after it.

        Args:
            state: before the note.
            known: shape (1, 5), the categories of the note; -1: to be sampled. The step must be known.
            how: shape (1, HOW), the sampling parameters.
        """

    def logits(self, state: State, token: Token) -> Mapping[str, NDArray[np.float32]]:
        """Logits of each variable of the next note, shape (categories,), given the variables of `token` before it."""


def example(memory: int) -> dict[str, NDArray[Any]]:
    """Inputs for a trial call."""
    return {name: np.zeros(shape, kind) for name, (shape, kind) in inputs(memory).items()} | {"how": how()}
