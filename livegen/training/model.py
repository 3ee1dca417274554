"""The pianist: an LSTM over tokens, a look back, what is known of the keys, and one small head for each variable.

A note's variables are drawn one after another (`encoding.VARIABLES`), each head seeing what was drawn before it:
p(note | past) = p(step | past) p(pitch | step, past) ... What was drawn enters a head as an embedding added to its
hidden layer, so that live the past costs one matrix product for all heads together, and each draw one more small one.

The keys: what a pianist sees without remembering, namely which keys were struck lately and which are still down
(`KEYS`), at the moment of the coming onset once the step is known. An LSTM learns this only slowly from notes in a row.

Music is the same in another key, and an LSTM has to learn each key by itself. So pitch is read and told in intervals as
well: a note is read with its intervals from the two before it, and a pitch is likely for itself, for its interval from
the last note (`told_by_interval`), and for which keys around it were struck or are down (`Near`). How a key is struck
is told by the keys around it as well (`Around`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from livegen.encoding import CELL, PITCHES, SIZES, START, TIME_BINS, VARIABLES, bin_time
from livegen.note import WINDOW

Tensor = Any  # keras has no tensor type of its own across backends


FADES = (0.3, 2.0)
"""s after which a stroke has faded to 1/e: what was struck just now, and what lately."""

SEEN = (len(FADES) + 1) * PITCHES
"""For each pitch: its strokes, faded, once for each of FADES; then 1 while it is held down, else 0."""

KEYS = SEEN + 2 * PITCHES
"""And then, of its strokes as the last of FADES fades them, how loud and how long they were (LOUD and LASTING)."""

LOUD = np.linspace(-1, 1, SIZES["velocity"], dtype=np.float32)  # by velocity

REACH = 48
"""Semitones: intervals of more count as this many."""
INTERVALS = 2 * REACH + 1
NEAR = 24
"""Semitones to either side of a pitch, where keys are looked at: WIDTH in all."""
WIDTH = 2 * NEAR + 1
BEFORE = 2  # notes before a note, from which its intervals are read

BACK = WINDOW - 1
"""Moments that are looked back at: all that a note came after in a window."""

STRUCK = ("velocity", "duration")
"""The variables that tell how a key is struck."""

SEEN_BEFORE, SEEN_AT = ("step",), ("pitch", "velocity", "duration")
"""The variables that see the keys as they were at the last onset, and those that see them at the coming one."""

SECONDS = np.array([bin_time(b, 0.5) if b < TIME_BINS else 0.0 for b in range(START + 1)], np.float32)
"""s that each bin stands for, and START."""

TIE = CELL / 4
"""s: sums of these, which are whole half cells, differ by more than this or are the same, whatever the rounding. A key
that is let go just as a note begins is up."""

LASTING = np.log(SECONDS[:TIME_BINS] + 0.05)  # by duration


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a pianist."""

    units: int = 448
    layers: int = 2
    hidden: int = 192  # of each head
    embedding: tuple[int, ...] = (48, 96, 32, 48, 24)  # of each variable
    interval: int = 32  # embedding of each
    near: int = 16  # ways in which keys make one near them likely
    around: int = 32  # ways in which they tell how it is struck
    looks: int = 4  # back, at once
    look: int = 24  # width of each

    @property
    def past(self) -> int:
        """Numbers kept of the notes before: how many there were, the last pitches, and what is looked back at."""
        return 1 + BEFORE + (1 + 2 * BACK) * self.looks * self.look

    @property
    def memory(self) -> int:
        """Numbers that come along: h and c of each layer, the keys, the past, what heads are told, a step's logits."""
        return 2 * self.layers * self.units + KEYS + self.past + (len(VARIABLES) - 1) * self.hidden + SIZES["step"]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@keras.saving.register_keras_serializable("livegen")
class Pianist(keras.Model):
    """Logits of each variable of each next note.

    `call` takes tokens of shape (batch, time + 1, 5) and returns, for each variable, logits of shape
    (batch, time, categories) of the notes 1..time, each given the notes before it.
    """

    def __init__(self, architecture: Architecture | None = None, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**{"name": "pianist", **kwargs})  # weights are stored under this name
        self.architecture = a = architecture or Architecture()
        self.dropout = dropout
        self.read = [
            keras.layers.Embedding(SIZES[name] + (name == "step"), width, name=f"read_{name}")
            for name, width in zip(VARIABLES, a.embedding, strict=True)
        ]
        self.read_intervals = [
            keras.layers.Embedding(INTERVALS + 1, a.interval, name=f"read_interval_{i}") for i in range(1, BEFORE + 1)
        ]
        self.lstm = [
            # Unrolled, a crop trains a tenth faster on a CPU than in a loop.
            keras.layers.LSTM(a.units, return_sequences=True, unroll=True, name=f"lstm_{i}")
            for i in range(a.layers)
        ]
        # The same features for all notes of a crop (Gal and Ghahramani, 2016, arXiv:1512.05287).
        self.drop = [
            keras.layers.Dropout(dropout, noise_shape=(None, 1, None), name=f"drop_{i}") for i in range(a.layers + 1)
        ]
        self.back = LookBack(a.looks, a.look, name="back")
        self.heads = keras.layers.Dense(a.hidden * len(VARIABLES), name="heads")
        self.given = {
            name: [
                keras.layers.Embedding(
                    SIZES[drawn], a.hidden, embeddings_initializer="zeros", name=f"{name}_given_{drawn}"
                )
                for drawn in VARIABLES[:i]
            ]
            for i, name in enumerate(VARIABLES)
        }
        self.seen_before, self.seen_at = (
            keras.layers.Dense(a.hidden * len(names), use_bias=False, kernel_initializer="zeros", name=name)
            for name, names in (("seen_before", SEEN_BEFORE), ("seen_at", SEEN_AT))
        )
        self.logits = {name: keras.layers.Dense(SIZES[name], name=f"{name}_logits") for name in VARIABLES}
        self.told_by_interval = keras.layers.Dense(INTERVALS, kernel_initializer="zeros", name="interval_logits")
        self.near = Near(a.near, name="near")
        self.around = {name: Around(a.around, a.hidden, name=f"around_{name}") for name in STRUCK}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "architecture": self.architecture.to_dict(), "dropout": self.dropout}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Pianist:
        a = dict(config.pop("architecture"))
        return cls(Architecture(**{**a, "embedding": tuple(a["embedding"])}), **config)

    def embed(self, tokens: Tensor) -> Tensor:
        """(batch, time, 5) categories -> (batch, time, sum of embedding widths)."""
        pitch = tokens[..., 1]
        read = [layer(tokens[..., i]) for i, layer in enumerate(self.read)]
        for ago, layer in enumerate(self.read_intervals, 1):
            known = interval(pitch[:, :-ago], pitch[:, ago:])
            # None from what lies before the context.
            read.append(layer(ops.pad(known, [[0, 0], [ago, 0]], constant_values=INTERVALS)[:, : pitch.shape[1]]))
        return ops.concatenate(read, axis=-1)

    def head(self, name: str, hidden: Tensor, drawn: Tensor) -> Tensor:
        """Logits of one variable.

        Args:
            name: the variable.
            hidden: (..., hidden), what the past says to this head.
            drawn: (..., at least as many as come before `name`) categories already drawn.
        """
        return self.logits[name](self.asked(name, hidden, drawn))

    def asked(self, name: str, hidden: Tensor, drawn: Tensor) -> Tensor:
        """The hidden layer of a head, with what was drawn before."""
        for k, layer in enumerate(self.given[name]):
            hidden = hidden + layer(drawn[..., k])
        return ops.relu(hidden)

    def pitch_logits(self, hidden: Tensor, drawn: Tensor, last: Tensor, keys: Tensor) -> Tensor:
        """Logits of the pitch, of the key itself and of where it lies to others.

        Args:
            hidden: (batch, time, hidden), what the past says to this head.
            drawn: (batch, time, at least 1), the step.
            last: (batch, time), the pitch of the note before.
            keys: (batch, time, KEYS), as they are at the onset.
        """
        keys = keys[..., :SEEN]
        asked = self.asked("pitch", hidden, drawn)
        to = interval(last[..., None], ops.arange(PITCHES))
        by_interval = ops.take_along_axis(self.told_by_interval(asked), to, axis=-1)
        return self.logits["pitch"](asked) + by_interval + self.near(asked, keys)

    def call(self, tokens: Tensor) -> dict[str, Tensor]:
        past, target = tokens[:, :-1], tokens[:, 1:]
        x = read = self.drop[0](self.embed(past))
        total: Tensor = 0
        for i, layer in enumerate(self.lstm):
            x = layer(self.drop[i](x) if i else x)
            total = total + x
        total = self.drop[-1](total)
        told = self.heads(ops.concatenate([total, self.back(total, read)], axis=-1))
        hidden = dict(zip(VARIABLES, ops.split(told, len(VARIABLES), axis=-1), strict=True))
        onset = ops.cumsum(ops.take(SECONDS, tokens[..., 0]), axis=1)
        before, at = (keys(past, onset[:, :-1], now) for now in (onset[:, :-1], onset[:, 1:]))
        for layer, names, known in ((self.seen_before, SEEN_BEFORE, before), (self.seen_at, SEEN_AT, at)):
            seen = ops.split(layer(known[..., :SEEN]), len(names), axis=-1)
            hidden |= {name: hidden[name] + share for name, share in zip(names, seen, strict=True)}
        hidden |= {name: hidden[name] + layer(at, target[..., 1]) for name, layer in self.around.items()}
        logits = {name: self.head(name, hidden[name], target) for name in VARIABLES if name != "pitch"}
        logits["pitch"] = self.pitch_logits(hidden["pitch"], target, past[..., 1], at)
        return {name: logits[name] for name in VARIABLES}


def untrained(architecture: Architecture, dropout: float = 0.0) -> Pianist:
    """A pianist with all its variables, at their initial values."""
    return built(Pianist(architecture, dropout))


def built(pianist: Pianist) -> Pianist:
    """The same, with all its variables."""
    pianist(np.zeros((1, 3, len(VARIABLES)), np.int32))
    return pianist


@keras.saving.register_keras_serializable("livegen")
class LookBack(keras.layers.Layer):
    """What was played after moments like this one: attention (Vaswani et al., 2017, arXiv:1706.03762).

    A moment is the LSTM's state after a note; what is found there is the note that came next (Olsson et al., 2022,
    arXiv:2209.11895, call it an induction head). A look may also find nothing.
    """

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
        query = self._apart(self.query(states))
        moment = self._apart(self.key(states[:, :-1]))
        after = self._apart(self.value(read[:, 1:]))
        ago = np.arange(time)[:, None] - np.arange(1, time)[None]  # of the note that came after the moment
        distance = ops.transpose(self.distance(np.clip(ago, 0, BACK - 1)), (2, 0, 1))
        alike = ops.matmul(query, ops.transpose(moment, (0, 1, 3, 2))) * self.look**-0.5 + distance
        alike = ops.where((ago >= 0) & (ago < BACK), alike, -np.inf)
        weights = ops.softmax(ops.pad(alike, [[0, 0], [0, 0], [0, 0], [1, 0]]))[..., 1:]  # the first is nothing
        found = ops.transpose(ops.matmul(weights, after), (0, 2, 1, 3))
        return ops.reshape(found, (-1, time, self.looks * self.look))

    def _apart(self, x: Tensor) -> Tensor:
        return ops.transpose(ops.reshape(x, (ops.shape(x)[0], x.shape[1], self.looks, self.look)), (0, 2, 1, 3))


@keras.saving.register_keras_serializable("livegen")
class Near(keras.layers.Layer):
    """Logits of each pitch by the keys around it: the same for the same surroundings, wherever on the keyboard."""

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
        """What each key says of each pitch, in each way, shape (SEEN, PITCHES * ways)."""
        kernel = ops.reshape(self.kernel, (-1, WIDTH, self.ways))
        apart = np.arange(PITCHES)[:, None] - np.arange(PITCHES)[None] + NEAR
        inside = ((apart >= 0) & (apart < WIDTH))[..., None].astype(np.float32)
        rows = ops.take(kernel, np.clip(apart, 0, WIDTH - 1), axis=1) * inside
        return ops.reshape(rows, (SEEN, PITCHES * self.ways))

    def call(self, asked: Tensor, keys: Tensor) -> Tensor:
        """(batch, time, PITCHES), from the hidden layer of the head and from the keys seen."""
        said = ops.reshape(ops.matmul(keys, self.matrix()), (*keys.shape[:-1], PITCHES, self.ways))
        return ops.matmul(said, self.weigh(asked)[..., None])[..., 0]


@keras.saving.register_keras_serializable("livegen")
class Around(keras.layers.Layer):
    """What the keys around a struck one tell of it: the same for the same surroundings, wherever on the keyboard."""

    def __init__(self, ways: int, hidden: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ways, self.hidden = ways, hidden
        self.seen = keras.layers.Dense(ways, use_bias=False, name="seen")
        self.told = keras.layers.Dense(hidden, use_bias=False, kernel_initializer="zeros", name="told")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ways": self.ways, "hidden": self.hidden}

    def call(self, keys: Tensor, pitch: Tensor) -> Tensor:
        """(batch, time, hidden), from the keys (batch, time, KEYS) and the one that is struck."""
        keys = ops.reshape(keys, (-1, KEYS // PITCHES, PITCHES))
        keys = ops.transpose(ops.pad(keys, [[0, 0], [0, 0], [NEAR, NEAR]]), (0, 2, 1))
        places = ops.reshape(pitch, (-1, 1, 1)) + np.arange(WIDTH)[None, :, None]
        window = ops.take_along_axis(keys, places, axis=1)
        window = ops.reshape(window, (-1, pitch.shape[1], WIDTH * KEYS // PITCHES))
        return self.told(self.seen(window))


def interval(one: Tensor, other: Tensor) -> Tensor:
    """The category of the interval from one pitch to another."""
    return ops.clip(other - one, -REACH, REACH) + REACH


def keys(tokens: Tensor, onset: Tensor, now: Tensor) -> Tensor:
    """What is known of the keys at each of the moments `now`, from the notes up to the same place.

    Args:
        tokens: (batch, time, 5).
        onset: (batch, time) s, of these notes.
        now: (batch, time) s, never before the onset at the same place.

    Returns:
        (batch, time, KEYS)
    """
    length = tokens.shape[1]
    known = np.tril(np.ones((length, length), np.float32))
    ago = ops.maximum(now[:, :, None] - onset[:, None, :], 0.0)
    held = ops.cast(ops.take(SECONDS, tokens[..., 3])[:, None, :] > ago + TIE, "float32")
    strokes = [known * ops.exp(-ago / fade) for fade in FADES]
    loud, long = ops.take(LOUD, tokens[..., 2]), ops.take(LASTING, tokens[..., 3])
    pitch = ops.one_hot(tokens[..., 1], PITCHES)
    *struck, down = (ops.matmul(weight, pitch) for weight in (*strokes, known * held))
    how = [ops.matmul(strokes[-1] * each[:, None, :], pitch) for each in (loud, long)]
    return ops.concatenate([*struck, ops.minimum(down, 1.0), *how], axis=-1)
