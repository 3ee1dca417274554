"""From a trained pianist to what the daemon loads: a LiteRT file, and a SavedModel for TensorFlow on a GPU.

Both have the same signatures, all with batch 1:
    advance(token (1, 4) int32, state (2 * layers, 1, units)) -> hidden (1, 4 * hidden), state, step (1, categories)
    pitch | velocity | duration (hidden (1, 4 * hidden), drawn (1, 4) int32) -> logits (1, categories)

They compute what `Pianist` does, spelt for one note at a time: every operation and every call costs microseconds here,
so an LSTM's two matrix products are one, and the step's logits, which wait for nothing, come with `advance`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from livegen.features import VARIABLES
from livegen.training.model import Pianist

Signature = Callable[..., dict[str, tf.Tensor]]


def save(pianist: Pianist, folder: Path, *, dtype: str = "float16") -> None:
    """Write a SavedModel whose weights are stored as `dtype`; it computes in float32."""
    a = pianist.architecture
    token = tf.TensorSpec((1, len(VARIABLES)), tf.int32, name="token")
    state = tf.TensorSpec((2 * a.layers, 1, a.units), tf.float32, name="state")
    hidden = tf.TensorSpec((1, a.hidden * len(VARIABLES)), tf.float32, name="hidden")
    drawn = tf.TensorSpec((1, len(VARIABLES)), tf.int32, name="drawn")

    module = tf.Module()
    module.weights = {v.path: tf.Variable(tf.cast(v.value, dtype), name=v.name) for v in pianist.weights}

    def stored(variable: Any) -> tf.Tensor:  # noqa: ANN401  (Keras has no public type for its variables)
        return tf.cast(module.weights[variable.path], tf.float32)

    def read(embedding: Any, category: tf.Tensor) -> tf.Tensor:  # noqa: ANN401  (Keras' layers have no types)
        return tf.gather(stored(embedding.embeddings), category)

    def dense(layer: Any, x: tf.Tensor) -> tf.Tensor:  # noqa: ANN401
        return tf.matmul(x, stored(layer.kernel)) + stored(layer.bias)

    def head(name: str, hidden: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        i = VARIABLES.index(name)
        mine = hidden[:, i * a.hidden : (i + 1) * a.hidden]
        for k, layer in enumerate(pianist.given[name]):
            mine += read(layer, drawn[:, k])
        return dense(pianist.logits[name], tf.nn.relu(mine))

    def advance(token: tf.Tensor, state: tf.Tensor) -> dict[str, tf.Tensor]:
        x = tf.concat([read(layer, token[:, i]) for i, layer in enumerate(pianist.read)], axis=-1)
        total, after = 0.0, []
        for i, layer in enumerate(pianist.lstm):
            cell = layer.cell
            kernel = tf.concat([stored(cell.kernel), stored(cell.recurrent_kernel)], axis=0)
            gates = tf.matmul(tf.concat([x, state[2 * i]], axis=-1), kernel) + stored(cell.bias)
            enter, keep, new, leave = tf.split(gates, 4, axis=-1)  # in Keras' order
            c = tf.sigmoid(keep) * state[2 * i + 1] + tf.sigmoid(enter) * tf.tanh(new)
            x = tf.sigmoid(leave) * tf.tanh(c)
            after += [x, c]
            total += x
        hidden = dense(pianist.heads, total)
        return {"hidden": hidden, "state": tf.stack(after), "step": head("step", hidden, token)}

    def logits(name: str) -> Signature:
        return lambda hidden, drawn: {"logits": head(name, hidden, drawn)}

    signatures = {"advance": tf.function(advance, input_signature=[token, state])}
    for name in VARIABLES[1:]:
        signatures[name] = tf.function(logits(name), input_signature=[hidden, drawn])
    tf.saved_model.save(module, str(folder), signatures=signatures)


def litert(saved_model: Path, *, quantise: bool) -> bytes:
    """The LiteRT file of a SavedModel; with `quantise`, int8 weights (dynamic range)."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=["advance", *VARIABLES[1:]])
    if quantise:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())
