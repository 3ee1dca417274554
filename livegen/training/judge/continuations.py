"""Prompts from real pieces, and the models and functions that continue them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from time import monotonic
from typing import Protocol

import numpy as np

from livegen.encoding import context
from livegen.engine.cache import Cache, Place
from livegen.engine.card import Card
from livegen.engine.improviser import Improviser
from livegen.engine.litert import LiteRt
from livegen.engine.passages import Passage
from livegen.errors import DataError, ModelError
from livegen.note import WINDOW
from livegen.stage.events import ResponseNote
from livegen.stage.response import place
from livegen.stage.settings import Sampling
from livegen.training import Progress
from livegen.training.corpus import Piece
from livegen.training.data import COLUMNS, STEP, Notes
from livegen.training.evaluate import to_note

SHORT, LONG = 100, 500
"""Notes of a continuation."""
LONG_EVERY = 5
"""One prompt in five is continued by LONG notes, the others by SHORT."""
BEFORE = 500
"""Notes of the piece before a prompt that a model with a memory remembers, at most."""
REPORT_EVERY = 15.0  # s
NO_NOTES: Notes = np.empty((0, COLUMNS))
_PLACES, _NOTES = 0, 1  # streams of random numbers

Continue = Callable[[Notes, int, np.random.Generator], Notes]
"""(prompt, count, random) -> the next `count` notes. The first step is from the prompt's last onset. Only pitch, step,
duration and velocity are compared."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """25 notes of a piece, the notes that follow, and the last ones before."""

    piece: str
    notes: Notes
    truth: Notes
    before: Notes = field(default_factory=lambda: NO_NOTES)


class Continuer(Protocol):
    """Something that continues prompts, such as a model."""

    @property
    def name(self) -> str:
        """For tables and messages."""

    @property
    def seen(self) -> Set[str]:
        """The files that it was trained on, as `corpus.short` of their SHA-256."""

    def continue_prompts(self, prompts: Sequence[Prompt], seed: int, progress: Progress) -> list[Notes]:
        """Continue each prompt by as many notes as its `truth` has, without using these."""


@dataclass(frozen=True, slots=True)
class ParallelContinuer:
    """Continues each prompt by a function, on all cores."""

    name: str
    ready: Callable[[], Continue]  # called once per thread
    seen: Set[str] = frozenset()

    def continue_prompts(self, prompts: Sequence[Prompt], seed: int, progress: Progress) -> list[Notes]:
        """As `Continuer`. The random numbers depend only on the seed and the index of the prompt."""
        threads = min(os.cpu_count() or 1, len(prompts))
        free: SimpleQueue[Continue] = SimpleQueue()
        for _ in range(threads):
            free.put(self.ready())

        def one(k: int) -> Notes:
            go_on = free.get()
            try:
                if isinstance(go_on, _Remembering):
                    go_on.hear(prompts[k].before)
                return go_on(prompts[k].notes, len(prompts[k].truth), np.random.default_rng([seed, _NOTES, k]))
            finally:
                free.put(go_on)

        played: list[Notes] = []
        began = reported = monotonic()
        with ThreadPoolExecutor(threads) as pool:  # LiteRT releases the GIL
            for notes in pool.map(one, range(len(prompts))):
                played.append(notes)
                now = monotonic()
                if now - reported >= REPORT_EVERY:
                    reported = now
                    left = (now - began) * (len(prompts) / len(played) - 1)
                    progress(f"{self.name}: {len(played):,} of {len(prompts):,} prompts, {left / 60:.1f} min left")
        return played


def sample_prompts(pieces: Sequence[Piece], count: int, seed: int) -> list[Prompt]:
    """Random prompts: a piece, sampled uniformly, then a place in it.

    Every LONG_EVERY-th continuation is long. With the same seed, fewer prompts are the first of more.

    Raises:
        DataError: no piece is long enough.
    """
    prompts = []
    for k in range(count):
        length = LONG if k % LONG_EVERY == 0 else SHORT
        enough = [piece for piece in pieces if len(piece.notes) >= WINDOW + length]
        if not enough:
            raise DataError(f"no piece has the {WINDOW + length} notes that a prompt and its continuation need")
        random = np.random.default_rng([seed, _PLACES, k])
        piece = enough[random.integers(len(enough))]
        at = int(random.integers(WINDOW, len(piece.notes) - length + 1))
        before = piece.notes[max(0, at - WINDOW - BEFORE) : at - WINDOW]
        prompts.append(Prompt(piece.name, piece.notes[at - WINDOW : at], piece.notes[at : at + length], before))
    return prompts


def model(card: Card, sampling: Sampling, name: str = "") -> ParallelContinuer:
    """A model that samples as the daemon does, with the daemon's limits of what hands can play.

    With `sampling.memory` it remembers the notes before each prompt, as the daemon remembers its player.

    Raises:
        ModelError: it is to remember, and its card does not say what a cache needs.
    """
    where = Place.of(card.architecture)
    if sampling.memory and where is None:
        raise ModelError(f"{card.folder}: its card does not say how large its layers are, so it cannot remember.")

    def ready() -> Continue:
        runtime = LiteRt.of(card)
        cache = Cache(runtime, where) if sampling.memory and where is not None else None
        improviser = Improviser(runtime, cache)

        def go_on(prompt: Notes, count: int, random: np.random.Generator) -> Notes:
            samples = improviser.improvise([to_note(row) for row in prompt], None, random, sampling, card.window)
            return _rows(place(samples, count))

        return go_on if cache is None else _Remembering(go_on, cache)

    return ParallelContinuer(name or card.name, ready, frozenset(card.training.hashes.split()))


@dataclass(frozen=True, slots=True)
class _Remembering:
    """Continues a prompt after it has heard what was played before."""

    go_on: Continue
    cache: Cache

    def __call__(self, prompt: Notes, count: int, random: np.random.Generator) -> Notes:
        return self.go_on(prompt, count, random)

    def hear(self, before: Notes) -> None:
        """Remember only these notes, as calls of WINDOW notes, each read after the WINDOW notes before it."""
        self.cache.forget()
        notes = [to_note(row) for row in before]
        for start in range(WINDOW, len(notes), WINDOW):
            call = notes[start - WINDOW : start + WINDOW]
            deque(self.cache.learn(Passage(tuple(context(call)), WINDOW)), maxlen=0)


def _rows(notes: Sequence[ResponseNote]) -> Notes:
    rows = [(n.pitch, n.offset, n.duration, n.velocity, n.pedal.down, n.pedal.pressed, n.pedal.lifted) for n in notes]
    array = np.array(rows, np.float64).reshape(-1, COLUMNS)
    array[:, STEP] = np.diff(array[:, STEP], prepend=0.0)
    return array


def loop(prompt: Notes, count: int, random: np.random.Generator) -> Notes:  # noqa: ARG001  (nothing is random)
    """The prompt repeated, with its median step between two repetitions."""
    notes = np.resize(prompt, (count, COLUMNS))
    notes[:: len(prompt), STEP] = np.median(prompt[1:, STEP])
    return notes


LOOP = ParallelContinuer("looped prompt", lambda: loop)
