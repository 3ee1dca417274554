"""From a trained pianist to what the daemon loads: a LiteRT file, and a SavedModel for TensorFlow on a GPU.

Both have the same signatures, all with batch 1:
    advance(token (1, 4) int32, state (2 * layers, 1, units)) -> hidden (1, 4 * hidden), state
    step | pitch | velocity | duration (hidden (1, 4 * hidden), drawn (1, 4) int32) -> logits (1, categories)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
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

    def stored() -> keras.StatelessScope:
        return keras.StatelessScope([(v, tf.cast(module.weights[v.path], v.dtype)) for v in pianist.weights])

    def advance(token: tf.Tensor, state: tf.Tensor) -> dict[str, tf.Tensor]:
        with stored():
            hidden, after = pianist.advance(token, state)
        return {"hidden": hidden, "state": after}

    def head(name: str) -> Signature:
        def logits(hidden: tf.Tensor, drawn: tf.Tensor) -> dict[str, tf.Tensor]:
            with stored():
                return {"logits": pianist.head(name, hidden, drawn)}

        return logits

    signatures = {"advance": tf.function(advance, input_signature=[token, state])}
    for name in VARIABLES:
        signatures[name] = tf.function(head(name), input_signature=[hidden, drawn])
    tf.saved_model.save(module, str(folder), signatures=signatures)


def litert(saved_model: Path, *, quantise: bool) -> bytes:
    """The LiteRT file of a SavedModel; with `quantise`, int8 weights (dynamic range)."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=["advance", *VARIABLES])
    if quantise:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())
