"""Prompts from real pieces, continuers, and how they go on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from time import monotonic
from typing import Protocol

import numpy as np

from livegen.engine.card import Card
from livegen.engine.improviser import Improviser
from livegen.engine.litert import LiteRt
from livegen.engine.sampling import Sampling
from livegen.errors import DataError
from livegen.note import WINDOW
from livegen.stage.events import ResponseNote
from livegen.stage.response import place
from livegen.training.corpus import Piece
from livegen.training.data import COLUMNS, STEP, Notes
from livegen.training.evaluate import to_note

SHORT, LONG = 100, 500
"""Notes of a continuation."""
LONG_EVERY = 5
"""One prompt in so many is continued by LONG notes, the others by SHORT."""
TELL_EVERY = 15.0  # s
_PLACES, _NOTES = 0, 1  # what is drawn, beside the seed

Continue = Callable[[Notes, int, np.random.Generator], Notes]
"""(prompt, count, random) -> the `count` notes that come next; the first step is from the prompt's last onset. Of
`Notes` only pitch, step, duration and velocity are judged."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """25 notes in a piece, and how the piece goes on."""

    piece: str
    notes: Notes
    truth: Notes


class Continuer(Protocol):
    """Whoever continues prompts."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def seen(self) -> Set[str]:
        """What it was trained on: the first digits of each file's SHA-256, as `corpus.short` gives them."""

    def continue_prompts(self, prompts: Sequence[Prompt], seed: int, tell: Callable[[str], None]) -> list[Notes]:
        """Go on after each prompt by as many notes as the piece does in `truth`, and never look at these."""


@dataclass(frozen=True, slots=True)
class ParallelContinuer:
    """A continuer that goes on after one prompt at a time, on all cores."""

    name: str
    ready: Callable[[], Continue]  # called once for each thread
    seen: Set[str] = frozenset()

    def continue_prompts(self, prompts: Sequence[Prompt], seed: int, tell: Callable[[str], None]) -> list[Notes]:
        """As `Continuer`. The draws depend on the seed and the prompt's number alone."""
        threads = min(os.cpu_count() or 1, len(prompts))
        free: SimpleQueue[Continue] = SimpleQueue()
        for _ in range(threads):
            free.put(self.ready())

        def one(k: int) -> Notes:
            go_on = free.get()
            try:
                return go_on(prompts[k].notes, len(prompts[k].truth), np.random.default_rng([seed, _NOTES, k]))
            finally:
                free.put(go_on)

        played: list[Notes] = []
        began = told = monotonic()
        with ThreadPoolExecutor(threads) as pool:  # LiteRT runs outside the GIL
            for notes in pool.map(one, range(len(prompts))):
                played.append(notes)
                now = monotonic()
                if now - told >= TELL_EVERY:
                    told = now
                    left = (now - began) * (len(prompts) / len(played) - 1)
                    tell(f"{self.name}: {len(played):,} of {len(prompts):,} prompts, {left / 60:.1f} min left")
        return played


def draw_prompts(pieces: Sequence[Piece], count: int, seed: int) -> list[Prompt]:
    """A piece drawn evenly, then a place in it: the long ones first. Fewer than `count` are the first of more.

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
        prompts.append(Prompt(piece.name, piece.notes[at - WINDOW : at], piece.notes[at : at + length]))
    return prompts


def model(card: Card, sampling: Sampling, name: str = "") -> ParallelContinuer:
    """A model, drawing as the daemon does, and keeping to what hands can play."""

    def ready() -> Continue:
        improviser = Improviser(LiteRt.of(card), sampling, card.window)

        def go_on(prompt: Notes, count: int, random: np.random.Generator) -> Notes:
            return _rows(place(improviser.improvise([to_note(row) for row in prompt], None, random), count))

        return go_on

    return ParallelContinuer(name or card.name, ready, frozenset(card.training.hashes.split()))


def _rows(notes: Sequence[ResponseNote]) -> Notes:
    rows = [(n.pitch, n.offset, n.duration, n.velocity, n.pedal.down, n.pedal.pressed, n.pedal.lifted) for n in notes]
    array = np.array(rows, np.float64).reshape(-1, COLUMNS)
    array[:, STEP] = np.diff(array[:, STEP], prepend=0.0)
    return array


def loop(prompt: Notes, count: int, random: np.random.Generator) -> Notes:  # noqa: ARG001  (nothing is drawn)
    """The prompt over and over, its median step between two rounds."""
    notes = np.resize(prompt, (count, COLUMNS))
    notes[:: len(prompt), STEP] = np.median(prompt[1:, STEP])
    return notes


LOOP = ParallelContinuer("looped prompt", lambda: loop)
