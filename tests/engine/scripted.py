"""A `Runtime` that plays what it is told, and notes what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from livegen.engine.runtime import State
from livegen.features import SIZES, Token


class Scripted:
    """All but certain of the notes that `script` gives for 0, 1, 2... whenever it is asked for one."""

    name = "a script"

    def __init__(self, script: Callable[[int], Token] = lambda k: (10, 60 + k % 12, 16, 20, 0)) -> None:
        self.script = script
        self.readings: list[list[Token]] = []  # the tokens after each begin()
        self.steps: list[int] = []  # what was known of each note
        self.hows: list[tuple[NDArray[np.float32], ...]] = []  # how each was to be drawn
        self.before_a_note: Callable[[], None] = lambda: None

    def begin(self) -> State:
        self.readings.append([])
        return self._state(0)

    def advance(self, state: State, token: Token) -> State:
        self.readings[-1].append(token)
        return self._state(len(self.steps))

    def draw(self, state: State, known: NDArray[np.int32], *how: NDArray[np.float32]) -> Token:
        self.before_a_note()
        self.hows.append(how)
        self.steps.append(int(known[0, 0]))
        return self.steps[-1], *self.script(len(self.steps) - 1)[1:]

    def logits(self, state: State, token: Token) -> Mapping[str, NDArray[np.float32]]:
        raise AssertionError("nobody asks for them live")

    def _state(self, note: int) -> State:
        """Where the step of this note comes next."""
        logits = np.zeros(SIZES["step"], np.float32)
        logits[self.script(note)[0]] = 60
        return State(np.zeros((1, 1), np.float32), np.zeros((1, 5), np.float32), logits)
