"""What a runtime can do: take a pianist one note further, and say what may come next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from livegen.engine.card import Sizes
from livegen.features import SIZES, Token


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

    def logits(self, variable: str, state: State, drawn: Token) -> NDArray[np.float32]:
        """Logits of one variable of the next note, shape (categories,), given those of `drawn` that come before it."""
