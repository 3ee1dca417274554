"""Drawing a category from logits."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sampling:
    """How freely is drawn. Temperature comes first, then min-p, then top-p."""

    temperature: float = 1.0  # > 0; below 1 the likely becomes likelier
    top_p: float = 1.0  # of the probability, how much the likeliest categories that stay hold together
    min_p: float = 0.0  # of the likeliest category's probability, what a category needs to stay


def likelihoods(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities, not normalised: shape (categories,)."""
    p: NDArray[np.float64] = np.exp(logits, dtype=np.float64)  # whose range no logits of a sound model leave
    return p


def draw(
    likely: NDArray[np.float64],
    random: np.random.Generator,
    sampling: Sampling,
    allowed: NDArray[np.bool_] | None = None,
) -> int:
    """A category.

    Args:
        likely: of all categories, as `likelihoods` gives them.
        random: gives one number, and with top-p now and then more: what lies outside is drawn again.
        sampling: how freely.
        allowed: shape (categories,), True where a category may be drawn; all of them without it.

    Raises:
        ValueError: the likelihoods are not numbers, or nothing that is allowed has any.
    """
    p = likely
    if sampling.temperature != 1:
        p = (p / np.maximum.reduce(p)) ** (1 / sampling.temperature)
    if allowed is not None:
        p = p * allowed
    if sampling.min_p > 0:
        p = np.where(p >= sampling.min_p * np.maximum.reduce(p), p, 0)
    mass = np.add.accumulate(p)
    total = float(mass[-1])
    if not 0 < total < inf:
        raise ValueError("the model gives no numbers, or no category is allowed")
    while True:
        category = int(mass.searchsorted(random.random() * total, side="right"))
        # Inside top-p, as long as all that is likelier does not hold that share yet: surely so where the category
        # has more than what top-p leaves out.
        likely_here = p[category]
        if likely_here >= (1 - sampling.top_p) * total:
            return category
        if np.add.reduce(p, where=p > likely_here) < sampling.top_p * total:
            return category
