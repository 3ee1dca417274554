"""Attention over the notes before: what was played after moments like this one.

See Vaswani et al., 2017, arXiv:1706.03762. A moment is the LSTM's output after a note. Its value is the
note that came next, as in an induction head (Olsson et al., 2022, arXiv:2209.11895). Attention may also go to nothing.

Sequences: the layer `LookBack`. One note: `Moments`, which are carried along, the newest first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from livegen.note import WINDOW
from livegen.training.network.stored import Stored

Tensor = Any

BACK = WINDOW - 1
"""The last moments to attend to: all after which a note came in a window."""


@keras.saving.register_keras_serializable("livegen")
class LookBack(keras.layers.Layer):
    """Attention with `looks` heads of width `look` and a bias for each distance."""

    def __init__(self, looks: int, look: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.looks, self.look = looks, look
        self.query, self.key, self.value = (
            keras.layers.Dense(looks * look, use_bias=False, name=name) for name in ("query", "key", "value")
        )
        self.distance = keras.layers.Embedding(BACK, looks, embeddings_initializer="zeros", name="distance")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "looks": self.looks, "look": self.look}

    def call(self, states: Tensor, read: Tensor) -> Tensor:
        """What is found, (batch, time, looks * look), from `states` after each note and from the notes as `read`."""
        time = states.shape[1]
        query = self._split(self.query(states))
        moment = self._split(self.key(states[:, :-1]))
        after = self._split(self.value(read[:, 1:]))
        ago = np.arange(time)[:, None] - np.arange(1, time)[None]  # of the note that came after the moment
        distance = ops.transpose(self.distance(np.clip(ago, 0, BACK - 1)), (2, 0, 1))
        alike = ops.matmul(query, ops.transpose(moment, (0, 1, 3, 2))) * self.look**-0.5 + distance
        alike = ops.where((ago >= 0) & (ago < BACK), alike, -np.inf)
        weights = ops.softmax(ops.pad(alike, [[0, 0], [0, 0], [0, 0], [1, 0]]))[..., 1:]  # the first is nothing
        found = ops.transpose(ops.matmul(weights, after), (0, 2, 1, 3))
        return ops.reshape(found, (-1, time, self.looks * self.look))

    def _split(self, x: Tensor) -> Tensor:
        """(batch, time, looks * look) -> (batch, looks, time, look)."""
        return ops.transpose(ops.reshape(x, (ops.shape(x)[0], x.shape[1], self.looks, self.look)), (0, 2, 1, 3))


class Moments(NamedTuple):
    """What one note at a time attends to."""

    count: tf.Tensor  # (1, 1) notes that have been read
    moment: tf.Tensor  # (1, looks * look), the key of the last note's moment, after which nothing has come yet
    keys: tf.Tensor  # (looks, BACK, look) of the moments before it, the newest first
    values: tf.Tensor  # (looks, BACK, look) of the notes that came after them

    def followed(self, value: tf.Tensor) -> Moments:
        """The last moment, too, can be attended to: a note with this value, (1, looks * look), came after it."""
        return self._replace(keys=_shifted(self.keys, self.moment), values=_shifted(self.values, value))

    def found(self, query: tf.Tensor, back: LookBack, stored: Stored) -> tf.Tensor:
        """What a query, (1, looks * look), finds: (1, looks * look)."""
        query = tf.reshape(query, [back.looks, 1, back.look])
        alike = tf.matmul(query, self.keys, transpose_b=True)
        alike += tf.transpose(stored(back.distance.embeddings))[:, None]
        alike = tf.where(tf.range(BACK, dtype=tf.float32)[None, None] < self.count, alike, -1e9)
        weights = tf.nn.softmax(tf.pad(alike, [[0, 0], [0, 0], [0, 1]]))[..., :-1]  # the last is nothing
        return tf.reshape(tf.matmul(weights, self.values), [1, back.looks * back.look])

    def read(self, moment: tf.Tensor) -> Moments:
        """After the note, whose moment has this key."""
        return self._replace(count=self.count + 1, moment=moment)


def query_kernel(back: LookBack, stored: Stored) -> tf.Tensor:
    """The kernel of the query, with the factor of the attention in it."""
    return stored(back.query.kernel) * back.look**-0.5


def _shifted(old: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    """(looks, BACK, look) with the new one in front, and without the oldest."""
    looks, _, look = old.shape
    return tf.concat([tf.reshape(new, [looks, 1, look]), old[:, :-1]], axis=1)
