"""Sampling from logits, as the exported graph does: for one note only."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from livegen.engine.runtime import CHANCES, LONG, STEPS, TEMPERATURES


def likelihoods(logits: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
    """Probabilities (1, categories) at a temperature (1, 1)."""
    return tf.nn.softmax(logits / temperature)


def cut_off(likely: tf.Tensor, min_p: tf.Tensor, top_p: tf.Tensor) -> tf.Tensor:
    """Probabilities with 0 for those below min-p times the greatest, then for those outside top-p."""
    falling = tf.math.top_k(likely, likely.shape[-1]).values
    falling = tf.where(falling >= min_p * falling[:, :1], falling, 0.0)
    needed = tf.cumsum(falling, axis=-1, exclusive=True) < top_p * tf.reduce_sum(falling, axis=-1, keepdims=True)
    least = tf.reduce_min(tf.where(needed, falling, 1.0), axis=-1, keepdims=True)
    return tf.where(likely >= least, likely, 0.0)


def category(likely: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
    """The category (1,) that a random number (1, 1), from 0 to below 1, selects by these probabilities."""
    mass = tf.cumsum(likely, axis=-1)
    return tf.reduce_sum(tf.cast(mass <= chance * mass[:, -1:], tf.int32), axis=-1)


def next_step(logits: tf.Tensor, how: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """A step (1,) among the bins that may be sampled, and the probability (1,) of a long one."""
    bins = tf.range(logits.shape[-1], dtype=tf.float32)[None]
    allowed = tf.where(bins < how[STEPS], logits, -np.inf)
    long = tf.where(bins >= how[LONG], tf.nn.softmax(logits), 0.0)
    sampled = category(likelihoods(allowed, how[TEMPERATURES.start]), how[CHANCES.start])
    return sampled, tf.reduce_sum(long, axis=-1)
