"""The pianist: an LSTM over tokens, attention, the state of the keys, and one small head for each variable.

This is the network as it is trained, on whole sequences. `note_by_note` is the same network as it plays, one note at a
time. Both are made of the parts in `network`.

The keys are what a pianist sees without remembering: which were struck lately and which are still down, at the moment
of the coming onset once the step is known. An LSTM would learn this only slowly from notes in a row.

Music is the same in another key, and an LSTM has to learn each key by itself. So pitch is read and predicted in
intervals as well: a note is read with its intervals from the two before it, and a pitch is likely for itself, for its
interval from the last note (`told_by_interval`), and for which keys around it were struck or are down (`Near`). How a
key is struck depends on the keys around it as well (`Around`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from livegen.encoding import SIZES, VARIABLES
from livegen.training.network import recurrence
from livegen.training.network.attention import BACK, LookBack
from livegen.training.network.embedding import BEFORE, INTERVALS, embed
from livegen.training.network.heads import logits, pitch_logits
from livegen.training.network.keys import KEYS, SECONDS, SEEN, keys
from livegen.training.network.surroundings import Around, Near

Tensor = Any  # keras has no tensor type that covers all backends

STRUCK = ("velocity", "duration")
"""The variables that say how a key is struck."""

SEEN_BEFORE, SEEN_AT = ("step",), ("pitch", "velocity", "duration")
"""The variables whose heads see the keys as they were at the last onset, and those that see them at the coming one."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a pianist."""

    units: int = 448
    layers: int = 2
    hidden: int = 192  # of each head
    embedding: tuple[int, ...] = (48, 96, 32, 48, 24)  # of each variable
    interval: int = 32  # embedding of each
    near: int = 16  # ways of `Near`
    around: int = 32  # ways of `Around`
    looks: int = 4  # heads of the attention
    look: int = 24  # width of each

    @property
    def past(self) -> int:
        """Numbers kept of the notes before: how many there were, the last pitches, and what attention needs."""
        return 1 + BEFORE + (1 + 2 * BACK) * self.looks * self.look

    @property
    def memory(self) -> int:
        """Numbers carried along: h and c of each layer, the keys, the past, hidden layers, the step's logits."""
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
            # Unrolled, a training sequence takes a tenth less time on a CPU than in a loop.
            keras.layers.LSTM(a.units, return_sequences=True, unroll=True, name=f"lstm_{i}")
            for i in range(a.layers)
        ]
        # The same features for all notes of a sequence (Gal and Ghahramani, 2016, arXiv:1512.05287).
        self.drop = [
            keras.layers.Dropout(dropout, noise_shape=(None, 1, None), name=f"drop_{i}") for i in range(a.layers + 1)
        ]
        self.back = LookBack(a.looks, a.look, name="back")
        self.heads = keras.layers.Dense(a.hidden * len(VARIABLES), name="heads")
        self.given = {
            name: [
                keras.layers.Embedding(
                    SIZES[sampled], a.hidden, embeddings_initializer="zeros", name=f"{name}_given_{sampled}"
                )
                for sampled in VARIABLES[:i]
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
        return embed(self.read, self.read_intervals, tokens)

    def call(self, tokens: Tensor) -> dict[str, Tensor]:
        past, target = tokens[:, :-1], tokens[:, 1:]
        read = self.drop[0](self.embed(past))
        total = self.drop[-1](recurrence.run(self.lstm, read, lambda i, x: self.drop[i](x)))
        hidden_layers = self.heads(ops.concatenate([total, self.back(total, read)], axis=-1))
        hidden = dict(zip(VARIABLES, ops.split(hidden_layers, len(VARIABLES), axis=-1), strict=True))
        onset = ops.cumsum(ops.take(SECONDS, tokens[..., 0]), axis=1)
        before, at = (keys(past, onset[:, :-1], now) for now in (onset[:, :-1], onset[:, 1:]))
        for layer, names, known in ((self.seen_before, SEEN_BEFORE, before), (self.seen_at, SEEN_AT, at)):
            seen = ops.split(layer(known[..., :SEEN]), len(names), axis=-1)
            hidden |= {name: hidden[name] + share for name, share in zip(names, seen, strict=True)}
        hidden |= {name: hidden[name] + layer(at, target[..., 1]) for name, layer in self.around.items()}
        found = {name: logits(self, name, hidden[name], target) for name in VARIABLES if name != "pitch"}
        found["pitch"] = pitch_logits(self, hidden["pitch"], target, past[..., 1], at)
        return {name: found[name] for name in VARIABLES}


def untrained(architecture: Architecture, dropout: float = 0.0) -> Pianist:
    """A pianist with all its variables, at their initial values."""
    return built(Pianist(architecture, dropout))


def built(pianist: Pianist) -> Pianist:
    """The same, with all its variables."""
    pianist(np.zeros((1, 3, len(VARIABLES)), np.int32))
    return pianist
