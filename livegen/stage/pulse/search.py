"""Looks for new hypotheses among multiples of the steady rates and variants of the leader, a few at each chord."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp, inf, log, pi, sqrt

from livegen.stage.pulse.accents import Accent
from livegen.stage.pulse.hypothesis import (
    CELLS,
    LONGEST,
    SHORTEST,
    STRAIGHT,
    STRAY,
    SWUNG,
    TRIPLE,
    Division,
    Hypothesis,
    same,
)
from livegen.stage.pulse.resonators import Resonators

RATES = 3  # that are looked at
CHORDS = 16  # that an idea is compared with
BEST = 3  # ideas of a round that are tried
HOPELESS = 8.0  # natural logarithm: an idea that fits worse than the leader by so much is not tried
TRIED = 8  # that are not tried again
DOUBT = 0.02, 0.005  # relative error of a period: of a rate, of the leader
SPREAD = 0.013  # s, for this comparison
TYPICAL = (0.4, 0.65, 1.1)  # s, the beats for which a table is made

Idea = tuple[float, float, Division]
# Factor of the period, shift in periods, division.
FROM_RATE: tuple[Idea, ...] = (
    (1, 0, STRAIGHT),
    *((2, shift, STRAIGHT) for shift in range(2)),
    *((4, shift, STRAIGHT) for shift in range(4)),
    *((3, shift, TRIPLE) for shift in range(3)),
    *((2, shift, SWUNG) for shift in range(2)),
    *((5, shift, SWUNG) for shift in range(5)),
)
FROM_LEADER: tuple[tuple[Idea, ...], ...] = (
    (
        (2, 0, STRAIGHT), (2, 1, STRAIGHT), (1, 0.5, STRAIGHT), (0.5, 0, STRAIGHT), (1, 0, TRIPLE), (1, 0, SWUNG),
        (1, 0.4, SWUNG), (2, 0, SWUNG), (2, 1, SWUNG), (3, 0, TRIPLE), (3, 1, TRIPLE), (3, 2, TRIPLE),
    ),
    (
        (1, 0, STRAIGHT), (1, 1 / 3, TRIPLE), (1, 2 / 3, TRIPLE), (1, 0.25, STRAIGHT), (1, 0.75, STRAIGHT),
        (1.5, 0, TRIPLE), (1.5, 0.5, TRIPLE), (1.5, 1, TRIPLE), (2, 0, TRIPLE), (2, 1, TRIPLE), (1 / 3, 0, STRAIGHT),
        (0.5, 0, TRIPLE), (2 / 3, 0, STRAIGHT), (1.5, 0, STRAIGHT), (1.5, 0.5, STRAIGHT), (1.5, 1, STRAIGHT),
    ),
)  # fmt: skip


def table(division: Division, beat: float) -> tuple[float, ...]:
    """The logarithm of the density in each part of a beat."""
    width, total = SPREAD / beat, sum(division.expected)
    density = []
    for cell in range(CELLS):
        errors = [((cell + 0.5) / CELLS - point + 0.5) % 1 - 0.5 for point in division.points]
        shares = [
            count / total * exp(-0.5 * (error / width) ** 2)
            for count, error in zip(division.expected, errors, strict=True)
        ]
        density.append(log(STRAY + (1 - STRAY) * sum(shares) / (width * sqrt(2 * pi))))
    return tuple(density)


TABLES = {id(division): tuple(table(division, beat) for beat in TYPICAL) for division in (STRAIGHT, TRIPLE, SWUNG)}
ON = tuple(min(cell, CELLS - 1 - cell) < CELLS * 0.1 for cell in range(CELLS))


def fit(at: float, period: float, division: Division, chords: Sequence[Accent]) -> float:
    """Roughly how well a hypothesis explains these chords, a natural logarithm."""
    tables = TABLES[id(division)]
    logs = tables[0] if period < 0.5 else tables[1] if period < 0.85 else tables[2]
    rate, value = CELLS / period, 0.0
    for heard, on, off, _ in chords:
        cell = int((heard - at) * rate) % CELLS
        value += logs[cell] + (on if ON[cell] else off)
    return value


class Search:
    """Goes round and round through the ideas, and returns the best of each round as hypotheses to try."""

    def __init__(self) -> None:
        self._round = 0
        self._doubt = DOUBT[0]
        self._ideas: list[tuple[float, float, Division]] = []
        self._found: list[tuple[float, float, float, Division]] = []
        self._tried: deque[Hypothesis] = deque(maxlen=TRIED)

    def look(
        self,
        count: int,
        chords: Sequence[Accent],
        rates: Resonators,
        kept: Sequence[Hypothesis],
        leader: Hypothesis | None,
    ) -> list[Hypothesis]:
        """Look at some ideas. At the end of a round, the hypotheses to try, worst first."""
        if not self._ideas:
            self._ideas = self._begin(rates, leader)
        recent = chords[-CHORDS:]
        for _ in range(min(count, len(self._ideas))):
            at, period, division = self._ideas.pop()
            value = fit(at, period, division, recent) + division.prior
            self._found.append((value, at, period, division))
        if self._ideas or not self._found:
            return []
        start, best = chords[0].at, []
        least = fit(leader.at, leader.period, leader.division, recent) - HOPELESS if leader is not None else -inf
        for value, at, period, division in sorted(self._found, key=lambda found: -found[0]):
            if value < least:
                break
            new = Hypothesis(at + (start - at) // period * period, period, division, self._doubt)
            if not any(same(new, old) for old in (*kept, *self._tried)):
                best.append(new)
                if len(best) == BEST:
                    break
        self._found.clear()
        self._tried.extend(best)
        return best[::-1]

    def _begin(self, rates: Resonators, leader: Hypothesis | None) -> list[Idea]:
        self._round += 1
        which = self._round % (RATES + len(FROM_LEADER))
        if which < RATES or leader is None:
            peaks = rates.peaks(which % RATES + 1)
            if not peaks:
                return []
            at, unit, ideas = peaks[-1].at, peaks[-1].period, FROM_RATE
            self._doubt = DOUBT[0]
        else:
            at, unit, ideas = leader.at, leader.period, FROM_LEADER[which - RATES]
            self._doubt = DOUBT[1]
        return [
            (at + shift * unit, factor * unit, division)
            for factor, shift, division in ideas
            if SHORTEST <= factor * unit <= LONGEST
        ]
