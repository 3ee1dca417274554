"""From a trained pianist to what the daemon loads: a LiteRT file, and a SavedModel for TensorFlow on a GPU.

Both have one signature, a note, with batch 1:
    play(memory (1, memory), known (1, 5) int32, how (1, 14))
        -> token (1, 5) int32, memory, following (1,) int32, rest (1,), and of each variable but the step its logits
`memory` is what comes along (`_Memory`). `known` are the categories of the note, -1 where they are to be drawn, `how`
says in what way (`livegen.engine.runtime`), and `token` is the whole note. `following` is the step of the note after
it, drawn as well, and `rest` how likely that is a long gap.

It computes what `Pianist` does, spelt for one note at a time: every operation and every call costs microseconds here,
so a note is one call; products of the same vector are one; what a drawn category says to all heads after it is one row
of one table; what the past says of the keys is one small convolution.
For LiteRT the first layer looks its share of the token up in tables instead of multiplying embeddings, which saves a
tenth. The keys come along from note to note: strokes fade, and of a key that is held is known how long it still will
be. What is looked back at comes along as well, the newest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from livegen.encoding import PITCHES, SIZES, VARIABLES
from livegen.engine.card import Card
from livegen.engine.plain import build
from livegen.engine.runtime import CHANCES, CUT, HOW, LONG, PLAY, STEPS, TEMPERATURES, inputs
from livegen.engine.tensorflow import verified
from livegen.training.model import (
    BACK,
    BEFORE,
    FADES,
    INTERVALS,
    KEYS,
    LASTING,
    LOUD,
    NEAR,
    REACH,
    SECONDS,
    SEEN,
    STRUCK,
    TIE,
    WIDTH,
    Architecture,
    Pianist,
    untrained,
)


def save(pianist: Pianist, folder: Path) -> None:
    """Write a SavedModel whose weights are stored as float16; it computes in float32."""
    _save(pianist, _Spelt(pianist, "float16"), folder)


def _save(pianist: Pianist, spelt: _Spelt, folder: Path) -> None:
    specs = [tf.TensorSpec(*spec, name=name) for name, spec in inputs(pianist.architecture.memory).items()]
    tf.saved_model.save(spelt.module, str(folder), signatures={PLAY: tf.function(spelt.play, input_signature=specs)})


class _Memory(NamedTuple):
    """What comes along from note to note."""

    states: list[tf.Tensor]  # h and c of each layer
    strokes: tf.Tensor  # (1, 4, PITCHES): how loud and how long they were, and themselves, for each of FADES
    held: tf.Tensor  # (1, PITCHES) s that each key still will be
    last: list[tf.Tensor]  # (1, 1) each: AWAY less a pitch, the last first; of one that there was not, 0
    count: tf.Tensor  # (1, 1) notes
    moment: tf.Tensor  # (1, width) of the last note, which nothing has come after yet
    moments: tf.Tensor  # (looks, BACK, look), the newest first
    after: tf.Tensor  # (looks, BACK, look), what came after them
    told: tf.Tensor  # (1, 4 * hidden), what the past says to the heads but that of the step
    steps: tf.Tensor  # (1, TIME_BINS) logits


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
        numbers = tf.split(how, HOW, axis=-1)
        m = self._recall(memory)
        step, *_ = known = tf.unstack(known, axis=-1)
        strokes, held = age(m.strokes, m.held, step)
        categories, logits = self._draw(m.told, around(strokes, held), m.last[0], known, numbers)
        pitch = tf.cast(categories[1], tf.float32)[:, None]
        gates, value = self._read(categories, pitch, m.last)
        states, total = self._advance(m.states, gates)
        moments, after = _newer(m.moments, m.moment), _newer(m.after, value)
        strokes, held = strike(strokes, held, categories)
        moment, mine, told = self._tell(total, moments, after, m.count)
        mine += tf.matmul(seen(around(strokes, held)), self._stored(self._pianist.seen_before.kernel))
        steps = self._logits("step", mine)
        following, rest = next_step(steps, numbers)
        last, count = [AWAY - pitch, *m.last[:-1]], m.count + 1
        now = _Memory(states, strokes, held, last, count, moment, moments, after, told, steps)
        return {
            "token": tf.stack(categories, axis=-1),
            "memory": tf.concat([tf.reshape(part, [1, -1]) for part in tf.nest.flatten(now)], axis=-1),
            "following": following,
            "rest": rest,
            **logits,
        }

    def _recall(self, memory: tf.Tensor) -> _Memory:
        a = self._architecture
        width = a.looks * a.look
        sizes = _Memory(
            states=[a.units] * 2 * a.layers,
            strokes=KEYS - PITCHES,
            held=PITCHES,
            last=[1] * BEFORE,
            count=1,
            moment=width,
            moments=BACK * width,
            after=BACK * width,
            told=a.hidden * (len(VARIABLES) - 1),
            steps=SIZES["step"],
        )
        m: _Memory = tf.nest.pack_sequence_as(sizes, tf.split(memory, tf.nest.flatten(sizes), axis=-1))
        moments, after = (tf.reshape(part, [a.looks, BACK, a.look]) for part in (m.moments, m.after))
        strokes = tf.reshape(m.strokes, [1, -1, PITCHES])
        return m._replace(strokes=strokes, moments=moments, after=after)

    def _draw(
        self, told: tf.Tensor, keys: tf.Tensor, last: tf.Tensor, known: list[tf.Tensor], how: list[tf.Tensor]
    ) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """The categories of the note that these keys wait for, and the logits of all but its step."""
        a = self._architecture
        at = tf.matmul(seen(keys), self._stored(self._pianist.seen_at.kernel))
        told += tf.pad(at, [[0, 0], [0, told.shape[-1] - at.shape[-1]]])
        keys = tf.pad(keys, [[0, 0], [0, 0], [NEAR, NEAR]])
        categories, logits = known[:1], {}
        for k, name in enumerate(VARIABLES[1:], 1):
            told += tf.gather(self._said(VARIABLES[k - 1], VARIABLES[k:]), categories[-1])
            mine, told = tf.split(told, [a.hidden, told.shape[-1] - a.hidden], axis=-1)
            logits[name] = self._pitch(mine, last, keys) if name == "pitch" else self._logits(name, mine)
            likely = likelihoods(logits[name], how[TEMPERATURES][k])
            drawn = category(cut_off(likely, *how[CUT]) if name == "pitch" else likely, how[CHANCES][k])
            categories.append(tf.where(known[k] < 0, drawn, known[k]))
            if name == "pitch":
                told += self._around(keys, categories[-1])
        return categories, logits

    def _pitch(self, hidden: tf.Tensor, last: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """Logits of each pitch: of the key itself, of its interval from the last, and of the keys around it."""
        near = self._pianist.near
        around = tf.transpose(self._stored(near.kernel))  # of each place on the keys, in each way
        of = [self._weights(self._pianist.logits["pitch"]), self._weights(self._pianist.told_by_interval)]
        of[1] = tuple(tf.gather(each, _OCTAVES_BEYOND, axis=-1) for each in of[1])
        of += [tuple(tf.matmul(tf.reshape(each, [-1, near.ways]), around) for each in self._weights(near.weigh))]
        of[2] = of[2][0], of[2][1][0]
        kernel, bias = (tf.concat(parts, axis=-1) for parts in zip(*of, strict=True))
        said = tf.matmul(tf.nn.relu(hidden), kernel) + bias
        itself, by_interval, by_place = tf.split(said, [PITCHES, len(_OCTAVES_BEYOND), -1], axis=-1)
        first = tf.cast(tf.maximum(last[0] - (AWAY - PITCHES + 1), 0.0), tf.int32)
        # Not a slice: XLA compiles one anew for each place that it begins at.
        by_interval = tf.gather(by_interval, first + np.arange(PITCHES), axis=1)
        seen = tf.reshape(keys[:, -SEEN // PITCHES :], [1, SEEN // PITCHES, -1, 1])
        by_place = tf.nn.conv2d(seen, tf.reshape(by_place, [SEEN // PITCHES, WIDTH, 1, 1]), 1, "VALID")
        return itself + by_interval + tf.reshape(by_place, [1, PITCHES])

    def _around(self, keys: tf.Tensor, pitch: tf.Tensor) -> tf.Tensor:
        """What the keys around the pitch tell of how it is struck: for the heads after that of the pitch."""
        window = tf.gather(keys, pitch + np.arange(WIDTH), axis=2)
        layers = [self._pianist.around[name] for name in STRUCK]
        # In training a place comes before what is known of it.
        kernels = [tf.reshape(self._stored(layer.seen.kernel), [WIDTH, KEYS // PITCHES, -1]) for layer in layers]
        kernel = tf.gather(tf.transpose(tf.concat(kernels, axis=-1), [1, 0, 2]), _ROWS)
        ways = tf.matmul(tf.reshape(window, [1, -1]), tf.reshape(kernel, [WIDTH * KEYS // PITCHES, -1]))
        hidden, others = self._architecture.hidden, VARIABLES[VARIABLES.index("pitch") + 1 :]
        told = [
            tf.concat(
                [self._stored(layer.told.kernel) if name == to else tf.zeros([layer.ways, hidden]) for to in others],
                axis=-1,
            )
            for name, layer in zip(STRUCK, layers, strict=True)
        ]
        return tf.matmul(ways, tf.concat(told, axis=0))

    def _read(
        self, categories: list[tf.Tensor], pitch: tf.Tensor, last: list[tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """What a note, with its intervals from those before it, says to the first layer and to those who look back."""
        known = tf.maximum(tf.concat(last, axis=-1) + pitch - (AWAY - PITCHES), 0.0)
        read = [*categories, *tf.unstack(tf.cast(known, tf.int32), axis=-1)]
        layers = [layer.embeddings for layer in (*self._pianist.read, *self._pianist.read_intervals)]
        kernel, value = map(self._stored, (self._pianist.lstm[0].cell.kernel, self._pianist.back.value.kernel))
        if self._tables is not None:
            said = sum(tf.gather(table, each) for table, each in zip(self._tables, read, strict=True))
            gates, after = tf.split(said, [kernel.shape[-1], value.shape[-1]], axis=-1)
            return gates, after
        tables = [self._stored(each) for each in layers]
        tables[-BEFORE:] = [tf.gather(each, _INTERVALS) for each in tables[-BEFORE:]]
        x = tf.concat([tf.gather(table, each) for table, each in zip(tables, read, strict=True)], axis=-1)
        return tf.matmul(x, kernel), tf.matmul(x, value)

    def _advance(self, before: list[tf.Tensor], gates: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """h and c of each layer after the note, of which `gates` is what it says to the first, and the sum of all h."""
        x, total, after = None, 0.0, []
        for i, layer in enumerate(self._pianist.lstm):
            h, c = before[2 * i : 2 * i + 2]
            cell = layer.cell
            kernel, recurrent, bias = map(self._stored, (cell.kernel, cell.recurrent_kernel, cell.bias))
            if x is None:
                gates += tf.matmul(h, recurrent) + bias
            else:
                gates = tf.matmul(tf.concat([x, h], axis=-1), tf.concat([kernel, recurrent], axis=0)) + bias
            enter, keep, new, leave = tf.split(gates, 4, axis=-1)  # in Keras' order
            c = tf.sigmoid(keep) * c + tf.sigmoid(enter) * tf.tanh(new)
            x = tf.sigmoid(leave) * tf.tanh(c)
            after += [x, c]
            total += x
        return after, total

    def _tell(
        self, total: tf.Tensor, moments: tf.Tensor, after: tf.Tensor, count: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """This moment, to be looked back at; what it and those like it say to the step's head; and to the others."""
        a, back = self._architecture, self._pianist.back
        width, units = a.looks * a.look, a.units
        heads, bias = self._weights(self._pianist.heads)
        query, key = self._stored(back.query.kernel) * a.look**-0.5, self._stored(back.key.kernel)
        said = tf.matmul(total, tf.concat([query, key, heads[:units]], axis=-1)) + tf.concat(
            [tf.zeros(2 * width), bias], axis=0
        )
        query, moment, told = tf.split(said, [width, width, -1], axis=-1)
        alike = tf.matmul(tf.reshape(query, [a.looks, 1, a.look]), moments, transpose_b=True)
        alike += tf.transpose(self._stored(back.distance.embeddings))[:, None]
        alike = tf.where(tf.range(BACK, dtype=tf.float32)[None, None] < count, alike, -1e9)
        weights = tf.nn.softmax(tf.pad(alike, [[0, 0], [0, 0], [0, 1]]))[..., :-1]  # the last is nothing
        told += tf.matmul(tf.reshape(tf.matmul(weights, after), [1, width]), heads[units:])
        mine, told = tf.split(told, [a.hidden, -1], axis=-1)
        return moment, mine, told

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
        kernel, bias = self._weights(layer)
        return tf.matmul(x, kernel) + bias

    def _weights(self, layer: Any) -> tuple[tf.Tensor, tf.Tensor]:  # noqa: ANN401
        return self._stored(layer.kernel), self._stored(layer.bias)


def _tables(pianist: Pianist) -> list[NDArray[np.float32]]:
    """For each that is read, what each of its categories says to the first layer's gates and to those who look back."""
    kernels = [layer.numpy() for layer in (pianist.lstm[0].cell.kernel, pianist.back.value.kernel)]
    embeddings = [layer.embeddings.numpy() for layer in pianist.read]
    embeddings += [layer.embeddings.numpy()[_INTERVALS] for layer in pianist.read_intervals]
    shares = np.split(np.concatenate(kernels, axis=-1), np.cumsum([each.shape[-1] for each in embeddings])[:-1])
    return [each @ share for each, share in zip(embeddings, shares, strict=True)]


AWAY = 300.0
"""Less a pitch it is above 0, which stands for none."""

_INTERVALS = np.array([INTERVALS, *np.clip(np.arange(1 - PITCHES, PITCHES), -REACH, REACH) + REACH])
"""What a number of semitones from 1 - PITCHES on is read as, after none."""
_OCTAVES_BEYOND = _INTERVALS[1:]
_ROWS = [3, 4, 0, 1, 2]  # what is known of the keys, in the order of `around`

_FADED = np.exp(-SECONDS[:, None, None] / np.array([[FADES[-1]], [FADES[-1]], [FADES[0]], [FADES[1]]], np.float32))
_LOUD = np.stack([[[loud], [0], [1], [1]] for loud in LOUD]).astype(np.float32)  # what a stroke of a velocity adds
_LASTING = np.stack([[[0], [lasting], [0], [0]] for lasting in LASTING]).astype(np.float32)  # and one of a duration


def age(strokes: tf.Tensor, held: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Strokes and what is held one step (1,) later."""
    return strokes * tf.gather(tf.constant(_FADED), step), held - tf.gather(tf.constant(SECONDS), step)


def strike(strokes: tf.Tensor, held: tf.Tensor, categories: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Strokes and what is held after the note of these categories, (1,) each, has begun."""
    _, pitch, velocity, duration, _ = categories
    key = tf.one_hot(pitch, PITCHES)
    stroke = tf.gather(tf.constant(_LOUD), velocity) + tf.gather(tf.constant(_LASTING), duration)
    return strokes + stroke * key[:, None], tf.maximum(held, key * tf.gather(tf.constant(SECONDS), duration))


def around(strokes: tf.Tensor, held: tf.Tensor) -> tf.Tensor:
    """All that is known of the keys, (1, 5, PITCHES): as `model.keys` gives it, but for the order."""
    return tf.concat([strokes, tf.cast(held > TIE, tf.float32)[:, None]], axis=1)


def seen(keys: tf.Tensor) -> tf.Tensor:
    """What most heads see of it, (1, SEEN): as `model.keys` gives it."""
    return tf.reshape(keys[:, -SEEN // PITCHES :], [1, SEEN])


def _newer(old: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    """(looks, BACK, look), and in the place of the oldest, in front, the new one."""
    looks, _, look = old.shape
    return tf.concat([tf.reshape(new, [looks, 1, look]), old[:, :-1]], axis=1)


def likelihoods(logits: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
    """Probabilities (1, categories) at a temperature (1, 1)."""
    return tf.nn.softmax(logits / temperature)


def cut_off(likely: tf.Tensor, min_p: tf.Tensor, top_p: tf.Tensor) -> tf.Tensor:
    """Likelihoods; 0 for those below min-p of the greatest, then for those that top-p of the likelier leaves out."""
    falling = tf.math.top_k(likely, likely.shape[-1]).values
    falling = tf.where(falling >= min_p * falling[:, :1], falling, 0.0)
    needed = tf.cumsum(falling, axis=-1, exclusive=True) < top_p * tf.reduce_sum(falling, axis=-1, keepdims=True)
    least = tf.reduce_min(tf.where(needed, falling, 1.0), axis=-1, keepdims=True)
    return tf.where(likely >= least, likely, 0.0)


def category(likely: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
    """What is drawn (1,) from likelihoods (1, categories) by a chance (1, 1) from 0 to below 1."""
    mass = tf.cumsum(likely, axis=-1)
    return tf.reduce_sum(tf.cast(mass <= chance * mass[:, -1:], tf.int32), axis=-1)


def next_step(logits: tf.Tensor, how: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """A step (1,) among the bins that may be drawn, and the probability (1,) of a long one."""
    bins = tf.range(logits.shape[-1], dtype=tf.float32)[None]
    allowed = tf.where(bins < how[STEPS], logits, -np.inf)
    long = tf.where(bins >= how[LONG], tf.nn.softmax(logits), 0.0)
    drawn = category(likelihoods(allowed, how[TEMPERATURES.start]), how[CHANCES.start])
    return drawn, tf.reduce_sum(long, axis=-1)


def restore(card: Card) -> Pianist:
    """The pianist of a model's SavedModel, to go on training with.

    Raises:
        ModelError: the model has none, or it is damaged.
    """
    pianist = untrained(build(Architecture, card.architecture))
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
