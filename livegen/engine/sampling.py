"""How freely is drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """All but the pedal at a temperature; of the pitches first min-p, then top-p cuts the unlikely off.

    A wrong note is heard as one, while in time and loudness the unlikely is what keeps playing alive (docs/model.md).
    """

    temperature: float = 1.0  # > 0; below 1 the likely becomes likelier
    top_p: float = 1.0  # of the probability, how much the likeliest categories that stay hold together
    min_p: float = 0.0  # of the likeliest category's probability, what a category needs to stay


AS_IS = Sampling()
