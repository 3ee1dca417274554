"""The LSTM: a stack of layers whose outputs are added up.

Sequences: Keras' LSTM layers. One note: `advance`, in Keras' order of gates, with one product a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from livegen.training.network.stored import Stored

Tensor = Any
Layers = Sequence[Any]  # keras.layers.LSTM


def run(layers: Layers, x: Tensor, drop: Callable[[int, Tensor], Tensor]) -> Tensor:
    """The sum of all layers' outputs, (batch, time, units).

    Args:
        layers: they return sequences.
        x: (batch, time, width), the notes as they are read.
        drop: dropout of what goes into the layer of a number, except the first.
    """
    total: Tensor = 0
    for i, layer in enumerate(layers):
        x = layer(drop(i, x) if i else x)
        total = total + x
    return total


def advance(
    layers: Layers, states: Sequence[tf.Tensor], gates: tf.Tensor, stored: Stored
) -> tuple[list[tf.Tensor], tf.Tensor]:
    """The states after a note, and the sum of all layers' outputs, (1, units).

    Args:
        layers: as of `run`.
        states: h and c of each layer, (1, units) each.
        gates: (1, 4 * units), the product of the note as it is read with the first layer's kernel.
        stored: the weights.
    """
    x, total, after = None, 0.0, []
    for i, layer in enumerate(layers):
        h, c = states[2 * i : 2 * i + 2]
        kernel, recurrent, bias = map(stored, (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias))
        if x is None:
            gates += tf.matmul(h, recurrent) + bias
        else:
            gates = tf.matmul(tf.concat([x, h], axis=-1), tf.concat([kernel, recurrent], axis=0)) + bias
        enter, keep, new, leave = tf.split(gates, 4, axis=-1)
        c = tf.sigmoid(keep) * c + tf.sigmoid(enter) * tf.tanh(new)
        x = tf.sigmoid(leave) * tf.tanh(c)
        after += [x, c]
        total += x
    return after, total
