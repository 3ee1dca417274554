"""The tutorial's model: an LSTM reads a window of notes; three heads predict pitch, step and duration of the next one.

Pitch is sampled from logits. Step and duration are one number each, trained with the squared error.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from livegen.encoding import PITCHES

UNITS, LEARNING_RATE = 128, 0.005
LOSS_WEIGHTS = {"pitch": 0.05, "step": 1.0, "duration": 1.0}
"""The outputs, in the order of a note's columns."""

TEMPERATURE = 2.0  # of the pitch, when notes are generated
VELOCITY = 100  # of all generated notes: the model has no velocity
PRESSURE = 10.0  # loss for each second below zero
SCALE = np.array([PITCHES, 1, 1], np.float32)
"""Divisors of a note's columns before the model reads them."""


def positive_mse(true: Any, predicted: Any) -> Any:  # noqa: ANN401  (tensors of any backend)
    """Mean squared error, with a penalty for negative times."""
    return ops.mean(ops.square(true - predicted) + PRESSURE * ops.relu(-predicted))


def build(units: int = UNITS, learning_rate: float = LEARNING_RATE) -> keras.Model:
    """The model, compiled: (windows, notes, 3) of pitch / 128, step [s] and duration [s] -> a dict of three outputs."""
    notes = keras.Input((None, len(LOSS_WEIGHTS)))
    remembered = keras.layers.LSTM(units)(notes)
    sizes = {"pitch": PITCHES, "step": 1, "duration": 1}
    model = keras.Model(notes, {name: keras.layers.Dense(size, name=name)(remembered) for name, size in sizes.items()})
    pitch = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss={"pitch": pitch, "step": positive_mse, "duration": positive_mse},
        loss_weights=LOSS_WEIGHTS,
    )
    return model


def continue_notes(
    model: keras.Model,
    notes: NDArray[np.float64],
    count: int,
    temperature: float,
    random: np.random.Generator,
    *,
    raw_pitch: bool = False,
) -> NDArray[np.float64]:
    """Continue prompts, note by note. The window stays as long as the prompt.

    Args:
        model: from `build`, trained.
        notes: shape (prompts, window, 3): pitch 0..127, step [s], duration [s].
        count: number of notes to generate.
        temperature: of the pitch, > 0.
        random: generator for sampling.
        raw_pitch: put the generated pitch into the window without scaling, which is the tutorial's bug.

    Returns:
        Shape (prompts, count, 3), in the units of `notes`.
    """
    window = (notes / SCALE).astype(np.float32)
    added = np.empty((len(notes), count, len(LOSS_WEIGHTS)))
    for note in np.moveaxis(added, 1, 0):  # of all prompts
        predicted = model.predict_on_batch(window)
        logits = predicted["pitch"] / temperature
        note[:, 0] = np.argmax(logits + random.gumbel(size=logits.shape), axis=-1)  # a sample from their softmax
        note[:, 1:] = np.maximum(0, np.concatenate([predicted["step"], predicted["duration"]], axis=-1))
        heard = (note if raw_pitch else note / SCALE).astype(np.float32)
        window = np.concatenate([window[:, 1:], heard[:, np.newaxis]], axis=1)
    return added
