"""The pianist: an LSTM over tokens, and one small head for each variable.

A note's variables are drawn one after another (`features.VARIABLES`), each head seeing what was drawn before it:
p(note | past) = p(step | past) p(pitch | step, past) p(velocity | pitch, step, past) p(duration | all of them, past).
What was drawn enters a head as an embedding added to its hidden layer, so that live the past costs one matrix
product for all four heads together, and each draw one more small one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
from keras import ops

from livegen.features import SIZES, VARIABLES

Tensor = Any  # keras has no tensor type of its own across backends


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a pianist."""

    units: int = 384
    layers: int = 2
    hidden: int = 192  # of each head
    embedding: tuple[int, int, int, int] = (48, 96, 32, 48)  # of step, pitch, velocity, duration

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@keras.saving.register_keras_serializable("livegen")
class Pianist(keras.Model):
    """Logits of each variable of each next note.

    `call` takes tokens of shape (batch, time + 1, 4) and returns, for each variable, logits of shape
    (batch, time, categories) of the notes 1..time, each given the notes before it.
    """

    def __init__(self, architecture: Architecture | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.architecture = a = architecture or Architecture()
        self.read = [
            keras.layers.Embedding(SIZES[name] + (name == "step"), width, name=f"read_{name}")
            for name, width in zip(VARIABLES, a.embedding, strict=True)
        ]
        self.lstm = [
            # Unrolled, a crop trains a tenth faster on a CPU than in a loop.
            keras.layers.LSTM(a.units, return_sequences=True, unroll=True, name=f"lstm_{i}")
            for i in range(a.layers)
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
        self.logits = {name: keras.layers.Dense(SIZES[name], name=f"{name}_logits") for name in VARIABLES}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "architecture": self.architecture.to_dict()}

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
            hidden: (..., 4 * hidden), what the past says to all heads.
            drawn: (..., at least as many as come before `name`) categories already drawn.
        """
        i = VARIABLES.index(name)
        width = self.architecture.hidden
        mine = hidden[..., i * width : (i + 1) * width]
        for k, layer in enumerate(self.given[name]):
            mine = mine + layer(drawn[..., k])
        return self.logits[name](ops.relu(mine))

    def call(self, tokens: Tensor) -> dict[str, Tensor]:
        past, target = tokens[:, :-1], tokens[:, 1:]
        x = self.embed(past)
        total: Tensor = 0
        for layer in self.lstm:
            x = layer(x)
            total = total + x
        hidden = self.heads(total)
        return {name: self.head(name, hidden, target) for name in VARIABLES}
