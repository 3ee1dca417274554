"""A `Runtime` that plays what it is told, and notes what it is asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from livegen.engine.runtime import State
from livegen.features import SIZES, VARIABLES, Token


class Scripted:
    """All but certain of the notes that `script` gives for 0, 1, 2... whenever it is asked for one."""

    name = "a script"

    def __init__(self, script: Callable[[int], Token] = lambda k: (10, 60 + k % 12, 16, 20, 0)) -> None:
        self.script = script
        self.readings: list[list[Token]] = []  # the tokens after each begin()
        self.given: list[tuple[str, Token]] = []  # what each head was told
        self.drawn = 0  # notes
        self.before_a_note: Callable[[], None] = lambda: None

    def begin(self) -> State:
        self.readings.append([])
        return State(np.zeros((1, 1), np.float32), np.zeros((1, 5), np.float32), np.zeros(SIZES["step"], np.float32))

    def advance(self, state: State, token: Token) -> State:
        self.readings[-1].append(token)
        return State(state.memory + 1, state.hidden, state.step)

    def logits(self, variable: str, state: State, drawn: Token) -> NDArray[np.float32]:
        self.given.append((variable, drawn))
        if variable == "pitch":
            self.before_a_note()
        if variable == "step":
            self.drawn += 1
        wanted = self.script(self.drawn)
        logits = np.zeros(SIZES[variable], np.float32)
        logits[wanted[VARIABLES.index(variable)]] = 60
        return logits
