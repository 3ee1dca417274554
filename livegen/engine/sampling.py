"""Drawing a category from logits."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sampling:
    """How freely is drawn. Temperature comes first, then min-p, then top-p."""

    temperature: float = 1.0  # > 0; below 1 the likely becomes likelier
    top_p: float = 1.0  # of the probability, how much the likeliest categories that stay hold together
    min_p: float = 0.0  # of the likeliest category's probability, what a category needs to stay


def weights(
    logits: NDArray[np.float32], sampling: Sampling, allowed: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Probabilities before top-p, not normalised: shape (categories,), the likeliest has 1.

    Args:
        logits: shape (categories,).
        sampling: how freely.
        allowed: shape (categories,), True where a category may be drawn; all of them without it.

    Raises:
        ValueError: the logits are not numbers, or nothing is allowed.
    """
    if allowed is not None:
        logits = np.where(allowed, logits, -np.inf)
    top = float(np.maximum.reduce(logits))
    if not isfinite(top):
        raise ValueError("the model gives no numbers, or no category is allowed")
    p: NDArray[np.float64] = np.subtract(logits, top, dtype=np.float64)
    if sampling.temperature != 1:
        p /= sampling.temperature
    np.exp(p, out=p)
    if sampling.min_p > 0:
        p[p < sampling.min_p] = 0
    return p


def draw(
    logits: NDArray[np.float32],
    random: np.random.Generator,
    sampling: Sampling,
    allowed: NDArray[np.bool_] | None = None,
) -> int:
    """A category. Takes one number from `random`; the arguments are those of `weights`."""
    p = weights(logits, sampling, allowed)
    if sampling.top_p >= 1:
        mass = np.add.accumulate(p)
        return int(mass.searchsorted(random.random() * mass[-1], side="right"))
    order = p.argsort()[::-1]
    mass = np.add.accumulate(p[order])
    kept = mass[mass.searchsorted(sampling.top_p * mass[-1])]  # the fewest that hold top_p
    return int(order[mass.searchsorted(random.random() * kept, side="right")])
