"""The spectrum of a stream of onsets: which steady rates are in it, and with what phase."""

from __future__ import annotations

from cmath import exp as turn
from cmath import phase
from itertools import accumulate, repeat
from math import exp, pi
from operator import add, mul
from typing import NamedTuple

LOWEST, SPACING, COUNT = 0.7, 0.08, 116  # Hz, Hz and resonators: up to 9.9 Hz, a tatum of 101 ms
MEMORY = 3.0  # s until an onset counts 1/e as much
FULL = 30.0  # natural logarithm of the weight at which the sums are scaled down


class Peak(NamedTuple):
    """A steady rate."""

    period: float  # s
    at: float  # s, a time at which onsets are expected, near the middle of what is remembered


class Resonators:
    """One complex sum of exp(2 pi i f t) over the onsets for each frequency f, older onsets weighing less.

    The frequencies are equally spaced, so the terms of an onset are a geometric series: no function of the standard
    library but a multiplication is called for each of them.
    """

    def __init__(self) -> None:
        self._sums: list[complex] = [0j] * COUNT
        self._start = 0.0
        self._weight = 0.0
        self._moment = 0.0
        self._heard = False

    def hear(self, at: float, weight: float) -> None:
        """Add an onset."""
        if not self._heard:
            self._heard, self._start = True, at
        if (at - self._start) / MEMORY > FULL:
            scale = exp((self._start - at) / MEMORY)
            self._sums = [value * scale for value in self._sums]
            self._weight *= scale
            self._moment *= scale
            self._start = at
        weight *= exp((at - self._start) / MEMORY)
        self._weight += weight
        self._moment += weight * at
        first = weight * turn(2j * pi * LOWEST * at)
        series = accumulate(repeat(turn(2j * pi * SPACING * at), COUNT - 1), mul, initial=first)
        self._sums = list(map(add, self._sums, series))

    def peaks(self, count: int) -> list[Peak]:
        """The strongest rates, best first, at most `count`."""
        if not self._heard:
            return []
        strength = list(map(mul, map(abs, self._sums), HANDICAP))
        middle = self._moment / self._weight
        found = []
        for _ in range(count):
            inner = strength[1:-1]
            best = 1 + inner.index(max(inner))
            if strength[best] <= 0:
                break
            left, top, right = strength[best - 1 : best + 2]
            bend = left - 2 * top + right
            shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
            rate = LOWEST + SPACING * (best + max(-0.5, min(0.5, shift)))
            angle = phase(self._sums[best] * turn(-2j * pi * (LOWEST + SPACING * best) * middle))
            found.append(Peak(1 / rate, middle + angle / (2 * pi * rate)))
            for near in range(max(0, best - 3), min(COUNT, best + 4)):
                strength[near] = 0.0
        return found


HANDICAP = [min(1.0, 1 - 0.1 * max(0.0, (LOWEST + SPACING * k) / 5 - 1)) for k in range(COUNT)]
