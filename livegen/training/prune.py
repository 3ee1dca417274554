"""Pruning: a pianist of fewer units, from a trained one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livegen.training.model import Pianist, untrained

Floats = NDArray[np.float32]


def pruned(pianist: Pianist, units: int, heard: NDArray[np.int32]) -> Pianist:
    """A pianist with only the most important units of each LSTM layer. It needs further training.

    The importance of a unit is the variance of its output over the notes in `heard`, times the sum of the squared
    weights that read it. The same units are kept in all layers, because the outputs of the layers are added up.

    Args:
        pianist: is not changed.
        units: to keep in each layer, at most as many as there are.
        heard: tokens of some training sequences, shape (batch, time, 5).
    """
    whole = pianist.architecture.units
    reads = [pianist.heads.kernel, pianist.back.query.kernel, pianist.back.key.kernel]
    by_all = sum(_squares(kernel)[:whole] for kernel in reads)
    said: Any = 0.0
    x = pianist.embed(heard)
    for i, layer in enumerate(pianist.lstm):
        x = layer(x)
        by_layers = [each.cell.kernel for each in pianist.lstm[i + 1 : i + 2]] + [layer.cell.recurrent_kernel]
        said += np.var(x, axis=(0, 1)) * (by_all + sum(map(_squares, by_layers)))
    keep = np.sort(np.argsort(said)[whole - units :])
    gates = (np.arange(4)[:, None] * whole + keep).ravel()
    kept: dict[str, Floats] = {}
    for i, layer in enumerate(pianist.lstm):
        kernel, recurrent, bias = (_numbers(weight) for weight in layer.cell.weights)
        kept |= zip(
            (weight.path for weight in layer.cell.weights),
            (kernel[keep if i else slice(None)][:, gates], recurrent[keep][:, gates], bias[gates]),
            strict=True,
        )
    kept |= {kernel.path: np.concatenate([_numbers(kernel)[keep], _numbers(kernel)[whole:]]) for kernel in reads}
    smaller = untrained(replace(pianist.architecture, units=units), pianist.dropout)
    for mine, weight in zip(smaller.weights, pianist.weights, strict=True):
        mine.assign(kept.get(weight.path, _numbers(weight)))
    return smaller


def _numbers(weight: Any) -> Floats:  # noqa: ANN401  (Keras has no public type for its variables)
    return np.asarray(weight.value, np.float32)


def _squares(kernel: Any) -> Floats:  # noqa: ANN401
    squares: Floats = np.square(_numbers(kernel)).sum(axis=1)
    return squares
