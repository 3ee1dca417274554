"""Does a continuation follow its prompt? Correlations between traits of prompts and of their continuations.

density        onsets per second: (notes - 1) / the seconds from the first onset to the last
dynamics       mean velocity
register       mean pitch
articulation   mean ln of the durations, in s
pitch classes  number of notes of each of the twelve

The first four are compared by Spearman's rank correlation over the prompts. For pitch classes, the result is the mean
of Pearson's correlation between the profiles of each prompt and its continuation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import CELL
from livegen.note import INSTANT
from livegen.training.data import DURATION, PITCH, STEP, VELOCITY, Notes

TRAITS = ("density", "dynamics", "register", "articulation")


def traits(notes: Notes) -> list[float]:
    """In the order of TRAITS."""
    seconds = max(float(notes[1:, STEP].sum()), CELL)
    return [
        (len(notes) - 1) / seconds,
        float(notes[:, VELOCITY].mean()),
        float(notes[:, PITCH].mean()),
        float(np.log(np.maximum(notes[:, DURATION], INSTANT)).mean()),
    ]


def profile_correlations(prompts: Sequence[Notes], responses: Sequence[Notes]) -> NDArray[np.float64]:
    """Between the pitch classes of each prompt and its continuation: shape (prompts,). 0 if one profile is uniform."""

    def profiles(each: Sequence[Notes]) -> NDArray[np.float64]:
        counted = np.array([np.bincount(notes[:, PITCH].astype(np.int64) % 12, minlength=12) for notes in each])
        centred: NDArray[np.float64] = counted - counted.mean(axis=1, keepdims=True)
        length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
        centred /= np.where(length > 0, length, 1)
        return centred

    correlations: NDArray[np.float64] = (profiles(prompts) * profiles(responses)).sum(axis=1)
    return correlations


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1. Equal values get the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[which]


def rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Spearman's rank correlation. NaN if all values of one side are equal."""
    x, y = ranks(a), ranks(b)
    x, y = x - x.mean(), y - y.mean()
    length = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / length if length > 0 else float("nan")
