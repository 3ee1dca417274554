"""From a trained pianist to what the daemon loads: a LiteRT file, and a SavedModel for TensorFlow on a GPU.

Both have the same signatures, all with batch 1:
    advance(token (1, 5) int32, state (1, state)) -> hidden (1, hidden), state, step (1, categories)
    pitch | velocity | duration | pedal (hidden (1, hidden), drawn (1, 5) int32) -> logits (1, categories)
`state` is h and c of each layer, then the keys; `hidden` is what the past says to each head, then the keys.

They compute what `Pianist` does, spelt for one note at a time: every operation and every call costs microseconds here,
so an LSTM's two matrix products are one, and the step's logits, which wait for nothing, come with `advance`. The keys
come along from note to note: strokes fade, and of a key that is held is known how long it still will be.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from livegen.engine.card import Card
from livegen.engine.tensorflow import verified
from livegen.features import PITCHES, VARIABLES
from livegen.training.model import FADES, SECONDS, SEEN_AT, SEEN_BEFORE, Architecture, Pianist

Signature = Callable[..., dict[str, tf.Tensor]]


def save(pianist: Pianist, folder: Path, *, dtype: str = "float16") -> None:
    """Write a SavedModel whose weights are stored as `dtype`; it computes in float32."""
    spelt = _Spelt(pianist, dtype)
    sizes = pianist.architecture.sizes
    token = tf.TensorSpec((1, len(VARIABLES)), tf.int32, name="token")
    state = tf.TensorSpec((1, sizes.state), tf.float32, name="state")
    hidden = tf.TensorSpec((1, sizes.told), tf.float32, name="hidden")
    drawn = tf.TensorSpec((1, len(VARIABLES)), tf.int32, name="drawn")
    signatures = {"advance": tf.function(spelt.advance, input_signature=[token, state])}
    for name in VARIABLES[1:]:
        signatures[name] = tf.function(spelt.logits(name), input_signature=[hidden, drawn])
    tf.saved_model.save(spelt.module, str(folder), signatures=signatures)


class _Spelt:
    """A pianist for one note at a time."""

    def __init__(self, pianist: Pianist, dtype: str) -> None:
        self._pianist, self._architecture = pianist, pianist.architecture
        self.module = tf.Module()
        self.module.weights = {v.path: tf.Variable(tf.cast(v.value, dtype), name=v.name) for v in pianist.weights}

    def advance(self, token: tf.Tensor, state: tf.Tensor) -> dict[str, tf.Tensor]:
        a, pianist = self._architecture, self._pianist
        x = tf.concat([self._read(layer, token[:, i]) for i, layer in enumerate(pianist.read)], axis=-1)
        *before, keys = tf.split(state, [a.units] * 2 * a.layers + [a.sizes.keys], axis=-1)
        total, after = 0.0, []
        for i, layer in enumerate(pianist.lstm):
            cell = layer.cell
            kernel = tf.concat([self._stored(cell.kernel), self._stored(cell.recurrent_kernel)], axis=0)
            gates = tf.matmul(tf.concat([x, before[2 * i]], axis=-1), kernel) + self._stored(cell.bias)
            enter, keep, new, leave = tf.split(gates, 4, axis=-1)  # in Keras' order
            c = tf.sigmoid(keep) * before[2 * i + 1] + tf.sigmoid(enter) * tf.tanh(new)
            x = tf.sigmoid(leave) * tf.tanh(c)
            after += [x, c]
            total += x
        keys = strike(age(keys, token), token)
        hidden = tf.concat([self._dense(pianist.heads, total), keys], axis=-1)
        return {
            "hidden": hidden,
            "state": tf.concat([*after, keys], axis=-1),
            "step": self._head("step", hidden, token),
        }

    def logits(self, name: str) -> Signature:
        return lambda hidden, drawn: {"logits": self._head(name, hidden, drawn)}

    def _head(self, name: str, hidden: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        a, pianist = self._architecture, self._pianist
        *shares, keys = tf.split(hidden, [a.hidden] * len(VARIABLES) + [a.sizes.keys], axis=-1)
        mine = shares[VARIABLES.index(name)]
        for layer, names in ((pianist.seen_before, SEEN_BEFORE), (pianist.seen_at, SEEN_AT)):
            if name in names:
                kernel = tf.split(self._stored(layer.kernel), len(names), axis=-1)[names.index(name)]
                mine += tf.matmul(seen(keys if names is SEEN_BEFORE else age(keys, drawn)), kernel)
        for k, layer in enumerate(pianist.given[name]):
            mine += self._read(layer, drawn[:, k])
        return self._dense(pianist.logits[name], tf.nn.relu(mine))

    def _stored(self, variable: Any) -> tf.Tensor:  # noqa: ANN401  (Keras has no public type for its variables)
        return tf.cast(self.module.weights[variable.path], tf.float32)

    def _read(self, embedding: Any, category: tf.Tensor) -> tf.Tensor:  # noqa: ANN401  (Keras' layers have no types)
        return tf.gather(self._stored(embedding.embeddings), category)

    def _dense(self, layer: Any, x: tf.Tensor) -> tf.Tensor:  # noqa: ANN401
        return tf.matmul(x, self._stored(layer.kernel)) + self._stored(layer.bias)


_FADED = np.stack([np.exp(-SECONDS / fade) for fade in FADES])  # by step


def age(keys: tf.Tensor, token: tf.Tensor) -> tf.Tensor:
    """The keys (1, KEYS) one step of `token` (1, 5) later; of those held, the seconds that they still will be."""
    *struck, held = tf.split(keys, len(FADES) + 1, axis=-1)
    faded = [stroke * tf.gather(tf.constant(rate), token[:, :1]) for stroke, rate in zip(struck, _FADED, strict=True)]
    return tf.concat([*faded, held - tf.gather(tf.constant(SECONDS), token[:, :1])], axis=-1)


def strike(keys: tf.Tensor, token: tf.Tensor) -> tf.Tensor:
    """The keys after the note `token` (1, 5) has begun."""
    *struck, held = tf.split(keys, len(FADES) + 1, axis=-1)
    pitch = tf.one_hot(token[:, 1], PITCHES)
    lasting = pitch * tf.gather(tf.constant(SECONDS), token[:, 3:4])
    return tf.concat([*(stroke + pitch for stroke in struck), tf.maximum(held, lasting)], axis=-1)


def seen(keys: tf.Tensor) -> tf.Tensor:
    """The keys as a head sees them: as `model.keys` gives them."""
    *struck, held = tf.split(keys, len(FADES) + 1, axis=-1)
    return tf.concat([*struck, tf.cast(held > 0, tf.float32)], axis=-1)


def restore(card: Card) -> Pianist:
    """The pianist of a model's SavedModel, to go on training with.

    Raises:
        ModelError: the model has none, or it is damaged.
    """
    sizes = card.architecture
    pianist = Pianist(Architecture(sizes.units, sizes.layers, sizes.hidden, sizes.embedding))
    pianist(np.zeros((1, 2, len(VARIABLES)), np.int32))
    stored = tf.saved_model.load(str(verified(card))).weights
    for weight in pianist.weights:
        weight.assign(tf.cast(stored[weight.path], tf.float32))
    return pianist


def litert(saved_model: Path, *, quantise: bool) -> bytes:
    """The LiteRT file of a SavedModel; with `quantise`, int8 weights (dynamic range)."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=["advance", *VARIABLES[1:]])
    if quantise:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())
