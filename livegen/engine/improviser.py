"""Continues notes with the model, note by note without end."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

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
from livegen.engine.cache import PITCHES_BEFORE, UNKNOWN, Cache, Recalled
from livegen.engine.drawing import Drawing, support
from livegen.engine.runtime import CHANCES, LONG, STEPS, Runtime, State, how
from livegen.note import WINDOW, Note
from livegen.stage.grid import Grid
from livegen.stage.plan import Expected
from livegen.stage.response import LONG_GAP, Sampled
from livegen.stage.settings import AS_IS, Sampling

MAX_STEP = 2.0
"""s, the longest gap in a response."""

MOST_LIKE = 0.95
"""How much the call counts in a response that imitates it, as `Sampling.memory`."""
FREEST = 0.4
"""By how much the temperature is raised for a response that invents."""

KEPT = 8
"""Generated notes that stay in the context when the model reads the call again (docs/model.md)."""

UNSURE = 3
"""Notes of a context after which the model knows enough of its time."""
TELLING = 16
"""Notes: a window of fewer does not tell whether there is a pulse."""

NOT_NUMBERS = "the model returns values that are not numbers"

_AS_IS = how()
_NO_GAP = bisect_right(TIME_EDGES, round(MAX_STEP / CELL)) - 1  # number of bins that end by MAX_STEP
_LONG = bisect_left(TIME_EDGES, round(LONG_GAP / CELL))  # the first bin that begins at LONG_GAP or later


class Improviser:
    """Samples notes from a model. Use it in one thread at a time.

    Args:
        runtime: of the model.
        cache: what this player has played before, on the same runtime; None: nothing is remembered.
    """

    def __init__(self, runtime: Runtime, cache: Cache | None = None) -> None:
        self.runtime, self.cache = runtime, cache
        self._how = how()
        self._chances = self._how[0, CHANCES]
        self._next = np.full((1, len(VARIABLES)), -1, np.int32)  # -1: sample all variables except the step

    def improvise(
        self,
        notes: Sequence[Note],
        gap: float | None,
        random: np.random.Generator,
        sampling: Sampling = AS_IS,
        window: int = WINDOW,
        grid: Grid | None = None,
    ) -> Iterator[Sampled]:
        """Continue `notes` without end.

        The model reads the last `window` of them, and reads them again after every `window` generated notes, or after
        every WINDOW if that is more.

        Args:
            notes: the context, at least one.
            gap: s from their last onset to the first onset; None to sample that too.
            random: the source of all random numbers.
            sampling: how to sample the distributions of the model.
            window: notes of context.
            grid: where onsets belong, on a clock that is 0 at the last onset of `notes`; None: anywhere.

        Raises:
            ValueError: there are no notes, or the model returns NaN.
        """
        if not notes:
            raise ValueError("the model needs at least one note to continue")
        sampling, imitation = _liking(sampling)
        self._how[:] = how(sampling.temperature, sampling.min_p, sampling.top_p)
        self._how[0, STEPS], self._how[0, LONG] = _NO_GAP, _LONG
        again = max(window, WINDOW)
        call, played = context(notes[-window:]), list[Token]()
        drawing = Drawing(grid, sampling.temperature, _NO_GAP) if grid is not None else None

        heard = self.cache.empty(len(call)) if self.cache is not None and imitation.memory else None

        def recalled(state: State) -> Recalled | None:
            if self.cache is None:
                return None
            before = [*call[-PITCHES_BEFORE:], *played[-PITCHES_BEFORE:]]
            of_call = None if heard is None else heard.recall(state, before, imitation)
            return self.cache.recall(state, before, sampling, of_call)

        def following(state: State, recalled: Recalled | None) -> tuple[int, float]:
            logits = state.steps if recalled is None else recalled.steps(state.steps)
            if drawing is not None:
                return drawing.draw(logits, random)
            step = state.step if recalled is None else _sample(logits, sampling.temperature, random)
            return step, bin_time(step, random.random())

        state = self._read(call, random, heard)
        found = recalled(state)
        step, seconds = following(state, found) if gap is None else (time_bin(gap), gap)
        known = None if gap is not None else step  # a gap between two turns is nothing that was remembered
        if drawing is not None and gap is not None:
            drawing.play(gap)
        for count in itertools.count(1):
            self._next[0] = (step, *UNKNOWN) if found is None else (step, *found.rest(known, random))
            random.random(out=self._chances, dtype=np.float32)
            token, state = self.runtime.play(state, self._next, self._how)
            played.append(token)
            if count % again == 0:
                played = played[len(call) - again - KEPT :]
                state = self._read([*call, *played], random)
            if not 0 <= state.rest < 1.01:  # a rounded sum; NaN means that the note is not valid either
                raise ValueError(NOT_NUMBERS)
            yield Sampled(_note(token, seconds, random), state.rest)
            found = recalled(state)
            step, seconds = following(state, found)
            known = step

    def expects(self, notes: Sequence[Note], window: int = WINDOW) -> Expected:
        """What the model expects in and after these notes, of which it reads the last `window`.

        Raises:
            ValueError: the model returns NaN.
        """
        state, notes = self.runtime.begin(), notes[-window:]
        heard: list[tuple[float, NDArray[np.float32]]] = []  # the step of each note, and its logits before it
        for note, token in zip(notes, context(notes), strict=True):
            heard.append((note.step, state.steps))
            _, state = self.runtime.play(state, np.array((token,), np.int32), _AS_IS)
        logits = state.steps.astype(np.float64)
        chances = np.exp(logits - logits.max())
        chances /= chances.sum()
        if not np.isfinite(chances).all():
            raise ValueError(NOT_NUMBERS)
        steps: list[float] = chances.tolist()
        return Expected(steps) if window < TELLING else Expected(steps, partial(support, heard[UNSURE:]))

    def _read(self, tokens: Sequence[Token], random: np.random.Generator, cache: Cache | None = None) -> State:
        """The state after these tokens. The step of the next note is sampled. A cache remembers them."""
        random.random(out=self._chances, dtype=np.float32)
        state = self.runtime.begin()
        for place, token in enumerate(tokens):
            if cache is not None and place:
                cache.remember(state, tokens[:place], token)
            _, state = self.runtime.play(state, np.array((token,), np.int32), self._how)
        return state


def _liking(sampling: Sampling) -> tuple[Sampling, Sampling]:
    """How to sample, and how to sample what is like the call: with `memory` above 0 if it is to be imitated."""
    away = 2 * sampling.like - 1
    if away >= 0:
        return sampling, sampling._replace(memory=MOST_LIKE * away ** (1 / 3))
    return sampling._replace(temperature=sampling.temperature * (1 - FREEST * away)), sampling._replace(memory=0.0)


def _sample(logits: NDArray[np.float32], temperature: float, random: np.random.Generator) -> int:
    """A step of at most MAX_STEP."""
    scaled = logits[:_NO_GAP].astype(np.float64) / temperature
    mass = np.exp(scaled - scaled.max()).cumsum()
    return int(mass.searchsorted(random.random() * mass[-1], side="right"))


def _note(token: Token, seconds: float, random: np.random.Generator) -> Note:
    """The note of a token, `seconds` after the previous onset. Values inside a bin are sampled uniformly."""
    _, pitch, velocity, duration, pedal = token
    loudness = bin_velocity(velocity, random.random())
    length = bin_time(duration, 1 - random.random())  # above 0
    return Note(pitch, seconds, length, loudness, category_pedal(pedal, seconds))
