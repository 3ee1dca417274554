"""Reading a note: an embedding of each of its categories, and of its intervals from the notes before it.

Music is the same in another key, and an LSTM alone would have to learn each key. So it reads intervals too.

Sequences: `embed`. One note: `Reader`, which multiplies the embeddings with the kernels that read them, or looks the
products up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from livegen.encoding import PITCHES
from livegen.training.network.stored import Stored

Tensor = Any
Layers = Sequence[Any]  # of Keras, which has no types

REACH = 48
"""Semitones: larger intervals count as this many."""
INTERVALS = 2 * REACH + 1
"""Categories of an interval. As input there is one more: no note at that place."""
BEFORE = 2
"""A note is read with its intervals from this many notes before it."""


def interval(one: Tensor, other: Tensor) -> Tensor:
    """The category of the interval from one pitch to another."""
    return ops.clip(other - one, -REACH, REACH) + REACH


def embed(categories: Layers, intervals: Layers, tokens: Tensor) -> Tensor:
    """(batch, time, 5) categories -> (batch, time, sum of the embeddings' widths).

    Args:
        categories: an Embedding for each variable.
        intervals: an Embedding for the interval from each of the BEFORE notes before.
        tokens: a context from its first note.
    """
    pitch = tokens[..., 1]
    read = [layer(tokens[..., i]) for i, layer in enumerate(categories)]
    for ago, layer in enumerate(intervals, 1):
        known = interval(pitch[:, :-ago], pitch[:, ago:])
        # No interval from what lies before the context.
        read.append(layer(ops.pad(known, [[0, 0], [ago, 0]], constant_values=INTERVALS)[:, : pitch.shape[1]]))
    return ops.concatenate(read, axis=-1)


AWAY = 300.0
"""The last pitches are carried along as AWAY less the pitch, so that 0, where memory begins, stands for no note."""

CLIPPED = np.clip(np.arange(1 - PITCHES, PITCHES), -REACH, REACH) + REACH
"""The category of each interval, from 1 - PITCHES semitones on."""
_ROWS = np.array([INTERVALS, *CLIPPED])  # after that of no note


class Reader:
    """Products of a note's embedding with the kernels that read it.

    Args:
        categories: as of `embed`.
        intervals: as of `embed`.
        kernels: Keras variables, (width of the embedding, outputs) each.
        stored: the weights.
        fold: look the products up in a table for each category; faster on a CPU, but a larger file without int8.
    """

    def __init__(self, categories: Layers, intervals: Layers, kernels: Layers, stored: Stored, *, fold: bool) -> None:
        self._embeddings = [layer.embeddings for layer in (*categories, *intervals)]
        self._kernels, self._stored = kernels, stored
        self._tables = self._products() if fold else None

    def __call__(self, categories: Sequence[tf.Tensor], last: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """(1, outputs) of each kernel.

        Args:
            categories: of the note, (1,) int32 each.
            last: (1, 1) each, AWAY less the pitches of the notes before, the last one first.
        """
        pitch = tf.cast(categories[1], tf.float32)[:, None]
        apart = tf.maximum(tf.concat(last, axis=-1) + pitch - (AWAY - PITCHES), 0.0)
        read = [*categories, *tf.unstack(tf.cast(apart, tf.int32), axis=-1)]
        if self._tables is not None:
            said = sum(tf.gather(table, each) for table, each in zip(self._tables, read, strict=True))
            return list(tf.split(said, [kernel.shape[-1] for kernel in self._kernels], axis=-1))
        tables = [self._stored(each) for each in self._embeddings]
        tables[-BEFORE:] = [tf.gather(each, _ROWS) for each in tables[-BEFORE:]]
        x = tf.concat([tf.gather(table, each) for table, each in zip(tables, read, strict=True)], axis=-1)
        return [tf.matmul(x, self._stored(kernel)) for kernel in self._kernels]

    def _products(self) -> list[NDArray[np.float32]]:
        """For each that is read, the products of each of its categories with all kernels."""
        tables = [each.numpy() for each in self._embeddings]
        tables[-BEFORE:] = [each[_ROWS] for each in tables[-BEFORE:]]
        kernel = np.concatenate([each.numpy() for each in self._kernels], axis=-1)
        shares = np.split(kernel, np.cumsum([each.shape[-1] for each in tables])[:-1])
        return [each @ share for each, share in zip(tables, shares, strict=True)]
