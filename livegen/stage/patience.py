"""How long livegen rather waits than comes in too early. It learns from each player: the rate that is set is kept.

The cost of a wrong entry is raised by each one, and falls while the player plays. So it settles where wrong entries
come as often as they are set, with any player and any music (adaptive conformal inference does the same for intervals:
I. Gibbs, E. Candes, NeurIPS 2021, arXiv:2106.00170).
"""

from __future__ import annotations

from bisect import bisect
from math import exp, log

from livegen.note import MonotonicTime

COSTS = ((0.5, 5.0), (1.0, 1.5), (2.0, 0.6), (4.0, 0.2))
"""Wrong entries a minute of playing, and the cost of a wrong entry, in s of silence, at which there are about so many.
Learning starts here. Measured on the train splits of MAESTRO and POP909 (geometric means)."""

WRONG = 1.0
"""s: a response that the player interrupts so soon was a wrong entry."""
LEARNT = 2.0
"""By what factor a wrong entry raises the cost."""
LEAST, MOST = 1 / 32, 8.0
"""The limits of the factor that is learnt."""


def cost_of(rate: float) -> float:
    """The cost of a wrong entry, in s of silence, that leads to `rate` of them a minute: COSTS, interpolated."""
    place = min(max(bisect([each for each, _ in COSTS], rate), 1), len(COSTS) - 1)
    (low, low_cost), (high, high_cost) = COSTS[place - 1 : place + 1]
    share = log(rate / low) / log(high / low)
    return exp(log(low_cost) + share * log(high_cost / low_cost))


class Patience:
    """The patience of livegen with one player.

    Args:
        rate: wrong entries a minute of playing that are acceptable.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._learnt = 1.0  # the factor, when the call began
        self._began: MonotonicTime | None = None  # None: the player does not play

    def change(self, rate: float) -> None:
        """Another rate. What was learnt stays."""
        self._rate = rate

    def begin(self, at: MonotonicTime) -> None:
        """The player begins to play."""
        self._began = at

    def end(self, at: MonotonicTime) -> None:
        """The player has played: it is livegen's turn."""
        self._learnt, self._began = self.factor(at), None

    def factor(self, now: MonotonicTime) -> float:
        """How many times as patient as at first, LEAST to MOST: 1 / rate minutes of playing divide it by LEARNT."""
        played = 0.0 if self._began is None else max(0.0, now - self._began)
        return max(LEAST, self._learnt * exp(-log(LEARNT) * self._rate * played / 60))

    def cost(self, now: MonotonicTime) -> float:
        """s of silence that are as bad as a wrong entry."""
        return cost_of(self._rate) * self.factor(now)

    def interrupted(self) -> None:
        """The response was a wrong entry."""
        self._learnt = min(MOST, LEARNT * self._learnt)
