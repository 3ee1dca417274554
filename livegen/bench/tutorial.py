"""For comparison, the method of TensorFlow's tutorial on generating music: `model.predict` for every note."""

from __future__ import annotations

import os
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from livegen.bench.apart import apart
from livegen.bench.figures import MissingError, Report, Row, Spread, Target
from livegen.encoding import PITCHES
from livegen.note import WINDOW

TIMES_FASTER = Target(">=", 150)
UNITS = 128
WARM_UP = 3  # notes; the first compiles the model


def measure(notes: int) -> Spread:
    """Milliseconds per note, with a model as in the tutorial and random weights.

    Raises:
        ImportError: Keras or TensorFlow is not installed.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras

    heard = keras.Input((WINDOW, 3))  # pitch, step, duration
    remembered = keras.layers.LSTM(UNITS)(heard)
    sizes = {"pitch": PITCHES, "step": 1, "duration": 1}
    model = keras.Model(heard, {name: keras.layers.Dense(size, name=name)(remembered) for name, size in sizes.items()})
    random = np.random.default_rng(0)
    window: NDArray[np.float64] = random.random((WINDOW, 3))
    times = [perf_counter()]
    for _ in range(WARM_UP + notes):
        output = model.predict(window[np.newaxis], verbose=0)
        p = np.exp(output["pitch"][0].astype(np.float64))
        pitch = random.choice(PITCHES, p=p / p.sum())
        note = pitch / PITCHES, max(0.0, output["step"].item()), max(0.0, output["duration"].item())
        window = np.roll(window, -1, axis=0)
        window[-1] = note
        times.append(perf_counter())
    return Spread.of(np.diff(times)[WARM_UP:].tolist(), 1000)


def compare(note: float | None, notes: int, report: Report) -> list[Row]:
    """A row for the tutorial, and one for how many times faster `note` ms per note are."""
    name = "The tutorial's model.predict, per note"
    report("the tutorial's method")
    try:
        tutorial = apart(measure, notes)
    except MissingError as error:
        return [Row("tutorial", name, remark=str(error))]
    rows = [Row("tutorial", name, tutorial.values("p50", "p99"))]
    if note is not None:
        ratio = {"p50": tutorial.p50 / note}
        rows.append(Row("times_faster", "Times faster than the tutorial", ratio, {"p50": TIMES_FASTER}))
    return rows
