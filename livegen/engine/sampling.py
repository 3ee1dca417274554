"""Drawing a category from logits."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sampling:
    """How freely is drawn: all at a temperature; of the pitches first min-p, then top-p cuts the unlikely off."""

    temperature: float = 1.0  # > 0; below 1 the likely becomes likelier
    top_p: float = 1.0  # of the probability, how much the likeliest categories that stay hold together
    min_p: float = 0.0  # of the likeliest category's probability, what a category needs to stay


AS_IS = Sampling()


def likelihoods(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities, not normalised: shape (categories,)."""
    p: NDArray[np.float64] = np.exp(logits, dtype=np.float64)  # whose range no logits of a sound model leave
    return p


def draw(
    likely: NDArray[np.float64],
    random: np.random.Generator,
    temperature: float = 1.0,
    allowed: NDArray[np.bool_] | None = None,
) -> int:
    """A category.

    Args:
        likely: of all categories, as `likelihoods` gives them.
        random: gives one number.
        temperature: above 0; below 1 the likely becomes likelier.
        allowed: shape (categories,), True where a category may be drawn; all of them without it.

    Raises:
        ValueError: the likelihoods are not numbers, or nothing that is allowed has any.
    """
    p = likely
    if temperature != 1:
        p = (p / np.maximum.reduce(p)) ** (1 / temperature)
    if allowed is not None:
        p = p * allowed
    mass = np.add.accumulate(p)
    total = float(mass[-1])
    if not 0 < total < inf:
        raise ValueError("the model gives no numbers, or no category is allowed")
    return int(mass.searchsorted(random.random() * total, side="right"))
