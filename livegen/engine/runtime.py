"""What a runtime can do: take a pianist one note further, and draw what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from livegen.engine.card import Sizes
from livegen.features import SIZES, VARIABLES, Token

DRAWN = VARIABLES[1:]
"""What a runtime draws. The step is known before: the model's likelihoods of it come with the state."""

UNTOUCHED = np.zeros((1, len(DRAWN)), np.float32), np.ones((1, len(DRAWN)), np.float32), np.array([[0, 1]], np.float32)
"""Chance, temperature and cut, where nothing is to be drawn."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Of one of a model's functions."""

    inputs: dict[str, tuple[Shape, type[np.generic]]]
    outputs: dict[str, Shape]

    def example(self) -> dict[str, NDArray[Any]]:
        """Inputs to try it with."""
        return {name: np.zeros(shape, kind) for name, (shape, kind) in self.inputs.items()}


def signatures(sizes: Sizes) -> dict[str, Signature]:
    """What a model of these sizes can do; `livegen.training.export` says what it means."""
    note = (1, len(VARIABLES)), np.int32
    state, hidden, each = (1, sizes.state), (1, sizes.told), (1, len(DRAWN))
    return {
        "advance": Signature(
            {"token": note, "state": (state, np.float32)},
            {"state": state, "hidden": hidden, "step": (1, SIZES["step"])},
        ),
        "draw": Signature(
            {
                "hidden": (hidden, np.float32),
                "known": note,
                "chance": (each, np.float32),
                "temperature": (each, np.float32),
                "cut": ((1, 2), np.float32),
            },
            {"token": note[0], **{name: (1, SIZES[name]) for name in DRAWN}},
        ),
    }


@dataclass(frozen=True, slots=True)
class State:
    """Where the pianist stands after some notes. Never changed in place."""

    memory: NDArray[np.float32]  # (1, Sizes.state): h and c of each layer, then the keys
    hidden: NDArray[np.float32]  # (1, Sizes.told): what the past says to the heads, then the keys
    step: NDArray[np.float32]  # (categories,): logits of the next note's step


def beginning(sizes: Sizes) -> State:
    """The state before any note."""
    return State(
        np.zeros((1, sizes.state), np.float32),
        np.zeros((1, sizes.told), np.float32),
        np.zeros(SIZES["step"], np.float32),
    )


class Runtime(Protocol):
    """A loaded model. Used by one thread at a time."""

    name: str  # for people: "LiteRT on the CPU"

    def begin(self) -> State:
        """The state before any note."""

    def advance(self, state: State, token: Token) -> State:
        """The state one note later."""

    def draw(self, state: State, known: NDArray[np.int32], *how: NDArray[np.float32]) -> Token:
        """The next note.

        Args:
            state: before it.
            known: shape (1, 5), its categories; -1 for those to be drawn. The step is known.
            how: chance, temperature and cut, in the shapes and with the meaning that `livegen.training.export` gives.
        """

    def logits(self, state: State, token: Token) -> Mapping[str, NDArray[np.float32]]:
        """Logits of each variable of the next note, shape (categories,), given those of `token` that come before it."""
