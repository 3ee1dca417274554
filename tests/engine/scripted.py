"""A `Runtime` that plays what it is told, and notes what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import Token
from livegen.engine.runtime import State


class Scripted:
    """All but certain of the notes that `script` gives for 0, 1, 2... whenever it is asked for one."""

    name = "a script"

    def __init__(self, script: Callable[[int], Token] = lambda k: (10, 60 + k % 12, 16, 20, 0)) -> None:
        self.script = script
        self.readings: list[list[Token]] = []  # the tokens after each begin()
        self.hows: list[NDArray[np.float32]] = []  # how each note was to be drawn
        self.rest = 0.1
        self.before_a_note: Callable[[], None] = lambda: None

    def begin(self) -> State:
        self.readings.append([])
        return self._state()

    def play(self, state: State, known: NDArray[np.int32], how: NDArray[np.float32]) -> tuple[Token, State]:
        token = known[0].tolist()
        if -1 in token:
            self.before_a_note()
            self.hows.append(how.copy())
            token = (token[0], *self.script(len(self.hows) - 1)[1:])
        self.readings[-1].append(tuple(token))
        return tuple(token), self._state()

    def logits(self, state: State, token: Token) -> Mapping[str, NDArray[np.float32]]:
        raise AssertionError("nobody asks for them live")

    def _state(self) -> State:
        """Where the step of the next note is drawn."""
        return State(np.zeros((1, 1), np.float32), self.script(len(self.hows))[0], self.rest)
