"""What of a hypothesis is shown: the points of a beat that the player uses, and the bar."""

from __future__ import annotations

from math import exp, pi, sqrt

from livegen.stage.pulse.hypothesis import ROUND, Hypothesis

USED = 0.06  # share of the onsets from which a point is used
BARS = ((4, 0.5), (3, 0.0), (2, -0.5))  # beats in a bar, and how much that is expected (a natural logarithm)
CLEAR = 1.5  # by which a bar must be better than having none


def points_of(hypothesis: Hypothesis) -> tuple[float, ...]:
    """The points of a beat that the player uses, as the player has them."""
    least = USED * hypothesis.total
    return tuple(point for point, count in zip(hypothesis.points, hypothesis.counts, strict=False) if count > least)


def density_of(hypothesis: Hypothesis, at: float) -> float:
    """How dense onsets are expected at this time, relative to an even density, by what is shown."""
    period = hypothesis.period
    phase = (at - hypothesis.at) / period % 1
    sharp = -0.5 * period * period * hypothesis.seen / hypothesis.squares
    least = USED * hypothesis.total
    near, used = 0.0, 0
    for point, count in zip(hypothesis.points, hypothesis.counts, strict=False):
        if count > least:
            used += 1
            error = (phase - point + 0.5) % 1 - 0.5
            near += exp(sharp * error * error)
    return near * sqrt(-sharp / pi) / used


def bar_of(bars: list[float]) -> tuple[int, int]:
    """Beats in a bar, and the number of a downbeat; (0, 0): unknown."""
    best, found = CLEAR, (0, 0)
    for length, expected in BARS:
        for first in range(length):
            value = sum(bars[first::length]) + expected
            if value > best:
                best, found = value, (length, first)
    return found


assert all(ROUND % length == 0 for length, _ in BARS)
