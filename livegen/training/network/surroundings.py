"""The keys around a key. They have the same influence in every key of music: only intervals matter.

`Near` adds to the logits of each pitch. `Around` adds to the heads of velocity and duration, given the pitch.

Sequences: these two layers. One note: `place_weights` and `near`, and `around`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from livegen.encoding import PITCHES
from livegen.training.network.keys import KEYS, ORDER, SEEN
from livegen.training.network.stored import Stored, Weights

Tensor = Any

NEAR = 24
"""Semitones to either side of a pitch within which keys count."""
WIDTH = 2 * NEAR + 1


@keras.saving.register_keras_serializable("livegen")
class Near(keras.layers.Layer):
    """Logits of each pitch from the keys around it: a sum of `ways`, each with a kernel over the surroundings."""

    def __init__(self, ways: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ways = ways
        self.weigh = keras.layers.Dense(ways, kernel_initializer="zeros", name="ways_logits")
        self.kernel = self.add_weight(
            shape=(SEEN // PITCHES * WIDTH, ways), initializer="glorot_uniform", name="near_kernel"
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ways": self.ways}

    def matrix(self) -> Tensor:
        """The weight of each key for each pitch, in each way, shape (SEEN, PITCHES * ways)."""
        kernel = ops.reshape(self.kernel, (-1, WIDTH, self.ways))
        apart = np.arange(PITCHES)[:, None] - np.arange(PITCHES)[None] + NEAR
        inside = ((apart >= 0) & (apart < WIDTH))[..., None].astype(np.float32)
        rows = ops.take(kernel, np.clip(apart, 0, WIDTH - 1), axis=1) * inside
        return ops.reshape(rows, (SEEN, PITCHES * self.ways))

    def call(self, asked: Tensor, keys: Tensor) -> Tensor:
        """(batch, time, PITCHES), from the hidden layer of the pitch's head and from the keys, (batch, time, SEEN)."""
        said = ops.reshape(ops.matmul(keys, self.matrix()), (*keys.shape[:-1], PITCHES, self.ways))
        return ops.matmul(said, self.weigh(asked)[..., None])[..., 0]


@keras.saving.register_keras_serializable("livegen")
class Around(keras.layers.Layer):
    """The influence of the keys around the struck key on how it is struck, added to the hidden layer of a head."""

    def __init__(self, ways: int, hidden: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ways, self.hidden = ways, hidden
        self.seen = keras.layers.Dense(ways, use_bias=False, name="seen")
        self.told = keras.layers.Dense(hidden, use_bias=False, kernel_initializer="zeros", name="told")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ways": self.ways, "hidden": self.hidden}

    def call(self, keys: Tensor, pitch: Tensor) -> Tensor:
        """(batch, time, hidden), from the keys, (batch, time, KEYS), and the pitch that is struck, (batch, time)."""
        keys = ops.reshape(keys, (-1, KEYS // PITCHES, PITCHES))
        keys = ops.transpose(ops.pad(keys, [[0, 0], [0, 0], [NEAR, NEAR]]), (0, 2, 1))
        places = ops.reshape(pitch, (-1, 1, 1)) + np.arange(WIDTH)[None, :, None]
        window = ops.take_along_axis(keys, places, axis=1)
        window = ops.reshape(window, (-1, pitch.shape[1], WIDTH * KEYS // PITCHES))
        return self.told(self.seen(window))


def padded(known: tf.Tensor) -> tf.Tensor:
    """`Keys.known` with NEAR silent keys at both ends of the keyboard, for the functions below."""
    return tf.pad(known, [[0, 0], [0, 0], [NEAR, NEAR]])


def place_weights(layer: Near, stored: Stored) -> Weights:
    """A Dense layer from the hidden layer of the pitch's head to the weight of each place around a pitch.

    It is the product of the layer that weighs the ways of `Near` and of their kernels.
    """
    kernel = tf.transpose(stored(layer.kernel))
    weigh, bias = (tf.matmul(tf.reshape(each, [-1, layer.ways]), kernel) for each in stored.dense(layer.weigh))
    return weigh, bias[0]


def near(places: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """As `Near`, (1, PITCHES), from the weights of the places and from the padded keys: a convolution."""
    rows = SEEN // PITCHES
    keys = tf.reshape(known[:, -rows:], [1, rows, -1, 1])
    said = tf.nn.conv2d(keys, tf.reshape(places, [rows, WIDTH, 1, 1]), 1, "VALID")
    return tf.reshape(said, [1, PITCHES])


def around(
    layers: Mapping[str, Around], heads: Sequence[str], known: tf.Tensor, pitch: tf.Tensor, stored: Stored
) -> tf.Tensor:
    """The contributions of several `Around` to the hidden layers of these heads: (1, len(heads) * hidden).

    Args:
        layers: by head. The contribution to other heads is zero.
        heads: in order.
        known: the padded keys.
        pitch: (1,), of the key that is struck.
        stored: the weights.
    """
    window = tf.gather(known, pitch + np.arange(WIDTH), axis=2)
    # The layer reads all rows of a place together; here all places of a row are together.
    kernels = [tf.reshape(stored(layer.seen.kernel), [WIDTH, KEYS // PITCHES, -1]) for layer in layers.values()]
    kernel = tf.gather(tf.transpose(tf.concat(kernels, axis=-1), [1, 0, 2]), ORDER)
    ways = tf.matmul(tf.reshape(window, [1, -1]), tf.reshape(kernel, [WIDTH * KEYS // PITCHES, -1]))
    blocks = [
        [stored(layer.told.kernel) if name == head else tf.zeros([layer.ways, layer.hidden]) for head in heads]
        for name, layer in layers.items()
    ]
    return tf.matmul(ways, tf.concat([tf.concat(row, axis=-1) for row in blocks], axis=0))
