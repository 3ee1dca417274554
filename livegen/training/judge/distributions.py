"""Distributions of eight variables over the notes of continuations, and distances between them.

Each note falls into one bin of each variable:

pitch, pitch class   128 and 12 bins
interval             from the note before in order of onset and pitch, in semitones; from 36 on either way one bin
step, duration       the 80 bins of the model's encoding: 10 ms up to 200 ms, growing to 8 s
velocity             32 bins of 4
polyphony            keys down at the onset, this one included; from 16 on one bin
density              onsets in the second up to this one, included; from 64 on one bin

Keys and onsets of the prompt count for polyphony and density, and its last note for the first interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import PITCHES, SIZES, VELOCITY_WIDTH
from livegen.encoding_arrays import tokens
from livegen.training.data import DURATION, PITCH, STEP, VELOCITY, Notes

WIDEST = 36  # semitones
MOST_KEYS, MOST_ONSETS = 16, 64
BINS = {
    "pitch": PITCHES,
    "pitch class": 12,
    "interval": 2 * WIDEST + 1,
    "step": SIZES["step"],
    "duration": SIZES["duration"],
    "velocity": SIZES["velocity"],
    "polyphony": MOST_KEYS,
    "density": MOST_ONSETS,
}
SPLITS = 50

Counts = dict[str, NDArray[np.float64]]
"""For each variable, the number of notes in each bin: shape (continuations, bins)."""
Weights = NDArray[np.float64]
"""How many times each continuation counts: shape (continuations,)."""


def bins(prompt: Notes, response: Notes) -> dict[str, NDArray[np.int64]]:
    """For each variable, the bin of each note of a continuation: shape (notes,)."""
    notes = np.concatenate([prompt, response])
    whole, categories = notes[:, PITCH].astype(np.int64), tokens(notes)
    onset = np.cumsum(notes[:, STEP])
    earlier = np.tri(len(notes), k=-1, dtype=bool)
    sounding = (earlier & ((onset + notes[:, DURATION])[None, :] > onset[:, None])).sum(axis=1)
    lately = np.arange(len(notes)) - np.searchsorted(onset, onset - 1.0, side="right")
    found = {
        "pitch": whole,
        "pitch class": whole % 12,
        "interval": np.clip(np.diff(whole, prepend=whole[0]), -WIDEST, WIDEST) + WIDEST,
        "step": categories[:, 0].astype(np.int64),
        "duration": categories[:, 3].astype(np.int64),
        "velocity": notes[:, VELOCITY].astype(np.int64) // VELOCITY_WIDTH,
        "polyphony": np.minimum(sounding, MOST_KEYS - 1),
        "density": np.minimum(lately, MOST_ONSETS - 1),
    }
    return {name: each[len(prompt) :] for name, each in found.items()}


def count(prompts: Sequence[Notes], responses: Sequence[Notes]) -> Counts:
    found = [bins(prompt, response) for prompt, response in zip(prompts, responses, strict=True)]
    return {
        name: np.array([np.bincount(each[name], minlength=size) for each in found], np.float64)
        for name, size in BINS.items()
    }


def jensen_shannon(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """The distance between two distributions, given as counts: 0 if they are equal, 1 if they have no bin in common."""
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2

    def divergence(a: NDArray[np.float64]) -> float:
        seen = a > 0
        return float((a[seen] * np.log2(a[seen] / middle[seen])).sum())

    return float(np.sqrt(max((divergence(p) + divergence(q)) / 2, 0.0)))


def between_halves(counts: NDArray[np.float64], piece: NDArray[np.int64], seed: int = 0) -> float:
    """The mean distance between the continuations of two random halves of the pieces, over SPLITS halvings.

    Args:
        counts: shape (continuations, bins).
        piece: index of each continuation's piece, shape (continuations,). With a single piece the result is NaN.
        seed: of the halvings.
    """
    pieces = int(piece.max()) + 1
    if pieces < 2:
        return float("nan")
    random = np.random.default_rng(seed)
    halves = [(random.permutation(pieces) < pieces // 2)[piece] for _ in range(SPLITS)]
    return float(np.mean([jensen_shannon(half @ counts, ~half @ counts) for half in halves]))
