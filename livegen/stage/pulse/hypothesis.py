"""One idea of where the beats are, corrected and judged by every onset."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import exp, floor, log, pi, sqrt
from operator import mul

from livegen.stage.pulse.accents import Accent

STRAY = 0.1  # share of onsets that are on no point
SHORTEST, LONGEST = 0.29, 1.4  # s, of a beat
JITTER = 0.014  # s, the spread that a new hypothesis expects
SURE = 8.0  # onsets that this expectation is worth
LEAST, MOST = 0.005**2, 0.035**2  # s^2, of the spread's square
HISTORY = 24  # chords that a new hypothesis is tried on
FADE = 0.985  # of the evidence, at each onset
FEEL_FADE = 0.985  # of the feel, at each onset
DRIFT = 2e-7  # 1/s, variance of the relative change of tempo in a second
WANDER = 1e-6  # s, variance of the phase, gained in a second
UNSTEADY = 40.0  # how much more both gain while onsets are all early or all late
SLOWLY = 15.0  # onsets that the division's own points are worth
FEEL = 0.01  # beats, by which a player's points may differ from those of the division
ROUND = 12  # beats: bars of 2, 3, 4 and 6 beats divide it
BARS_FADE = 0.8
CENTRE, WIDTH = 0.68, 0.5  # the expected beat: a normal distribution of its logarithm about log(0.68 s)
CELLS = 60
LONGEST_GAP = 10.0  # s of silence that make a hypothesis less certain
TURN = 2 * pi
FADED: tuple[float, ...] = tuple(pow(FADE, n) for n in range(HISTORY))
NEAR, APART = 0.03, 0.07  # two beats are the same: the relative difference of their periods, and beats


@dataclass(frozen=True, slots=True)
class Division:
    """How a beat is divided."""

    points: tuple[float, ...]  # where onsets may be in a beat
    expected: tuple[float, ...]  # onsets at each point that a new hypothesis takes for granted
    give: tuple[float, float]  # beats: how far the player's points may be before and after these
    prior: float  # natural logarithm of how often it is met
    below: tuple[int, ...] = field(init=False, repr=False)  # the last point at or before each of CELLS equal parts
    reach: tuple[tuple[float, float], ...] = field(init=False, repr=False)  # where the player's points may be

    def __post_init__(self) -> None:
        cells = [(cell + 0.5) / CELLS for cell in range(CELLS)]
        below = tuple(max(n for n, point in enumerate(self.points) if point <= cell) for cell in cells)
        object.__setattr__(self, "below", below)
        least, most = self.give
        object.__setattr__(self, "reach", tuple((point + least, point + most) for point in self.points))


STRAIGHT = Division((0.0, 0.25, 0.5, 0.75), (3.0, 0.4, 1.5, 0.5), (-0.03, 0.03), 0.0)
TRIPLE = Division((0.0, 1 / 3, 2 / 3), (3.0, 0.6, 1.2), (-0.03, 0.03), -0.7)
SWUNG = Division((0.0, 0.6), (3.0, 1.5), (-0.02, 0.02), -1.2)


class Hypothesis:
    """A beat with period and phase, by a Kalman filter, and the player's feel in it.

    The density of an onset is a mixture of normal distributions about the points of a beat, relative to an even
    density: above 1 where onsets are expected. Its logarithm, summed over the onsets with forgetting, is the evidence.
    """

    __slots__ = (
        "at",
        "bars",
        "counts",
        "division",
        "evidence",
        "number",
        "period",
        "points",
        "prior",
        "recent",
        "score",
        "seen",
        "squares",
        "told",
        "total",
        "trend",
        "tt",
        "xt",
        "xx",
    )

    def __init__(self, at: float, period: float, division: Division, doubt: float) -> None:
        self.at = at
        self.period = period
        self.division = division
        self.xx, self.xt, self.tt = 0.02**2, 0.0, (doubt * period) ** 2
        self.squares, self.seen = SURE * JITTER**2, SURE
        self.points = [*division.points, 1.0]  # the last one is the next beat
        self.counts = list(division.expected)
        self.total = sum(division.expected)
        self.evidence = 0.0
        self.told = 0.0  # how much likelier the times of the onsets were than by an even density: a natural logarithm
        self.recent: deque[float] = deque(maxlen=HISTORY)
        self.number = 0
        self.bars = [0.0] * ROUND
        self.trend = 0.0
        self.prior = division.prior - 0.5 * (log(period / CENTRE) / WIDTH) ** 2
        self.score = self.prior  # with the evidence: a natural logarithm

    def credit(self, evidence: float) -> None:
        """Add evidence of onsets that were not heard."""
        self.evidence += evidence
        self.score = self.evidence + self.prior

    @property
    def earlier(self) -> float:
        """The evidence of what is older than the last HISTORY onsets."""
        recent: float = sum(map(mul, reversed(self.recent), FADED))
        return self.evidence - recent

    @property
    def spread(self) -> float:
        """The standard deviation of the onsets about the points, in s."""
        return sqrt(self.squares / self.seen)

    def hear(self, chords: Iterable[Accent]) -> None:  # noqa: PLR0915  (in one piece: fast)
        """Take in onsets, in order."""
        period, xx, xt, tt = self.period, self.xx, self.xt, self.tt
        points, counts, below, reach = self.points, self.counts, self.division.below, self.division.reach
        squares, seen, evidence, told, trend = self.squares, self.seen, self.evidence, self.told, self.trend
        for at, on, off, down in chords:
            phase = (at - self.at) / period
            whole = floor(phase)
            if whole:
                phase -= whole
                self.at += whole * period
                self.number = (self.number + whole) % ROUND
                seconds = min(abs(whole) * period, LONGEST_GAP) * (1 + UNSTEADY * trend * trend * trend * trend)
                xx += whole * (2 * xt + whole * tt) + WANDER * seconds
                xt += whole * tt
                tt += DRIFT * period * period * seconds
            index = below[int(phase * CELLS) % CELLS]
            after = index + 1
            point, following = points[index], points[after]
            error, distance = (phase - point) * period, (phase - following) * period
            expected = squares / seen + xx + point * (2 * xt + point * tt)
            near = counts[index] * exp(-0.5 * error * error / expected)
            if after == len(counts):
                after = 0
            far = counts[after] * exp(-0.5 * distance * distance / expected)
            scale = (1 - STRAY) * period / (self.total * sqrt(TURN * expected))
            density = STRAY + (near + far) * scale
            if far > near:
                index, point, error, near = after, following, distance, far
                expected = squares / seen + xx + point * (2 * xt + point * tt)
            belongs = near * scale / density
            # the filter, as far as the onset belongs to the point
            across, across_t = xx + point * xt, xt + point * tt
            spread = expected + (FEEL * period) ** 2 if index else expected
            gain, gain_t = across / spread, across_t / spread
            move = belongs * error
            self.at += gain * move
            value = log(density)
            told = FADE * told + value
            trend += 0.2 * (move / sqrt(spread) - trend)
            # the feel
            rest = (1 - gain) * error
            seen = FEEL_FADE * seen + belongs
            squares = FEEL_FADE * squares + belongs * rest * rest
            if squares < LEAST * seen:
                squares = LEAST * seen
            elif squares > MOST * seen:
                squares = MOST * seen
            counts[index] = count = counts[index] + belongs
            self.total += belongs
            if self.total > 40:
                self._fade()
            if index:
                moved = points[index] + belongs * error / (period * (count + SLOWLY))  # towards where the player has it
                least, most = reach[index]
                points[index] = least if moved < least else most if moved > most else moved
                value += off * belongs
            else:
                value += on * belongs
                number = (self.number + int(point)) % ROUND
                self.bars[number] = BARS_FADE * self.bars[number] + belongs * down
            period += gain_t * move
            xx, xt, tt = xx - belongs * gain * across, xt - belongs * gain * across_t, tt - belongs * gain_t * across_t
            evidence = FADE * evidence + value
            self.recent.append(value)
        self.period, self.xx, self.xt, self.tt = period, xx, xt, tt
        self.squares, self.seen, self.evidence, self.told, self.trend = squares, seen, evidence, told, trend
        self.score = evidence + self.prior

    def is_same(self, other: Hypothesis) -> bool:
        """Whether two hypotheses have become one."""
        return same(self.at, self.period, self.division, other)

    def _fade(self) -> None:
        """Let older onsets count less."""
        for index, expected in enumerate(self.division.expected):
            self.counts[index] = 0.75 * self.counts[index] + 0.25 * expected
        self.total = sum(self.counts)


def same(at: float, period: float, division: Division, other: Hypothesis) -> bool:
    """Whether this is the beat of a hypothesis."""
    if division is not other.division or not -NEAR < other.period / period - 1 < NEAR:
        return False
    beats = (at - other.at) / period
    return -APART < beats - round(beats) < APART
