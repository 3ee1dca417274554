"""From a trained pianist to what the daemon loads: LiteRT files, and a SavedModel for TensorFlow on a GPU.

Both have the same signatures, all with batch 1:
    advance(token (1, 5) int32, state (1, state)) -> hidden (1, hidden), state, step (1, categories)
    pitch | velocity | duration | pedal (hidden (1, hidden), drawn (1, 5) int32) -> logits (1, categories)
`state` is h and c of each layer, then the keys; `hidden` is what the past says to each head, then the keys.

They compute what `Pianist` does, spelt for one note at a time: every operation and every call costs microseconds here,
so an LSTM's two matrix products are one, and the step's logits, which wait for nothing, come with `advance`. For LiteRT
the first layer looks its share of the token up in tables instead of multiplying embeddings, which saves a tenth. The
keys come along from note to note: strokes fade, and of a key that is held is known how long it still will be.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from livegen.engine.card import Card
from livegen.engine.litert import SIGNATURES
from livegen.engine.tensorflow import verified
from livegen.features import PITCHES, VARIABLES
from livegen.training.model import FADES, SECONDS, SEEN_AT, SEEN_BEFORE, Architecture, Pianist

Signature = Callable[..., dict[str, tf.Tensor]]


def save(pianist: Pianist, folder: Path) -> None:
    """Write a SavedModel whose weights are stored as float16; it computes in float32."""
    _save(pianist, _Spelt(pianist, "float16"), folder)


def _save(pianist: Pianist, spelt: _Spelt, folder: Path) -> None:
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
    """A pianist for one note at a time.

    Args:
        pianist: as trained.
        dtype: of the weights as they are stored.
        fold: whether the first layer reads tables, of what each category adds to its gates, instead of embeddings.
    """

    def __init__(self, pianist: Pianist, dtype: str, *, fold: bool = False) -> None:
        self._pianist, self._architecture = pianist, pianist.architecture
        self._tables = _tables(pianist) if fold else None
        self.module = tf.Module()
        self.module.weights = {v.path: tf.Variable(tf.cast(v.value, dtype), name=v.name) for v in pianist.weights}

    def advance(self, token: tf.Tensor, state: tf.Tensor) -> dict[str, tf.Tensor]:
        a, pianist = self._architecture, self._pianist
        *before, keys = tf.split(state, [a.units] * 2 * a.layers + [a.sizes.keys], axis=-1)
        x, total, after = None, 0.0, []
        for i, layer in enumerate(pianist.lstm):
            gates = self._gates(layer.cell, before[2 * i], token, x) + self._stored(layer.cell.bias)
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

    def _gates(self, cell: Any, h: tf.Tensor, token: tf.Tensor, x: tf.Tensor | None) -> tf.Tensor:  # noqa: ANN401
        """What goes into a layer's gates: of the layer below, `x`, or where there is none, of the token."""
        kernel, recurrent = self._stored(cell.kernel), self._stored(cell.recurrent_kernel)
        if x is None and self._tables is not None:
            rows = [tf.gather(table, token[:, i]) for i, table in enumerate(self._tables)]
            return tf.add_n([tf.matmul(h, recurrent), *rows])
        if x is None:
            x = tf.concat([self._read(layer, token[:, i]) for i, layer in enumerate(self._pianist.read)], axis=-1)
        return tf.matmul(tf.concat([x, h], axis=-1), tf.concat([kernel, recurrent], axis=0))

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


def _tables(pianist: Pianist) -> list[NDArray[np.float32]]:
    """For each variable, what each of its categories adds to the gates of the first layer: (categories, 4 units)."""
    kernel: NDArray[np.float32] = pianist.lstm[0].cell.kernel.numpy()
    shares = np.split(kernel, np.cumsum(pianist.architecture.embedding)[:-1])
    return [layer.embeddings.numpy() @ share for layer, share in zip(pianist.read, shares, strict=True)]


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


def litert(pianist: Pianist, *, quantise: bool) -> dict[str, bytes]:
    """The LiteRT files of a pianist, by signature; with `quantise`, int8 weights (dynamic range)."""
    with TemporaryDirectory() as folder:
        _save(pianist, _Spelt(pianist, "float32", fold=True), Path(folder))
        return {signature: _litert(folder, signature, quantise=quantise) for signature in SIGNATURES}


def _litert(saved_model: str, signature: str, *, quantise: bool) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model, signature_keys=[signature])
    if quantise:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())
