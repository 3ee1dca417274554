"""The state of the keys: which were struck lately, and which are still down. It has no weights.

Sequences: `keys`, from all pairs of a moment and an earlier note. One note: `Keys`, which is carried along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras import ops

from livegen.encoding import CELL, PITCHES, SIZES, START, TIME_BINS, bin_time

Tensor = Any  # keras has no tensor type that covers all backends

FADES = (0.3, 2.0)
"""s after which a stroke has faded to 1/e: for strokes just now, and for recent ones."""

SEEN = (len(FADES) + 1) * PITCHES
"""For each pitch: its strokes, faded, once for each of FADES; then 1 while the key is down, else 0."""

KEYS = SEEN + 2 * PITCHES
"""After SEEN, for each pitch: how loud and how long its strokes were (LOUD, LASTING), faded by the last of FADES."""

SECONDS = np.array([bin_time(b, 0.5) if b < TIME_BINS else 0.0 for b in range(START + 1)], np.float32)
"""s that each bin stands for, and START."""

LOUD = np.linspace(-1, 1, SIZES["velocity"], dtype=np.float32)  # by velocity
LASTING = np.log(SECONDS[:TIME_BINS] + 0.05)  # by duration

TIE = CELL / 4
"""s: sums of SECONDS are whole half cells, so they differ by more than this or are equal, whatever the rounding. A key
that is released just as a note begins counts as up."""


def keys(tokens: Tensor, onset: Tensor, now: Tensor) -> Tensor:
    """The keys at each of the moments `now`, after the notes up to the same place.

    Args:
        tokens: (batch, time, 5).
        onset: (batch, time) s, of these notes.
        now: (batch, time) s, never before the onset at the same place.

    Returns:
        (batch, time, KEYS)
    """
    length = tokens.shape[1]
    known = np.tril(np.ones((length, length), np.float32))
    ago = ops.maximum(now[:, :, None] - onset[:, None, :], 0.0)
    held = ops.cast(ops.take(SECONDS, tokens[..., 3])[:, None, :] > ago + TIE, "float32")
    strokes = [known * ops.exp(-ago / fade) for fade in FADES]
    loud, long = ops.take(LOUD, tokens[..., 2]), ops.take(LASTING, tokens[..., 3])
    pitch = ops.one_hot(tokens[..., 1], PITCHES)
    *struck, down = (ops.matmul(weight, pitch) for weight in (*strokes, known * held))
    how = [ops.matmul(strokes[-1] * each[:, None, :], pitch) for each in (loud, long)]
    return ops.concatenate([*struck, ops.minimum(down, 1.0), *how], axis=-1)


_FADED = np.exp(-SECONDS[:, None, None] / np.array([[FADES[1]], [FADES[1]], [FADES[0]], [FADES[1]]], np.float32))
_LOUD = np.stack([[[loud], [0], [1], [1]] for loud in LOUD]).astype(np.float32)  # what a stroke of a velocity adds
_LASTING = np.stack([[[0], [lasting], [0], [0]] for lasting in LASTING]).astype(np.float32)  # and one of a duration

ORDER = [3, 4, 0, 1, 2]
"""Row of `Keys.known` -> row of `keys`."""


class Keys(NamedTuple):
    """The keys after a note. For one note at a time: strokes fade from note to note, and a key that is down is kept as
    the time until its release.
    """

    strokes: tf.Tensor  # (1, 4, PITCHES): how loud and how long they were, and the strokes faded by each of FADES
    held: tf.Tensor  # (1, PITCHES) s until the key is released

    def later(self, step: tf.Tensor) -> Keys:
        """After one more step, (1,)."""
        faded = self.strokes * tf.gather(tf.constant(_FADED), step)
        return Keys(faded, self.held - tf.gather(tf.constant(SECONDS), step))

    def struck(self, categories: Sequence[tf.Tensor]) -> Keys:
        """After the onset of a note of these categories, (1,) each."""
        _, pitch, velocity, duration, _ = categories
        key = tf.one_hot(pitch, PITCHES)
        stroke = tf.gather(tf.constant(_LOUD), velocity) + tf.gather(tf.constant(_LASTING), duration)
        held = tf.maximum(self.held, key * tf.gather(tf.constant(SECONDS), duration))
        return Keys(self.strokes + stroke * key[:, None], held)

    def known(self) -> tf.Tensor:
        """As `keys`, shape (1, 5, PITCHES), with the rows in another order (ORDER): SEEN comes last."""
        return tf.concat([self.strokes, tf.cast(self.held > TIE, tf.float32)[:, None]], axis=1)


def seen(known: tf.Tensor) -> tf.Tensor:
    """The part SEEN of `Keys.known`, (1, SEEN)."""
    return tf.reshape(known[:, -SEEN // PITCHES :], [1, SEEN])
