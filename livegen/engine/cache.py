"""A neural cache: what this player has played, as a second prediction beside the model's.

    E. Grave, A. Joulin, N. Usunier: Improving neural language models with a continuous cache, ICLR 2017,
    arXiv:1612.04426

For each note that was played the cache has the moment before it: a projection of the LSTM's output, and the last
pitches. Each remembered note counts by how alike its moment and the present one are; only moments after the same pitch
count. The model's own distribution counts too, as some number of notes. So the cache changes little where nothing like
this was played before, and much where it was, exactly or often:

    p(category) = (own * p_model(category) + sum(weight * p(category | remembered category))) / (own + sum(weight))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import MOVES, SIZES, START, TIME_BINS, VARIABLES, Token
from livegen.engine.passages import MOST, Passage
from livegen.engine.runtime import Runtime, State, how
from livegen.note import WINDOW
from livegen.stage.settings import Sampling

WIDTH = 32
"""Numbers that the LSTM's output is projected to, at random."""
SCALE = 0.55
"""Of the projection."""
PITCHES_BEFORE = 8
"""The last pitches that are compared, of which the last one must be the same."""
MOST_ALIKE = 1000
"""Of the notes after the same pitch, at most the last ones count, so that a note is found in time."""

Floats = NDArray[np.float64]
Rest = tuple[int, int, int, int]
"""Pitch, velocity, duration and pedal; -1: unknown."""
UNKNOWN: Rest = (-1, -1, -1, -1)

AGO = (0.0, 0.7, 0.1, 0.1, 0.0, 0.1, 0.0, 0.2)
"""How much less a moment counts, in nats, if the pitch so many notes before the last one is another."""
WORDS, WORDS_AGO = 0.045, (0.0, 0.9, 1.0, 1.0, 0.85, 0.4, 0.4, 0.7)
"""The same by the pitches alone: a lick is the same lick in other surroundings. WORDS counts if all are the same."""
_AGO = np.array([AGO, WORDS_AGO], np.float32).T
OWN_STEP, OWN_PITCH, OWN_VELOCITY, OWN_DURATION = 0.8, 1.8, 6.0, 0.8
"""As how many notes after just the same moment the model's own distribution counts."""
ALIKE = (16.0, 8.0, 7.0, 4.8, 4.2, 0.3)
"""How much a note counts for the pitch if its step is in the bin that was sampled, or 1 bin away, 2, 3, 4, or more."""
NEAREST = ((0.96, 0.015, 0.005), (1.0,), (0.74, 0.09, 0.03, 0.01), (0.73, 0.083, 0.036, 0.01))
"""Of a remembered step, pitch, velocity and duration: how likely it is again, and its neighbours on each side."""


def _near(size: int, taps: Sequence[float]) -> Floats:
    """A matrix that spreads each category over its neighbours: its share, then theirs on either side."""
    away = np.abs(np.arange(size)[:, None] - np.arange(size))
    weights = np.append(taps, 0.0)[np.minimum(away, len(taps))]
    near: Floats = weights / weights.sum(axis=0)
    return near


_NEAR = [_near(SIZES[name], taps) for name, taps in zip(VARIABLES, NEAREST, strict=False)]
_NEAR_SUMS = [near.T.cumsum(axis=1) for near in _NEAR]
_ALIKE_STEP = np.array(ALIKE)[np.minimum(np.abs(np.arange(TIME_BINS)[:, None] - np.arange(TIME_BINS)), len(ALIKE) - 1)]

LEAST_OWN = 1e-3
"""As how many notes the model's prediction counts at least, beside two caches."""
NEGLIGIBLE = 1e-6
"""A sum of weights that is no longer worth counting."""
_NONE = 255  # in place of a pitch, before the first note


class Place(NamedTuple):
    """Where the outputs of the LSTM's layers are in the state of a model."""

    units: int
    layers: int

    @classmethod
    def of(cls, architecture: Mapping[str, Any]) -> Place | None:
        """By the architecture in a model's card; None if it does not say."""
        try:
            return cls(int(architecture["units"]), int(architecture["layers"]))
        except (KeyError, TypeError, ValueError):
            return None

    def output(self, state: State) -> NDArray[np.float32]:
        """The sum of the layers' outputs, shape (units,): what the heads read (`livegen.training.note_by_note`)."""
        size = 2 * self.layers * self.units  # h and c of each layer
        outputs: NDArray[np.float32] = state.memory[0, :size].reshape(self.layers, 2, self.units)[:, 0].sum(axis=0)
        return outputs


class Recalled:
    """What the cache has for one moment: remembered notes, with the weight of each.

    The temperature and the limits of the pitch change the model's prediction only: what a player played is as it is.

    Args:
        notes: their categories, shape (5, notes).
        weights: of each, above 0.
        sampling: `memory`, how much they count, and the temperature of the model's prediction.
        beside: what another cache has for the same moment, with how much it counts.
    """

    def __init__(
        self, notes: NDArray[np.int16], weights: Floats, sampling: Sampling, beside: Recalled | None = None
    ) -> None:
        self.notes, self.weights = notes, weights
        self._temperature = sampling.temperature
        self.own = (1 - sampling.memory) / sampling.memory  # 1 as it was fitted; 0: the cache alone
        if beside is not None and self.own:
            self.notes = np.concatenate([notes, beside.notes], axis=1)
            self.weights = np.concatenate([weights / self.own, beside.weights / max(beside.own, LEAST_OWN)])
            self.own = 1.0

    def steps(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of the step: at the temperature, their softmax is the mixture."""
        scaled = logits / self._temperature
        own = np.exp(scaled - scaled.max())
        own *= self.own * OWN_STEP / own.sum()
        mixed = own + _NEAR[0] @ np.bincount(self.notes[0], self.weights, TIME_BINS)
        result: NDArray[np.float32] = (self._temperature * np.log(np.maximum(mixed, 1e-30))).astype(np.float32)
        return result

    def rest(self, step: int | None, random: np.random.Generator) -> Rest:
        """Pitch, velocity, duration and pedal of the next note, -1 for what the model should sample.

        A mixture is sampled exactly by choosing one of its parts, and then from that part. If the pitch is the model's,
        all the rest is. If it is that of a remembered note, velocity and duration are mixtures of those of the same
        note and the model's, and the pedal is the model's.

        Args:
            step: of the note; None: nothing like it is remembered, because it is the wait before a response.
            random: the source of random numbers.
        """
        weights = self.weights if step is None else self.weights * _ALIKE_STEP[step, self.notes[0]]
        mass = weights.cumsum()
        if random.random() >= _share(mass[-1], self.own * OWN_PITCH):
            return UNKNOWN
        note = int(mass.searchsorted(random.random() * mass[-1], side="right"))
        _, pitch, *played, _ = self.notes[:, note].tolist()
        total = float(weights[self.notes[1] == pitch].sum())
        velocity, duration = (
            int(_NEAR_SUMS[variable][was].searchsorted(random.random()))
            if random.random() < _share(total, self.own * own)
            else -1
            for variable, was, own in zip((2, 3), played, (OWN_VELOCITY, OWN_DURATION), strict=True)
        )
        return pitch, velocity, duration, -1

    def gains(self, logits: Mapping[str, NDArray[np.float32]], token: Token) -> tuple[float, float, float, float]:
        """How many nats less step, pitch, velocity and duration of a note cost than by the model alone.

        Args:
            logits: of the model, of each variable given those of `token` before it.
            token: the note.
        """
        own = [_likelihood(logits[name], category) for name, category in zip(VARIABLES[:4], token, strict=False)]
        weights, counts = self.weights, (OWN_STEP, OWN_PITCH, OWN_VELOCITY, OWN_DURATION)
        mixed, remembered = [], 1.0  # the chance that the note is from the cache, by what is known of it
        total = float(weights.sum())
        for variable, category in enumerate(token[:4]):
            share = _share(total, self.own * counts[variable])
            alike = _NEAR[variable][category, self.notes[variable]]
            found = share * float(weights @ alike) / float(weights.sum()) if share else 0.0
            within = (1 - share) * own[variable] + found
            mixed.append((1 - remembered) * own[variable] + remembered * within)
            if variable == 0:
                weights = weights * _ALIKE_STEP[category, self.notes[0]]
                total = float(weights.sum())
            elif variable == 1:
                remembered, weights = found / within, weights * alike
                total = float(weights.sum())
            else:  # velocity and duration are of the same note
                remembered *= within / mixed[-1]
                weights = weights * ((1 - share) * own[variable] + share * alike)
        step, pitch, velocity, duration = (float(np.log(new / old)) for new, old in zip(mixed, own, strict=True))
        return step, pitch, velocity, duration


def _share(remembered: float, own: float) -> float:
    """The share of the cache in a mixture."""
    return remembered / (remembered + own) if remembered else 0.0


def _likelihood(logits: NDArray[np.float32], category: int) -> float:
    likely = np.exp(logits.astype(np.float64) - float(logits.max()))
    return float(likely[category] / likely.sum())


class Cache:
    """What was played, with the moment before each note. Use it in one thread at a time.

    Args:
        runtime: of the model whose moments these are.
        place: where the LSTM's output is in its state.
        most: number of notes; None: MOST.
    """

    def __init__(self, runtime: Runtime, place: Place, most: int | None = None) -> None:
        most = MOST if most is None else most
        self._runtime, self._place, self._most = runtime, place, most
        self._projection = _projection(place.units)
        self._keys = np.zeros((most, WIDTH), np.float32)
        self._last = np.full(most, _NONE, np.uint8)  # the first column of the next, which is read as a whole
        self._pitches = np.full((most, PITCHES_BEFORE), _NONE, np.uint8)
        self._notes = np.zeros((len(SIZES), most), np.int16)
        self._count = 0  # of all notes so far

    def __len__(self) -> int:
        return min(self._count, self._most)

    def empty(self, most: int) -> Cache:
        """A smaller one on the same model, with nothing in it."""
        return Cache(self._runtime, self._place, most)

    def forget(self) -> None:
        self._count = 0

    def learn(self, passage: Passage) -> Iterator[None]:
        """Remember a passage: with each item one note is read. Stop in between for as long as you like."""
        for before, state, token in moments(self._runtime, passage):
            if token is not None:
                self.remember(state, before, token)
            yield

    def recall(
        self, state: State, before: Sequence[Token], sampling: Sampling, beside: Recalled | None = None
    ) -> Recalled | None:
        """What was played at moments like this one, and what is `beside` it; None if there is nothing.

        Args:
            state: of the model, after the last note.
            before: the notes before, at least one.
            sampling: of the next note.
            beside: what another cache has for this moment.
        """
        if not sampling.memory or not self._count:
            return beside
        pitches = _last_pitches(before)
        alike = np.flatnonzero(self._last[: len(self)] == pitches[0])
        if len(alike) > MOST_ALIKE:
            oldest = int(alike.searchsorted(self._count % self._most))  # the newest note is just before this place
            alike = np.concatenate([alike[oldest:], alike[:oldest]])[-MOST_ALIKE:]
        away = self._keys.take(alike, axis=0) - self._key(state)
        other = (self._pitches.take(alike, axis=0) != pitches).astype(np.float32) @ _AGO
        weights = np.exp(-np.einsum("ij,ij->i", away, away) - other[:, 0]) + WORDS * np.exp(-other[:, 1])
        if weights.sum() < NEGLIGIBLE:
            return beside
        return Recalled(self._notes.take(alike, axis=1), weights.astype(np.float64), sampling, beside)

    def remember(self, state: State, before: Sequence[Token], token: Token) -> None:
        """Remember a note: the state of the model before it, and the notes before it, at least one."""
        at = self._count % self._most
        self._keys[at], self._pitches[at], self._notes[:, at] = self._key(state), _last_pitches(before), token
        self._last[at] = self._pitches[at, 0]
        self._count += 1

    def _key(self, state: State) -> NDArray[np.float32]:
        key: NDArray[np.float32] = self._place.output(state) @ self._projection
        return key


def moments(runtime: Runtime, passage: Passage) -> Iterator[tuple[Sequence[Token], State, Token | None]]:
    """Reads a passage as a response is played: at most WINDOW notes, and as many after them.

    Yields:
        The last notes, the state of the model after them, and the note that came next; None if it is only read.
    """
    tokens, parameters = passage.tokens, how()
    for start in range(passage.first, len(tokens), WINDOW):
        state = runtime.begin()
        first, end = max(0, start - WINDOW), min(start + WINDOW, len(tokens))
        for place in range(first, end):
            token = tokens[place]
            yield tokens[max(0, place - PITCHES_BEFORE) : place], state, token if place >= start else None
            known = _as_first(token) if place == first else token
            _, state = runtime.play(state, np.array((known,), np.int32), parameters)


@lru_cache(maxsize=4)
def _projection(units: int) -> NDArray[np.float32]:
    """Random, and always the same. It keeps distances, nearly (Johnson and Lindenstrauss, 1984)."""
    random = np.random.default_rng(0)
    return (SCALE * random.normal(0, WIDTH**-0.5, (units, WIDTH))).astype(np.float32)


def _last_pitches(before: Sequence[Token]) -> NDArray[np.uint8]:
    """The last one first."""
    found = [token[1] for token in before[: -PITCHES_BEFORE - 1 : -1]]
    return np.array(found + [_NONE] * (PITCHES_BEFORE - len(found)), np.uint8)


def _as_first(token: Token) -> Token:
    """A note as the first one of a context (`encoding.context`)."""
    _, pitch, velocity, duration, pedal = token
    return START, pitch, velocity, duration, int(MOVES[pedal][0])
