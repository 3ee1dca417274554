"""One idea of where the beats are, corrected and judged by every onset."""

from __future__ import annotations

from math import exp, log, pi, sqrt

POINTS = (0.0, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 3 / 5, 2 / 3, 3 / 4, 5 / 6)
"""Where onsets may be in a beat: halves, quarters, thirds, sixths, and light swing."""
EXPECTED = (3.0, 0.1, 0.4, 0.25, 1.5, 0.1, 0.4, 0.5, 0.1)
"""Onsets at each point that a new hypothesis takes for granted."""
CELLS = 60
BELOW = tuple(max(n for n, point in enumerate(POINTS) if point <= (cell + 0.5) / CELLS) for cell in range(CELLS))
STRAY = 0.12  # share of onsets that are on no point
SHORTEST, LONGEST = 0.29, 1.4  # s, of a beat
JITTER = 0.015  # s, the spread that a new hypothesis expects
SURE = 6.0  # onsets that this expectation is worth
NARROWEST, WIDEST = 0.005, 0.035  # s
FADE = 0.985  # of the evidence, at each onset
COUNTS_FADE = 0.985  # of the counts at the points
DRIFT = 3e-6  # 1/s, variance of the relative change of tempo in a second
WANDER = 2e-6  # s, variance of the phase, gained in a second
ROUND = 12  # beats: bars of 2, 3, 4 and 6 beats divide it
BARS_FADE = 0.8
CENTRE, WIDTH = 0.6, 0.5  # the expected beat: a normal distribution of its logarithm about log(0.6 s)


class Hypothesis:
    """A beat with period and phase, by a Kalman filter, and the player's feel in it.

    The density of an onset is a mixture of normal distributions about the points of a beat, relative to an even
    density: above 1 where onsets are expected. Its logarithm, summed over the onsets with forgetting, is the evidence.
    """

    __slots__ = (
        "at",
        "bars",
        "counts",
        "evidence",
        "number",
        "offsets",
        "period",
        "prior",
        "seen",
        "squares",
        "total",
        "trend",
        "tt",
        "xt",
        "xx",
    )  # fmt: skip

    def __init__(self, at: float, period: float) -> None:
        self.at = at
        self.period = period
        self.xx, self.xt, self.tt = 0.02**2, 0.0, (0.02 * period) ** 2
        self.squares, self.seen = SURE * JITTER**2, SURE
        self.counts = list(EXPECTED)
        self.total = sum(EXPECTED)
        self.offsets = [0.0] * len(POINTS)
        self.evidence = 0.0
        self.number = 0
        self.bars = [0.0] * ROUND
        self.trend = 0.0
        self.prior = -0.5 * (log(period / CENTRE) / WIDTH) ** 2

    @property
    def score(self) -> float:
        return self.evidence + self.prior

    @property
    def spread(self) -> float:
        return sqrt(self.squares / self.seen)

    def hear(self, at: float, on: float, off: float, down: float) -> None:  # noqa: PLR0915  (in one piece: fast)
        """Take in an onset.

        Args:
            at: s.
            on: how much likelier its accent is on a beat than anywhere, a natural logarithm.
            off: the same for not on a beat.
            down: how much likelier it is on a downbeat than on another beat.
        """
        period = self.period
        beats = (at - self.at) / period
        whole = int(beats // 1)
        if whole:
            self.at += whole * period
            self.number = (self.number + whole) % ROUND
            seconds = min(abs(whole) * period, 10.0)
            push = 1 + self.trend * self.trend
            self.xx += whole * (2 * self.xt + whole * self.tt) + WANDER * seconds * push
            self.xt += whole * self.tt
            self.tt += DRIFT * period * period * seconds * push
        phase = beats - whole
        below = BELOW[int(phase * CELLS) % CELLS]
        above = below + 1
        counts, offsets = self.counts, self.offsets
        variance = self.squares / self.seen
        point = POINTS[below]
        error = (phase - point - offsets[below]) * period
        error_variance = variance + self.xx + point * (2 * self.xt + point * self.tt)
        low = counts[below] * exp(-0.5 * error * error / error_variance)
        if above == len(POINTS):
            above, next_point = 0, 1.0
        else:
            next_point = POINTS[above]
        next_error = (phase - next_point - offsets[above]) * period
        high = counts[above] * exp(-0.5 * next_error * next_error / error_variance)
        scale = period / (self.total * sqrt(2 * pi * error_variance))
        density = STRAY + (1 - STRAY) * (low + high) * scale
        if high > low:
            below, point, error, low = above, next_point, next_error, high
            error_variance = variance + self.xx + point * (2 * self.xt + point * self.tt)
        belongs = (1 - STRAY) * low * scale / density
        # the filter, as far as the onset belongs to the point
        gain = (self.xx + point * self.xt) / error_variance
        gain_t = (self.xt + point * self.tt) / error_variance
        move = belongs * error
        self.at += gain * move
        self.period = period + gain_t * move
        across, across_t = self.xx + point * self.xt, self.xt + point * self.tt
        self.xx -= belongs * gain * across
        self.xt -= belongs * gain * across_t
        self.tt -= belongs * gain_t * across_t
        self.trend += 0.2 * (belongs * error / sqrt(error_variance) - self.trend)
        # the feel
        rest = (1 - gain) * error
        self.squares = 0.98 * self.squares + belongs * rest * rest
        self.seen = 0.98 * self.seen + belongs
        if self.squares < NARROWEST**2 * self.seen:
            self.squares = NARROWEST**2 * self.seen
        elif self.squares > WIDEST**2 * self.seen:
            self.squares = WIDEST**2 * self.seen
        counts[below] += belongs
        self.total += belongs
        if below:
            offsets[below] += 0.1 * belongs * (error / period)
            value = log(density) + off * belongs
        else:
            value = log(density) + on * belongs
            index = self.number if point == 0.0 else (self.number + 1) % ROUND
            self.bars[index] = BARS_FADE * self.bars[index] + belongs * down
        self.evidence = FADE * self.evidence + value
        if self.total > 40:
            for index, expected in enumerate(EXPECTED):
                counts[index] = 0.75 * counts[index] + 0.25 * expected
            self.total = sum(counts)
