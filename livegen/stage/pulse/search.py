"""Looks for new hypotheses among multiples of the steady rates and variants of the leader, a few at each chord."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import compress
from math import ceil, exp, inf, log, pi, sqrt

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

Idea = tuple[float, Division]  # shift in periods, division
Group = tuple[float, tuple[Idea, ...]]  # factor of the period, ideas of this period


def _group(factor: float, *ideas: tuple[float, Division]) -> Group:
    """Ideas whose shift is given in the period that the factor is for."""
    return factor, tuple((shift / factor, division) for shift, division in ideas)


FROM_RATE: tuple[Group, ...] = (
    _group(1, (0, STRAIGHT)),
    _group(2, (0, STRAIGHT), (1, STRAIGHT), (0, SWUNG), (1, SWUNG)),
    _group(4, *((shift, STRAIGHT) for shift in range(4))),
    _group(3, *((shift, TRIPLE) for shift in range(3))),
    _group(5, *((shift, SWUNG) for shift in range(5))),
)
FROM_LEADER: tuple[tuple[Group, ...], ...] = (
    (
        _group(2, (0, STRAIGHT), (1, STRAIGHT), (0, SWUNG), (1, SWUNG)),
        _group(1, (0.5, STRAIGHT), (0, TRIPLE), (0, SWUNG), (0.4, SWUNG)),
        _group(0.5, (0, STRAIGHT)),
        _group(3, (0, TRIPLE), (1, TRIPLE), (2, TRIPLE)),
    ),
    (
        _group(1, (0, STRAIGHT), (1 / 3, TRIPLE), (2 / 3, TRIPLE), (0.25, STRAIGHT), (0.75, STRAIGHT)),
        _group(1.5, (0, TRIPLE), (0.5, TRIPLE), (1, TRIPLE), (0, STRAIGHT), (0.5, STRAIGHT), (1, STRAIGHT)),
        _group(2, (0, TRIPLE), (1, TRIPLE)),
        _group(1 / 3, (0, STRAIGHT)),
        _group(0.5, (0, TRIPLE)),
        _group(2 / 3, (0, STRAIGHT)),
    ),
)


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
    return tuple(density) * 2  # twice, so that a slice of it begins anywhere


TABLES = {id(division): tuple(table(division, beat) for beat in TYPICAL) for division in (STRAIGHT, TRIPLE, SWUNG)}
ON = tuple(min(cell, CELLS - 1 - cell) < CELLS * 0.1 for cell in range(CELLS)) * 2


Found = tuple[float, float, float, Division]  # how well it fits, a beat in s, its period in s, its division


class Recent:
    """The chords that ideas are compared with."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=CHORDS)
        self._on: deque[float] = deque(maxlen=CHORDS)  # how much likelier an accent is on a beat than off it
        self._off: deque[float] = deque(maxlen=CHORDS)

    def __len__(self) -> int:
        return len(self._times)

    def hear(self, chord: Accent) -> None:
        """Add a chord."""
        self._times.append(chord.at)
        self._on.append(chord.on - chord.off)
        self._off.append(chord.off)

    def fits(self, at: float, period: float, ideas: Sequence[Idea]) -> list[Found]:
        """Roughly how well ideas of one period explain them, a natural logarithm: first in what is returned."""
        size = 0 if period < 0.5 else 1 if period < 0.85 else 2
        rate = CELLS / period
        start = at - ceil((at - self._times[0]) / period) * period
        cells = [int((time - start) * rate) % CELLS for time in self._times]
        off = sum(self._off)
        found = []
        for shift, division in ideas:
            turn = CELLS - round(shift * CELLS) % CELLS
            logs, on = TABLES[id(division)][size][turn:], ON[turn:]
            value = sum(map(logs.__getitem__, cells)) + sum(compress(self._on, map(on.__getitem__, cells)))
            found.append((value + off + division.prior, at + shift * period, period, division))
        return found


class Search:
    """Goes round and round through the ideas, and returns the best of each round as hypotheses to try, one by one.

    A round takes several steps, so that the work at a chord is bounded: it begins, looks at some ideas at a time, and
    sorts them.
    """

    def __init__(self) -> None:
        self.recent = Recent()
        self._round = 0
        self._doubt = DOUBT[0]
        self._ideas: list[tuple[float, float, tuple[Idea, ...]]] = []  # a beat in s, a period in s
        self._found: list[Found] = []
        self._best: list[Found] = []  # the best is the last
        self._left = 0  # that may still be tried
        self._tried: deque[Hypothesis] = deque(maxlen=TRIED)

    def step(
        self, groups: int, start: float, rates: Resonators, kept: Sequence[Hypothesis], leader: Hypothesis | None
    ) -> Hypothesis | None:
        """Take a step of a round. Returns the next hypothesis to try, if there is one.

        Args:
            groups: of ideas that are looked at.
            start: s, the first chord that the hypothesis will be tried on.
            rates: that are heard.
            kept: hypotheses that need not be tried.
            leader: the best of them.
        """
        if self._best:
            return self._next(start, kept)
        if self._ideas:
            for _ in range(min(groups, len(self._ideas))):
                self._found += self.recent.fits(*self._ideas.pop())
        elif self._found:
            self._sort(leader)
            return self._next(start, kept)
        else:
            self._ideas = self._begin(rates, leader)
        return None

    def _sort(self, leader: Hypothesis | None) -> None:
        least = -inf
        if leader is not None:
            [(fit, *_)] = self.recent.fits(leader.at, leader.period, ((0.0, leader.division),))
            least = fit - HOPELESS
        self._best = sorted((found for found in self._found if found[0] >= least), key=lambda found: round(found[0], 6))
        self._left = BEST
        self._found.clear()

    def _next(self, start: float, kept: Sequence[Hypothesis]) -> Hypothesis | None:
        while self._best:
            _, at, period, division = self._best.pop()
            if not any(same(at, period, division, old) for old in (*kept, *self._tried)):
                new = Hypothesis(at + (start - at) // period * period, period, division, self._doubt)
                self._tried.append(new)
                self._left -= 1
                if not self._left:
                    self._best.clear()
                return new
        return None

    def _begin(self, rates: Resonators, leader: Hypothesis | None) -> list[tuple[float, float, tuple[Idea, ...]]]:
        self._round += 1
        which = self._round % (RATES + len(FROM_LEADER))
        if which < RATES or leader is None:
            peaks = rates.peaks(which % RATES + 1)
            if not peaks:
                return []
            at, unit, groups = peaks[-1].at, peaks[-1].period, FROM_RATE
            self._doubt = DOUBT[0]
        else:
            at, unit, groups = leader.at, leader.period, FROM_LEADER[which - RATES]
            self._doubt = DOUBT[1]
        return [(at, factor * unit, ideas) for factor, ideas in groups if SHORTEST <= factor * unit <= LONGEST]
