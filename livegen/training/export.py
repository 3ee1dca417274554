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


def save(pianist: Pianist, folder: Path) -> None:
    """Write the SavedModel."""
    a = pianist.architecture
    token = tf.TensorSpec((1, len(VARIABLES)), tf.int32, name="token")
    state = tf.TensorSpec((2 * a.layers, 1, a.units), tf.float32, name="state")
    hidden = tf.TensorSpec((1, a.hidden * len(VARIABLES)), tf.float32, name="hidden")
    drawn = tf.TensorSpec((1, len(VARIABLES)), tf.int32, name="drawn")

    def advance(token: tf.Tensor, state: tf.Tensor) -> dict[str, tf.Tensor]:
        hidden, after = pianist.advance(token, state)
        return {"hidden": hidden, "state": after}

    def head(name: str) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
        return lambda hidden, drawn: {"logits": pianist.head(name, hidden, drawn)}

    archive = keras.export.ExportArchive()
    archive.track(pianist)
    archive.add_endpoint("advance", advance, [token, state])
    for name in VARIABLES:
        archive.add_endpoint(name, head(name), [hidden, drawn])
    archive.write_out(str(folder), verbose=False)


def litert(saved_model: Path, *, quantise: bool) -> bytes:
    """The LiteRT file of a SavedModel; with `quantise`, int8 weights (dynamic range)."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=["advance", *VARIABLES])
    if quantise:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())
