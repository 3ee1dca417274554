"""Weights as an export stores them, and merged products with them: for the forms that read one note."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Weights = tuple[tf.Tensor, tf.Tensor | None]
"""Kernel (inputs, outputs) and bias (outputs,); without a bias, None."""


class Stored:
    """A model's weights for an export. They are stored as one type, and all arithmetic is in float32.

    Args:
        model: with all its variables.
        dtype: float32 or float16.
    """

    def __init__(self, model: Any, dtype: str) -> None:  # noqa: ANN401  (Keras has no types)
        self.module = tf.Module()
        self.module.weights = {v.path: tf.Variable(tf.cast(v.value, dtype), name=v.name) for v in model.weights}

    def __call__(self, variable: Any) -> tf.Tensor:  # noqa: ANN401
        """The value of a Keras variable of the model."""
        return tf.cast(self.module.weights[variable.path], tf.float32)

    def dense(self, layer: Any) -> Weights:  # noqa: ANN401
        """Of a Dense layer."""
        return self(layer.kernel), self(layer.bias) if layer.use_bias else None


def merged(x: tf.Tensor, *parts: Weights) -> list[tf.Tensor]:
    """The outputs of several Dense layers for the same vector, (1, outputs) each, by one product."""
    kernels, sizes = [kernel for kernel, _ in parts], [kernel.shape[-1] for kernel, _ in parts]
    biases = [tf.zeros(size) if bias is None else bias for size, (_, bias) in zip(sizes, parts, strict=True)]
    said = tf.matmul(x, tf.concat(kernels, axis=-1)) + tf.concat(biases, axis=0)
    return list(tf.split(said, sizes, axis=-1))
