"""The model's own playing: from some notes and a gap, note after note without end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from livegen.engine.runtime import Runtime, State
from livegen.engine.sampling import Sampling, draw, likelihoods
from livegen.features import (
    CELL,
    TIME_BINS,
    TIME_EDGES,
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
_AS_IS = Sampling()
_NOTHING: Token = (0, 0, 0, 0, 0)


class Improviser:
    """A model, and how freely it draws. Used by one thread at a time."""

    def __init__(self, runtime: Runtime, sampling: Sampling = _AS_IS, window: int = WINDOW) -> None:
        """Hear the last `window` notes; live, the context grows to twice that before it is read anew."""
        self.runtime = runtime
        # What cuts unlikely categories off is for pitch: a wrong note is heard as one, while in time and loudness the
        # unlikely is what keeps playing alive (docs/model.md). The pedal stays where it is at most notes: it is drawn
        # as it is.
        self._of = {"pitch": sampling, "pedal": _AS_IS}
        self._of_others = Sampling(sampling.temperature)
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
        step, seconds = self._step(self._steps(state), random) if gap is None else (time_bin(gap), gap)
        while True:
            token, note = self._note(state, step, seconds, random)
            heard.append(token)
            if len(heard) < 2 * self._window:
                state = self.runtime.advance(state, token)
            else:
                heard = [first(heard[-self._window]), *heard[len(heard) - self._window + 1 :]]
                state = self._read(heard)
            steps = self._steps(state)
            yield Drawn(note, float(np.add.reduce(steps[_LONG:]) / np.add.reduce(steps)))
            step, seconds = self._step(steps, random)

    def _read(self, tokens: Sequence[Token]) -> State:
        state = self.runtime.begin()
        for token in tokens:
            state = self.runtime.advance(state, token)
        return state

    def _steps(self, state: State) -> NDArray[np.float64]:
        """How likely each bin of the next step is."""
        return likelihoods(self.runtime.logits("step", state, _NOTHING))

    def _step(self, steps: NDArray[np.float64], random: np.random.Generator) -> tuple[int, float]:
        """A step's bin, and its seconds."""
        step = draw(steps, random, self._of_others, _NO_HOLE)
        return step, bin_time(step, random.random())

    def _note(self, state: State, step: int, seconds: float, random: np.random.Generator) -> tuple[Token, Note]:
        """The rest of a note whose step is known. What is inside a bin is drawn evenly; the model hears the bin."""
        pitch = self._draw("pitch", state, (step, 0, 0, 0, 0), random)
        velocity = self._draw("velocity", state, (step, pitch, 0, 0, 0), random)
        duration = self._draw("duration", state, (step, pitch, velocity, 0, 0), random)
        pedal = self._draw("pedal", state, (step, pitch, velocity, duration, 0), random)
        loudness = bin_velocity(velocity, random.random())
        lasting = bin_time(duration, 1 - random.random())  # above 0
        token = (step, pitch, velocity, duration, pedal)
        return token, Note(pitch, seconds, lasting, loudness, category_pedal(pedal, seconds))

    def _draw(self, variable: str, state: State, drawn: Token, random: np.random.Generator) -> int:
        sampling = self._of.get(variable, self._of_others)
        return draw(likelihoods(self.runtime.logits(variable, state, drawn)), random, sampling)
