"""The heads: one for each variable of a note, a hidden layer and logits.

The variables are sampled one after another (`encoding.VARIABLES`), and each head sees those before its own: p(note |
past) = p(step | past) p(pitch | step, past) ... What was sampled enters a head as an embedding that is added to its
hidden layer, so that the contribution of the past is one matrix product for all heads.

Sequences: `logits` and `pitch_logits`. One note: `conditioning`, `note_logits` and `note_pitch_logits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from keras import ops

from livegen.encoding import PITCHES, VARIABLES
from livegen.training.network.embedding import AWAY, CLIPPED, interval
from livegen.training.network.keys import SEEN
from livegen.training.network.stored import Stored, merged
from livegen.training.network.surroundings import near, place_weights

if TYPE_CHECKING:
    from livegen.training.model import Pianist

Tensor = Any


def logits(pianist: Pianist, name: str, hidden: Tensor, sampled: Tensor) -> Tensor:
    """Logits of any variable but the pitch.

    Args:
        pianist: that has the heads.
        name: the variable.
        hidden: (..., hidden), contribution of the past to the hidden layer.
        sampled: (..., at least as many as come before `name`) categories.
    """
    return pianist.logits[name](_hidden_layer(pianist, name, hidden, sampled))


def pitch_logits(pianist: Pianist, hidden: Tensor, sampled: Tensor, last: Tensor, keys: Tensor) -> Tensor:
    """Logits of the pitch: of the key itself, of its interval from the last note, and of the keys around it.

    Args:
        pianist: that has the heads.
        hidden: (batch, time, hidden), contribution of the past to the hidden layer.
        sampled: (batch, time, at least 1), the step.
        last: (batch, time), the pitch of the note before.
        keys: (batch, time, KEYS), as they are at the onset.
    """
    asked = _hidden_layer(pianist, "pitch", hidden, sampled)
    to = interval(last[..., None], ops.arange(PITCHES))
    by_interval = ops.take_along_axis(pianist.told_by_interval(asked), to, axis=-1)
    return pianist.logits["pitch"](asked) + by_interval + pianist.near(asked, keys[..., :SEEN])


def _hidden_layer(pianist: Pianist, name: str, hidden: Tensor, sampled: Tensor) -> Tensor:
    for k, layer in enumerate(pianist.given[name]):
        hidden = hidden + layer(sampled[..., k])
    return ops.relu(hidden)


def conditioning(
    pianist: Pianist, variable: str, category: tf.Tensor, heads: Sequence[str], stored: Stored
) -> tf.Tensor:
    """The contribution of a sampled category, (1,), to the hidden layers of these heads: (1, len(heads) * hidden).

    It is one row of one table.
    """
    layers = [pianist.given[name][VARIABLES.index(variable)] for name in heads]
    table = tf.concat([stored(layer.embeddings) for layer in layers], axis=-1)
    table = tf.pad(table, [[0, int(variable == "step")], [0, 0]])  # START contributes nothing
    return tf.gather(table, category)


def note_logits(pianist: Pianist, name: str, hidden: tf.Tensor, stored: Stored) -> tf.Tensor:
    """As `logits`, from the contributions of the past and of the variables before, (1, hidden)."""
    kernel, bias = stored.dense(pianist.logits[name])
    return tf.matmul(tf.nn.relu(hidden), kernel) + bias


def note_pitch_logits(
    pianist: Pianist, hidden: tf.Tensor, last: tf.Tensor, known: tf.Tensor, stored: Stored
) -> tf.Tensor:
    """As `pitch_logits`, by one product and one convolution.

    Args:
        pianist: that has the heads.
        hidden: (1, hidden), contributions of the past and of the step to the hidden layer.
        last: (1, 1), AWAY less the pitch of the note before.
        known: the padded keys.
        stored: the weights.
    """
    kernel, bias = stored.dense(pianist.told_by_interval)
    by_semitones = tf.gather(kernel, CLIPPED, axis=-1), tf.gather(bias, CLIPPED)
    itself, by_interval, places = merged(
        tf.nn.relu(hidden),
        stored.dense(pianist.logits["pitch"]),
        by_semitones,
        place_weights(pianist.near, stored),
    )
    first = tf.cast(tf.maximum(last - (AWAY - PITCHES + 1), 0.0), tf.int32)[0]
    # A gather, not a slice: XLA would compile a slice again for each start index.
    return itself + tf.gather(by_interval, first + np.arange(PITCHES), axis=1) + near(places, known)
