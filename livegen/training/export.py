"""From a trained pianist to what the daemon loads: a LiteRT file, and a SavedModel for TensorFlow on a GPU.

Both have one signature, a note, with batch 1:
    play(memory (1, memory), known (1, 5) int32, how (1, 14))
        -> token (1, 5) int32, memory, following (1,) int32, rest (1,), and of each variable but the step its logits
`memory` is h and c of each layer, the keys, what the past says to each head, and the logits of the next step. `known`
are the categories of the note, -1 where they are to be drawn, `how` says in what way (`livegen.engine.runtime`), and
`token` is the whole note. `following` is the step of the note after it, drawn as well, and `rest` how likely that is a
long gap.

It computes what `Pianist` does, spelt for one note at a time: every operation and every call costs microseconds here,
so a note is one call; an LSTM's two matrix products are one; what a drawn category says to all heads after it is one
row of one table. For LiteRT the first layer looks its share of the token up in tables instead of multiplying
embeddings, which saves a tenth. The keys come along from note to note: strokes fade, and of a key that is held is known
how long it still will be.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from livegen.engine.card import Card
from livegen.engine.runtime import CHANCES, CUT, LONG, PLAY, STEPS, TEMPERATURES, inputs
from livegen.engine.tensorflow import verified
from livegen.features import PITCHES, SIZES, VARIABLES
from livegen.training.model import FADES, SECONDS, Architecture, Pianist


def save(pianist: Pianist, folder: Path) -> None:
    """Write a SavedModel whose weights are stored as float16; it computes in float32."""
    _save(pianist, _Spelt(pianist, "float16"), folder)


def _save(pianist: Pianist, spelt: _Spelt, folder: Path) -> None:
    specs = [tf.TensorSpec(*spec, name=name) for name, spec in inputs(pianist.architecture.sizes).items()]
    tf.saved_model.save(spelt.module, str(folder), signatures={PLAY: tf.function(spelt.play, input_signature=specs)})


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

    def play(self, memory: tf.Tensor, known: tf.Tensor, how: tf.Tensor) -> dict[str, tf.Tensor]:
        a, known = self._architecture, tf.unstack(known, axis=-1)
        sizes = [*[a.units] * 2 * a.layers, a.sizes.keys, a.hidden * len(VARIABLES), SIZES["step"]]
        *states, keys, told, _ = tf.split(memory, sizes, axis=-1)
        keys = age(keys, known[0])
        categories, logits = self._draw(told, keys, known, how)
        states, total = self._advance(states, categories)
        keys = strike(keys, categories)
        told = self._dense(self._pianist.heads, total)
        mine = told[:, : a.hidden] + tf.matmul(seen(keys), self._stored(self._pianist.seen_before.kernel))
        steps = self._logits("step", mine)
        following, rest = next_step(steps, how)
        return {
            "token": tf.stack(categories, axis=-1),
            "memory": tf.concat([*states, keys, told, steps], axis=-1),
            "following": following,
            "rest": rest,
            **logits,
        }

    def _draw(
        self, told: tf.Tensor, keys: tf.Tensor, known: list[tf.Tensor], how: tf.Tensor
    ) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """The categories of the note that these keys wait for, and the logits of all but its step."""
        a = self._architecture
        chances, temperatures, cut = (tf.unstack(how[:, part], axis=-1) for part in (CHANCES, TEMPERATURES, CUT))
        told = told[:, a.hidden :]
        at = tf.matmul(seen(keys), self._stored(self._pianist.seen_at.kernel))
        told += tf.pad(at, [[0, 0], [0, told.shape[-1] - at.shape[-1]]])
        categories, logits = known[:1], {}
        for k, name in enumerate(VARIABLES[1:], 1):
            told += tf.gather(self._said(VARIABLES[k - 1], VARIABLES[k:]), categories[-1])
            mine, told = tf.split(told, [a.hidden, told.shape[-1] - a.hidden], axis=-1)
            logits[name] = self._logits(name, mine)
            likely = likelihoods(logits[name], temperatures[k])
            drawn = category(cut_off(likely, *cut) if name == "pitch" else likely, chances[k])
            categories.append(tf.where(known[k] < 0, drawn, known[k]))
        return categories, logits

    def _advance(self, before: list[tf.Tensor], categories: list[tf.Tensor]) -> tuple[list[tf.Tensor], tf.Tensor]:
        """h and c of each layer after the note, and the sum of all h."""
        x, total, after = None, 0.0, []
        for i, layer in enumerate(self._pianist.lstm):
            gates = self._gates(layer.cell, before[2 * i], categories, x)
            enter, keep, new, leave = tf.split(gates, 4, axis=-1)  # in Keras' order
            c = tf.sigmoid(keep) * before[2 * i + 1] + tf.sigmoid(enter) * tf.tanh(new)
            x = tf.sigmoid(leave) * tf.tanh(c)
            after += [x, c]
            total += x
        return after, total

    def _gates(self, cell: Any, h: tf.Tensor, categories: list[tf.Tensor], x: tf.Tensor | None) -> tf.Tensor:  # noqa: ANN401
        """What goes into a layer's gates: of the layer below, `x`, or where there is none, of the token."""
        kernel, recurrent, bias = map(self._stored, (cell.kernel, cell.recurrent_kernel, cell.bias))
        if x is None and self._tables is not None:
            gates = tf.matmul(h, recurrent) + bias
            for table, category in zip(self._tables, categories, strict=True):
                gates += tf.gather(table, category)
            return gates
        if x is None:
            rows = zip(self._pianist.read, categories, strict=True)
            x = tf.concat([tf.gather(self._stored(layer.embeddings), category) for layer, category in rows], axis=-1)
        return tf.matmul(tf.concat([x, h], axis=-1), tf.concat([kernel, recurrent], axis=0)) + bias

    def _said(self, drawn: str, to: Sequence[str]) -> tf.Tensor:
        """What each category of a drawn variable says to the heads of these: (categories, hidden of all of them)."""
        layers = [self._pianist.given[name][VARIABLES.index(drawn)] for name in to]
        table = tf.concat([self._stored(layer.embeddings) for layer in layers], axis=-1)
        return tf.pad(table, [[0, int(drawn == "step")], [0, 0]])  # START says nothing

    def _logits(self, name: str, hidden: tf.Tensor) -> tf.Tensor:
        return self._dense(self._pianist.logits[name], tf.nn.relu(hidden))

    def _stored(self, variable: Any) -> tf.Tensor:  # noqa: ANN401  (Keras has no public type for its variables)
        return tf.cast(self.module.weights[variable.path], tf.float32)

    def _dense(self, layer: Any, x: tf.Tensor) -> tf.Tensor:  # noqa: ANN401
        return tf.matmul(x, self._stored(layer.kernel)) + self._stored(layer.bias)


def _tables(pianist: Pianist) -> list[NDArray[np.float32]]:
    """For each variable, what each of its categories adds to the gates of the first layer: (categories, 4 units)."""
    kernel: NDArray[np.float32] = pianist.lstm[0].cell.kernel.numpy()
    shares = np.split(kernel, np.cumsum(pianist.architecture.embedding)[:-1])
    return [layer.embeddings.numpy() @ share for layer, share in zip(pianist.read, shares, strict=True)]


_PASSED = np.stack([*(np.exp(-SECONDS / fade) for fade in FADES), SECONDS], axis=-1)  # by step


def age(keys: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """The keys (1, KEYS) one step (1,) later; of those held, the seconds that they still will be."""
    *struck, held = tf.split(keys, len(FADES) + 1, axis=-1)
    *faded, seconds = tf.split(tf.gather(tf.constant(_PASSED), step), len(FADES) + 1, axis=-1)
    return tf.concat([*(s * f for s, f in zip(struck, faded, strict=True)), held - seconds], axis=-1)


def strike(keys: tf.Tensor, categories: Sequence[tf.Tensor]) -> tf.Tensor:
    """The keys after the note of these categories, (1,) each, has begun."""
    *struck, held = tf.split(keys, len(FADES) + 1, axis=-1)
    pitch = tf.one_hot(categories[1], PITCHES)
    lasting = pitch * tf.gather(tf.constant(SECONDS[:, None]), categories[3])
    return tf.concat([*(stroke + pitch for stroke in struck), tf.maximum(held, lasting)], axis=-1)


def seen(keys: tf.Tensor) -> tf.Tensor:
    """The keys as a head sees them: as `model.keys` gives them."""
    *struck, held = tf.split(keys, len(FADES) + 1, axis=-1)
    return tf.concat([*struck, tf.cast(held > 0, tf.float32)], axis=-1)


def likelihoods(logits: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
    """Probabilities (1, categories) of which the greatest is 1, at a temperature (1,)."""
    return tf.exp((logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / temperature)


def cut_off(likely: tf.Tensor, min_p: tf.Tensor, top_p: tf.Tensor) -> tf.Tensor:
    """Likelihoods, and 0 for those below min-p and then for all that the likelier ones, with top-p, have no need of."""
    likely = tf.where(likely >= min_p, likely, 0.0)
    falling = tf.math.top_k(likely, likely.shape[-1]).values
    needed = tf.cumsum(falling, axis=-1, exclusive=True) < top_p * tf.reduce_sum(falling, axis=-1)
    least = tf.reduce_min(tf.where(needed, falling, 1.0), axis=-1)
    return tf.where(likely >= least, likely, 0.0)


def category(likely: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
    """What is drawn (1,) from likelihoods (1, categories) by a chance (1,) from 0 to below 1."""
    mass = tf.cumsum(likely, axis=-1)
    return tf.reduce_sum(tf.cast(mass <= chance * mass[:, -1], tf.int32), axis=-1)


def next_step(logits: tf.Tensor, how: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A step (1,) among the bins that may be drawn, and the probability (1,) of a long one."""
    bins = tf.range(logits.shape[-1], dtype=tf.float32)[None]
    allowed = tf.where(bins < how[:, STEPS], logits, -np.inf)
    likely = likelihoods(logits, 1.0)
    long = tf.reduce_sum(tf.where(bins >= how[:, LONG], likely, 0.0), axis=-1)
    drawn = category(likelihoods(allowed, how[:, TEMPERATURES.start]), how[:, CHANCES.start])
    return drawn, long / tf.reduce_sum(likely, axis=-1)


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


def litert(pianist: Pianist, *, quantise: bool) -> bytes:
    """The LiteRT file of a pianist; with `quantise`, of int8 weights (dynamic range)."""
    with TemporaryDirectory() as folder:
        _save(pianist, _Spelt(pianist, "float32", fold=True), Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[PLAY])
        if quantise:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return bytes(converter.convert())
