"""The pianist: an LSTM over tokens, what is known of the keys, and one small head for each variable.

A note's variables are drawn one after another (`features.VARIABLES`), each head seeing what was drawn before it:
p(note | past) = p(step | past) p(pitch | step, past) ... What was drawn enters a head as an embedding added to its
hidden layer, so that live the past costs one matrix product for all heads together, and each draw one more small one.

The keys: what a pianist sees without remembering, namely which keys were struck lately and which are still down
(`KEYS`), at the moment of the coming onset once the step is known. An LSTM learns this only slowly from notes in a row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from livegen.engine.card import Sizes
from livegen.features import PITCHES, SIZES, START, TIME_BINS, VARIABLES, bin_time

Tensor = Any  # keras has no tensor type of its own across backends


FADES = (0.3, 2.0)
"""s after which a stroke has faded to 1/e: what was struck just now, and what lately."""

KEYS = (len(FADES) + 1) * PITCHES
"""For each pitch: its strokes, faded, once for each of FADES; then 1 while it is held down, else 0."""

SEEN_BEFORE, SEEN_AT = ("step",), ("pitch", "velocity", "duration")
"""The variables that see the keys as they were at the last onset, and those that see them at the coming one."""

SECONDS = np.array([bin_time(b, 0.5) if b < TIME_BINS else 0.0 for b in range(START + 1)], np.float32)
"""s that each bin stands for, and START."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a pianist."""

    units: int = 480
    layers: int = 2
    hidden: int = 192  # of each head
    embedding: tuple[int, ...] = (48, 96, 32, 48, 24)  # of each variable

    @property
    def sizes(self) -> Sizes:
        """What a card says of it."""
        return Sizes(self.units, self.layers, self.hidden, self.embedding, KEYS)

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
        self.lstm = [
            # Unrolled, a crop trains a tenth faster on a CPU than in a loop.
            keras.layers.LSTM(a.units, return_sequences=True, unroll=True, name=f"lstm_{i}")
            for i in range(a.layers)
        ]
        # The same features for all notes of a crop (Gal and Ghahramani, 2016, arXiv:1512.05287).
        self.drop = [
            keras.layers.Dropout(dropout, noise_shape=(None, 1, None), name=f"drop_{i}") for i in range(a.layers + 1)
        ]
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

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "architecture": self.architecture.to_dict(), "dropout": self.dropout}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Pianist:
        a = dict(config.pop("architecture"))
        return cls(Architecture(**{**a, "embedding": tuple(a["embedding"])}), **config)

    def embed(self, tokens: Tensor) -> Tensor:
        """(..., 4) categories -> (..., sum of embedding widths)."""
        return ops.concatenate([layer(tokens[..., i]) for i, layer in enumerate(self.read)], axis=-1)

    def head(self, name: str, hidden: Tensor, drawn: Tensor) -> Tensor:
        """Logits of one variable.

        Args:
            name: the variable.
            hidden: (..., hidden), what the past says to this head.
            drawn: (..., at least as many as come before `name`) categories already drawn.
        """
        for k, layer in enumerate(self.given[name]):
            hidden = hidden + layer(drawn[..., k])
        return self.logits[name](ops.relu(hidden))

    def call(self, tokens: Tensor) -> dict[str, Tensor]:
        past, target = tokens[:, :-1], tokens[:, 1:]
        x = self.embed(past)
        total: Tensor = 0
        for drop, layer in zip(self.drop, self.lstm, strict=False):
            x = layer(drop(x))
            total = total + x
        total = self.drop[-1](total)
        hidden = dict(zip(VARIABLES, ops.split(self.heads(total), len(VARIABLES), axis=-1), strict=True))
        onset = ops.cumsum(ops.take(SECONDS, tokens[..., 0]), axis=1)
        for layer, names, now in (
            (self.seen_before, SEEN_BEFORE, onset[:, :-1]),
            (self.seen_at, SEEN_AT, onset[:, 1:]),
        ):
            seen = ops.split(layer(keys(past, onset[:, :-1], now)), len(names), axis=-1)
            hidden |= {name: hidden[name] + share for name, share in zip(names, seen, strict=True)}
        return {name: self.head(name, hidden[name], target) for name in VARIABLES}


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
    held = ops.cast(ops.take(SECONDS, tokens[..., 3])[:, None, :] > ago, "float32")
    weights = [known * ops.exp(-ago / fade) for fade in FADES] + [known * held]
    pitch = ops.one_hot(tokens[..., 1], PITCHES)
    *struck, down = (ops.matmul(weight, pitch) for weight in weights)
    return ops.concatenate([*struck, ops.minimum(down, 1.0)], axis=-1)
