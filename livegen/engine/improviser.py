"""The model's own playing: from some notes and a gap, note after note without end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from livegen.engine.runtime import DRAWN, Runtime, State
from livegen.engine.sampling import AS_IS, Sampling, draw, likelihoods
from livegen.features import (
    CELL,
    TIME_BINS,
    TIME_EDGES,
    VARIABLES,
    Token,
    bin_time,
    bin_velocity,
    category_pedal,
    context,
    first,
    time_bin,
)
from livegen.note import WINDOW, Note
from livegen.stage.reply import LONG_GAP, Drawn

MAX_STEP = 2.0
"""s: no hole in a reply is longer."""

_NO_HOLE = np.arange(TIME_BINS) < bisect_right(TIME_EDGES, round(MAX_STEP / CELL)) - 1  # bins that end by then
_LONG = bisect_left(TIME_EDGES, round(LONG_GAP / CELL))  # the first bin from there on


class Improviser:
    """A model, and how freely it draws. Used by one thread at a time."""

    def __init__(self, runtime: Runtime, sampling: Sampling = AS_IS, window: int = WINDOW) -> None:
        """Hear the last `window` notes; live, the context grows to twice that before it is read anew."""
        self.runtime = runtime
        # What cuts unlikely categories off is for pitch: a wrong note is heard as one, while in time and loudness the
        # unlikely is what keeps playing alive (docs/model.md). The pedal stays where it is at most notes: it is drawn
        # as it is.
        self._temperature = sampling.temperature
        of_each = [1.0 if name == "pedal" else sampling.temperature for name in DRAWN]
        self._how = np.array([of_each], np.float32), np.array([[sampling.min_p, sampling.top_p]], np.float32)
        self._known = np.full((1, len(VARIABLES)), -1, np.int32)  # of the next note: its step
        self._window = window

    def improvise(self, notes: Sequence[Note], gap: float | None, random: np.random.Generator) -> Iterator[Drawn]:
        """Go on after `notes` (at least one). The first note comes `gap` seconds after their last onset.

        Without a gap the model draws that too.

        Raises:
            ValueError: there are no notes, or the model gives no numbers.
        """
        if not notes:
            raise ValueError("the model needs at least one note to go on from")
        heard = context(notes[-self._window :])
        state = self._read(heard)
        step, seconds = self._step(likelihoods(state.step), random) if gap is None else (time_bin(gap), gap)
        while True:
            token, note = self._note(state, step, seconds, random)
            heard.append(token)
            if len(heard) < 2 * self._window:
                state = self.runtime.advance(state, token)
            else:
                heard = [first(heard[-self._window]), *heard[len(heard) - self._window + 1 :]]
                state = self._read(heard)
            steps = likelihoods(state.step)
            total = float(np.add.reduce(steps))
            if not 0 < total < inf:  # what the note was drawn from is no better
                raise ValueError("the model gives no numbers")
            yield Drawn(note, float(np.add.reduce(steps[_LONG:])) / total)
            step, seconds = self._step(steps, random)

    def _read(self, tokens: Sequence[Token]) -> State:
        state = self.runtime.begin()
        for token in tokens:
            state = self.runtime.advance(state, token)
        return state

    def _step(self, steps: NDArray[np.float64], random: np.random.Generator) -> tuple[int, float]:
        """A step's bin, and its seconds."""
        step = draw(steps, random, self._temperature, _NO_HOLE)
        return step, bin_time(step, random.random())

    def _note(self, state: State, step: int, seconds: float, random: np.random.Generator) -> tuple[Token, Note]:
        """The rest of a note whose step is known. What is inside a bin is drawn evenly; the model hears the bin."""
        self._known[0, 0] = step
        chance = random.random((1, len(DRAWN)), np.float32)
        token = _, pitch, velocity, duration, pedal = self.runtime.draw(state, self._known, chance, *self._how)
        loudness = bin_velocity(velocity, random.random())
        lasting = bin_time(duration, 1 - random.random())  # above 0
        return token, Note(pitch, seconds, lasting, loudness, category_pedal(pedal, seconds))
