"""One idea of where the beats are, corrected and judged by every onset."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import exp, log, pi, sqrt

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
LONGEST_GAP = 10.0  # s without an onset, from which doubt grows no more
TURN = 2 * pi  # as a constant: `hear` is called several times a note


@dataclass(frozen=True, slots=True)
class Division:
    """How a beat is divided."""

    points: tuple[float, ...]  # where onsets may be in a beat
    expected: tuple[float, ...]  # onsets at each point that a new hypothesis takes for granted
    give: tuple[float, float]  # beats: how far the player's points may be before and after these
    prior: float  # natural logarithm of how often it is met
    below: tuple[int, ...] = field(init=False, repr=False)  # the last point at or before each of CELLS equal parts
    limits: tuple[tuple[float, float], ...] = field(init=False, repr=False)  # beats, of each of the player's points

    def __post_init__(self) -> None:
        cells = [(cell + 0.5) / CELLS for cell in range(CELLS)]
        below = tuple(max(n for n, point in enumerate(self.points) if point <= cell) for cell in cells)
        least, most = self.give
        object.__setattr__(self, "below", below)
        object.__setattr__(self, "limits", tuple((point + least, point + most) for point in self.points))


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
        "seen",
        "squares",
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
        self.points = list(division.points)
        self.counts = list(division.expected)
        self.total = sum(division.expected)
        self.evidence = 0.0
        self.recent: deque[float] = deque(maxlen=HISTORY)
        self.number = 0
        self.bars = [0.0] * ROUND
        self.trend = 0.0
        self.prior = division.prior - 0.5 * (log(period / CENTRE) / WIDTH) ** 2

    @property
    def score(self) -> float:
        """The evidence, and how much such a beat is expected; a natural logarithm."""
        return self.evidence + self.prior

    @property
    def earlier(self) -> float:
        """The evidence of what is older than the last HISTORY onsets."""
        last = len(self.recent) - 1
        return self.evidence - sum(value * FADE ** (last - n) for n, value in enumerate(self.recent))

    @property
    def spread(self) -> float:
        """The standard deviation of the onsets about the points, in s."""
        return sqrt(self.squares / self.seen)

    def hear(self, at: float, on: float, off: float, down: float) -> None:  # noqa: PLR0915  (in one piece: fast)
        """Take in an onset.

        Args:
            at: s.
            on: how much likelier its accent is on a beat than anywhere, a natural logarithm.
            off: the same for not on a beat.
            down: how much likelier it is on a downbeat than on another beat.
        """
        period, start = self.period, self.at
        phase = (at - start) / period
        whole = phase // 1
        xx, xt, tt = self.xx, self.xt, self.tt
        if whole:
            phase -= whole
            start += whole * period
            self.number = (self.number + int(whole)) % ROUND
            square = self.trend * self.trend
            seconds = abs(whole) * period
            seconds = (seconds if seconds < LONGEST_GAP else LONGEST_GAP) * (1 + UNSTEADY * square * square)
            xx += whole * (2 * xt + whole * tt) + WANDER * seconds
            xt += whole * tt
            tt += DRIFT * period * period * seconds
        points, counts = self.points, self.counts
        index = self.division.below[int(phase * CELLS) % CELLS]
        point = points[index]
        error = (phase - point) * period
        variance = self.squares / self.seen
        expected = variance + xx + point * (2 * xt + point * tt)
        near = counts[index] * exp(-0.5 * error * error / expected)
        after = index + 1
        if after < len(points):
            following = points[after]
        else:
            after, following = 0, 1.0
        distance = (phase - following) * period
        far = counts[after] * exp(-0.5 * distance * distance / expected)
        scale = (1 - STRAY) * period / (self.total * sqrt(TURN * expected))
        density = STRAY + (near + far) * scale
        if far > near:
            index, point, error, near = after, following, distance, far
            expected = variance + xx + point * (2 * xt + point * tt)
        belongs = near * scale / density
        # the filter, as far as the onset belongs to the point
        across, across_t = xx + point * xt, xt + point * tt
        if index:
            feel = FEEL * period
            expected += feel * feel
        gain, gain_t = across / expected, across_t / expected
        move = belongs * error
        self.at = start + gain * move
        self.period = period + gain_t * move
        self.xx = xx - belongs * gain * across
        self.xt = xt - belongs * gain * across_t
        self.tt = tt - belongs * gain_t * across_t
        self.trend += 0.2 * (move / sqrt(expected) - self.trend)
        # the feel
        rest = (1 - gain) * error
        squares = FEEL_FADE * self.squares + belongs * rest * rest
        self.seen = seen = FEEL_FADE * self.seen + belongs
        if squares < LEAST * seen:
            squares = LEAST * seen
        elif squares > MOST * seen:
            squares = MOST * seen
        self.squares = squares
        counts[index] += belongs
        self.total += belongs
        if self.total > 40:
            self._fade()
        value = log(density)
        if index:  # the point moves towards where the player has it
            point = points[index] + move / (period * (counts[index] + SLOWLY))
            least, most = self.division.limits[index]
            points[index] = least if point < least else most if point > most else point
            value += off * belongs
        else:
            value += on * belongs
            number = (self.number + int(point)) % ROUND
            self.bars[number] = BARS_FADE * self.bars[number] + belongs * down
        self.evidence = FADE * self.evidence + value
        self.recent.append(value)

    def _fade(self) -> None:
        """Let older onsets count less."""
        self.counts = [
            0.75 * count + 0.25 * expected for count, expected in zip(self.counts, self.division.expected, strict=True)
        ]
        self.total = sum(self.counts)


def same(one: Hypothesis, other: Hypothesis) -> bool:
    """Whether two hypotheses have become one."""
    if one.division is not other.division or abs(one.period / other.period - 1) > 0.03:
        return False
    beats = (one.at - other.at) / one.period
    return abs(beats - round(beats)) < 0.07
