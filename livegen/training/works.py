"""Which pieces are of one work.

MAESTRO has most of its works from several pianists, and spells the title of one in many ways. A piece that is held out
to choose by says nothing of what a model makes of new music if another performance of its work is trained on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import PITCHES
from livegen.training.data import PITCH, Notes

LENGTH = 8
"""Pitches in a row that are compared. Of MAESTRO's 588 titles 582 are then of one work each, of 245 in all."""
SHARE = 0.02  # of the shorter piece's rows that two performances have in common at least; chords are never quite alike
CHANCE = 2  # rows in common that mean nothing
SAMPLED = 8  # one row in so many is looked at, the same ones in all pieces
PERFORMANCES = 50  # of a work, at most: what more pieces have in common is a scale


def works(pieces: Sequence[Notes]) -> NDArray[np.int64]:
    """For each piece the number of the first that is of the same work.

    Pieces are of one work if they share rows of pitches, or if each shares some with a third.
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
    """Of all rows of pitches in a piece the sampled ones, once each, as numbers."""
    if len(notes) < LENGTH:
        return np.empty(0, np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(notes[:, PITCH].astype(np.uint64), LENGTH)
    number = windows @ (np.uint64(PITCHES) ** np.arange(LENGTH, dtype=np.uint64))
    mixed = number * np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing: Knuth, The Art of Computer Programming, 6.4
    return np.unique(number[mixed >> np.uint64(32) & np.uint64(SAMPLED - 1) == 0])
