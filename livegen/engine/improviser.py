"""The model's own playing: from some notes and a gap, note after note without end."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from livegen.encoding import (
    CELL,
    TIME_EDGES,
    VARIABLES,
    Token,
    bin_time,
    bin_velocity,
    category_pedal,
    context,
    time_bin,
)
from livegen.engine.runtime import CHANCES, LONG, STEPS, Runtime, State, how
from livegen.engine.sampling import AS_IS, Sampling
from livegen.note import WINDOW, Note
from livegen.stage.response import LONG_GAP, Drawn

MAX_STEP = 2.0
"""s: no hole in a response is longer."""

KEPT = 8
"""Notes of its own that it still has in mind when it thinks of the call again (docs/model.md)."""

_NO_HOLE = bisect_right(TIME_EDGES, round(MAX_STEP / CELL)) - 1  # bins end by then, so many
_LONG = bisect_left(TIME_EDGES, round(LONG_GAP / CELL))  # the first bin from there on


class Improviser:
    """A model, and how freely it draws. Used by one thread at a time."""

    def __init__(self, runtime: Runtime, sampling: Sampling = AS_IS, window: int = WINDOW) -> None:
        """Hear the last `window` notes, and think of them again after every so many of its own, at least WINDOW."""
        self.runtime = runtime
        self._how = how(sampling.temperature, sampling.min_p, sampling.top_p)
        self._how[0, STEPS], self._how[0, LONG] = _NO_HOLE, _LONG
        self._chances = self._how[0, CHANCES]
        self._next = np.full((1, len(VARIABLES)), -1, np.int32)  # but for its step to be drawn
        self._window, self._again = window, max(window, WINDOW)

    def improvise(self, notes: Sequence[Note], gap: float | None, random: np.random.Generator) -> Iterator[Drawn]:
        """Go on after `notes` (at least one). The first note comes `gap` seconds after their last onset.

        Without a gap the model draws that too.

        Raises:
            ValueError: there are no notes, or the model gives no numbers.
        """
        if not notes:
            raise ValueError("the model needs at least one note to go on from")
        call, played = context(notes[-self._window :]), list[Token]()
        state = self._read(call, random)
        step, seconds = (state.step, bin_time(state.step, random.random())) if gap is None else (time_bin(gap), gap)
        for count in itertools.count(1):
            self._next[0, 0] = step
            random.random(out=self._chances, dtype=np.float32)
            token, state = self.runtime.play(state, self._next, self._how)
            played.append(token)
            if count % self._again == 0:
                played = played[len(call) - self._again - KEPT :]
                state = self._read([*call, *played], random)
            if not 0 <= state.rest < 1.01:  # a sum of float32; and what the note was drawn from is no better
                raise ValueError("the model gives no numbers")
            yield Drawn(_note(token, seconds, random), state.rest)
            step, seconds = state.step, bin_time(state.step, random.random())

    def _read(self, tokens: Sequence[Token], random: np.random.Generator) -> State:
        """The state after these; the step of what follows is drawn."""
        random.random(out=self._chances, dtype=np.float32)
        state = self.runtime.begin()
        for token in tokens:
            _, state = self.runtime.play(state, np.array((token,), np.int32), self._how)
        return state


def _note(token: Token, seconds: float, random: np.random.Generator) -> Note:
    """What a token stands for, after so many seconds. What is inside a bin is drawn evenly; the model hears the bin."""
    _, pitch, velocity, duration, pedal = token
    loudness = bin_velocity(velocity, random.random())
    lasting = bin_time(duration, 1 - random.random())  # above 0
    return Note(pitch, seconds, lasting, loudness, category_pedal(pedal, seconds))
