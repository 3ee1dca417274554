"""How long livegen rather waits than comes in too early. A player who interrupts it at once makes it more patient."""

from __future__ import annotations

from bisect import bisect
from math import exp, log

from livegen.note import MonotonicTime

COSTS = ((0.5, 195.0), (1.0, 47.0), (2.0, 19.5), (4.0, 7.1))
"""Wrong entries a minute, and the cost of one, in s of silence, that leads to so many. Measured by
`livegen evaluate --turns` on the train splits of ASAP and POP909 (geometric means)."""

WRONG = 1.0
"""s: a response that the player interrupts so soon was a wrong entry."""
LEARNT, MOST = 2.0, 8.0
"""By what factor a wrong entry raises the cost, and how high the factor may become."""
FORGOTTEN = 60.0
"""s in which the factor falls to its square root."""


def cost_of(rate: float) -> float:
    """The cost of a wrong entry, in s of silence, that leads to `rate` of them a minute: COSTS, interpolated."""
    place = min(max(bisect([each for each, _ in COSTS], rate), 1), len(COSTS) - 1)
    (low, low_cost), (high, high_cost) = COSTS[place - 1 : place + 1]
    share = log(rate / low) / log(high / low)
    return exp(log(low_cost) + share * log(high_cost / low_cost))


def faded(factor: float, seconds: float) -> float:
    """What a factor has become after so many seconds."""
    return exp(log(factor) * exp(-log(2) * max(0.0, seconds) / FORGOTTEN))


class Patience:
    """The patience of livegen with one player.

    Args:
        rate: wrong entries a minute that are acceptable.
    """

    def __init__(self, rate: float) -> None:
        self._cost = cost_of(rate)
        self._learnt = 1.0  # the factor, at this time
        self._at = MonotonicTime(0.0)

    def change(self, rate: float) -> None:
        """Another rate. What was learnt stays."""
        self._cost = cost_of(rate)

    def factor(self, now: MonotonicTime) -> float:
        """How many times more patient than set, 1 to MOST, because of wrong entries."""
        return faded(self._learnt, now - self._at)

    def cost(self, now: MonotonicTime) -> float:
        """s of silence that are as bad as a wrong entry."""
        return self._cost * self.factor(now)

    def interrupted(self, at: MonotonicTime) -> None:
        """A response was a wrong entry."""
        self._learnt = min(MOST, LEARNT * self.factor(at))
        self._at = at
