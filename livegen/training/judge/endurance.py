"""Does a continuation stay varied, or does it collapse, repeat itself, or quote the training data?

spread   of a time: the standard deviation of its ln inside a run of 100 notes (below 10 ms counts as 10 ms), mean
         over the continuations
n-gram   n consecutive notes, each as the interval from the note before, in semitones, and the class of its step:
         below 30 ms (a chord), then up to 80, 160, 320, 640 ms, and above. So it is the same in every key.

An n-gram is shared with the prompt or with the continuation itself if it occurs there earlier, anywhere, and with the
train split if any of its pieces has it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import CELL
from livegen.training.data import PITCH, STEP, Notes

STEP_CLASSES = (0.03, 0.08, 0.16, 0.32, 0.64)  # s, upper bounds
SHORT_GRAM = 3
"""Notes of an n-gram for the prompt and the continuation itself."""
LONG_GRAM = 6
"""Notes of an n-gram for the train split."""

Grams = NDArray[np.uint64]
_MIX = np.uint64(0x9E3779B97F4A7C15)


def spread(times: NDArray[np.float64]) -> float:
    return float(np.log(np.maximum(times, CELL)).std())


def grams(notes: Notes, n: int) -> Grams:
    """A hash of each n-gram, in order: shape (notes - n,)."""
    interval = np.diff(notes[:, PITCH]).astype(np.int64) + 128
    words = (interval * 8 + np.searchsorted(STEP_CLASSES, notes[1:, STEP], side="right")).astype(np.uint64)
    count = max(len(words) - n + 1, 0)
    hashed = np.zeros(count, np.uint64)
    for k in range(n):
        hashed = (hashed ^ words[k : k + count]) * _MIX
        hashed ^= hashed >> np.uint64(29)
    return hashed


def index(pieces: Iterable[Notes], n: int = LONG_GRAM) -> Grams:
    """All n-grams of these pieces, sorted: 8 bytes for each."""
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *(grams(notes, n) for notes in pieces)]))


def known(found: Grams, among: Grams) -> int:
    """How many of the n-grams are in a sorted index."""
    if not len(among):
        return 0
    places = np.minimum(np.searchsorted(among, found), len(among) - 1)
    return int((among[places] == found).sum())


def shared_with_prompt(prompt: Notes, response: Notes) -> tuple[int, int]:
    """The number of n-grams of a continuation that are in its prompt, and of all its n-grams."""
    found = grams(response, SHORT_GRAM)
    return int(np.isin(found, grams(prompt, SHORT_GRAM)).sum()), len(found)


def shared_with_itself(response: Notes) -> tuple[int, int]:
    """The number of n-grams of a continuation that occur earlier in it, and of all its n-grams."""
    found = grams(response, SHORT_GRAM)
    return len(found) - len(np.unique(found)), len(found)


def shared_with_train(response: Notes, train: Grams) -> tuple[int, int]:
    """The number of n-grams of a continuation that are in the train split, and of all its n-grams."""
    found = grams(response, LONG_GRAM)
    return known(found, train), len(found)
