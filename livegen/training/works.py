"""Finds pieces of the same work.

MAESTRO has several performances of most works, and spells the title of one work in many ways. If one performance is
held out and another is trained on, the held-out loss does not show how well a model predicts new music.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import PITCHES
from livegen.training.data import PITCH, Notes

LENGTH = 8
"""Length of the compared rows of pitches. With 8, 582 of MAESTRO's 588 titles fall into one work each, of 245 works."""
SHARE = 0.02  # least share of the shorter piece's rows in both; low, because the order of notes in chords differs
CHANCE = 2  # rows that two works may have in common by chance
SAMPLED = 8  # one row in 8 is compared, the same ones in all pieces
PERFORMANCES = 50  # most performances of a work: rows in more pieces are scales


def works(pieces: Sequence[Notes]) -> NDArray[np.int64]:
    """For each piece, the index of the first piece of the same work.

    Pieces are of one work if they share rows of pitches, directly or through other pieces.
    """
    rows = [_rows(notes) for notes in pieces]
    sizes = np.array([len(each) for each in rows])
    row, piece = np.concatenate(rows), np.repeat(np.arange(len(pieces)), sizes)
    order = np.lexsort((piece, row))
    row, piece = row[order], piece[order]
    pairs = [np.empty(0, np.int64)]
    for apart in range(1, min(PERFORMANCES, len(row))):
        same = row[apart:] == row[:-apart]
        pairs.append(piece[:-apart][same] * len(pieces) + piece[apart:][same])
    pair, shared = np.unique(np.concatenate(pairs), return_counts=True)
    one, other = np.divmod(pair, len(pieces))
    alike = shared > np.maximum(CHANCE, SHARE * np.minimum(sizes[one], sizes[other]))
    one, other = one[alike], other[alike]
    first = np.arange(len(pieces))
    while True:
        before = first.copy()
        np.minimum.at(first, one, first[other])
        np.minimum.at(first, other, first[one])
        if np.array_equal(first, before):
            return first


def _rows(notes: Notes) -> NDArray[np.uint64]:
    """The sampled rows of pitches of a piece, without duplicates, as numbers."""
    if len(notes) < LENGTH:
        return np.empty(0, np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(notes[:, PITCH].astype(np.uint64), LENGTH)
    number = windows @ (np.uint64(PITCHES) ** np.arange(LENGTH, dtype=np.uint64))
    mixed = number * np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing: Knuth, The Art of Computer Programming, 6.4
    return np.unique(number[mixed >> np.uint64(32) & np.uint64(SAMPLED - 1) == 0])
