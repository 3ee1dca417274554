"""What of a hypothesis is shown: the points of a beat that the player uses, and the bar."""

from __future__ import annotations

from livegen.stage.pulse.hypothesis import ROUND, Hypothesis

USED = 0.06  # share of the onsets from which a point is used
BARS = ((4, 0.5), (3, 0.0), (2, -0.5))  # beats in a bar, and how much that is expected (a natural logarithm)
CLEAR = 1.5  # by which a bar must be better than having none


def points_of(hypothesis: Hypothesis) -> tuple[float, ...]:
    """The points of a beat that the player uses, as the player has them."""
    least = USED * hypothesis.total
    return tuple(point for point, count in zip(hypothesis.points, hypothesis.counts, strict=True) if count > least)


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
