"""Fits a grid to the last onsets of a call, all at once: where the follower leads, but more precisely.

A candidate is a period, and the points in it on which onsets may be. Candidates are compared on a histogram of the
phases of the onsets; the best are fitted. The density of a fit is a mixture of normal distributions about its points,
and of an even density. Its score is the logarithm of that density against an even one, summed over the onsets (older
ones count less), less a charge for each parameter (Schwarz, Estimating the dimension of a model, 1978).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log, pi, sqrt
from typing import NamedTuple

TEMPLATES: tuple[tuple[float, ...], ...] = (
    (0.0, 1 / 2),
    (0.0, 1 / 3, 2 / 3),
    (0.0, 1 / 4, 1 / 2, 3 / 4),
    (0.0, 2 / 3),
    (0.0, 3 / 5),
    (0.0, 3 / 10, 3 / 5, 4 / 5),
    (0.0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6),
)
"""Halves, triplets, quarters, swing 2:1 and 3:2, swung quarters, sextuplets."""
FACTORS = (1.0, 1 / 2, 2.0, 5 / 4, 4 / 5, 5 / 2, 3 / 2, 2 / 3, 3 / 4, 4 / 3, 5 / 6)
"""Of the follower's beat: the periods that are tried."""
SHORTEST, LONGEST = 0.25, 1.6  # s, of a period
BINS = 60  # of a histogram
BROAD = 2  # bins on each side of a point that count as on it
FITTED = 5  # candidates
MEMORIES = (5.0, 12.0, 30.0)  # s until an onset counts 1/e as much, from pass to pass
FORGOTTEN = 0.02  # the weight from which an onset no longer counts
FEWEST = 8  # onsets
FEWEST_FORETOLD = 4  # onsets of a half
LEAST_FORETOLD, MOST_FORETOLD = -1.0, 1.5  # that a half counts
LEAST_SCATTER = 1e-6  # periods^2, a variance: onsets at one moment have no period
STRAY = 0.05  # share of onsets that are on no point
NARROWEST, WIDEST = 0.004, 0.040  # s, of a spread
WIDEST_SHARE = 0.2  # of the distance between two points
FIRST_SPREAD = 0.015  # s
RARE = 0.25  # onsets that each point has for granted


class Fit(NamedTuple):
    """A candidate, fitted."""

    origin: float  # s, the first point of a period
    period: float  # s
    points: tuple[float, ...]  # fractions of the period
    shares: tuple[float, ...]  # of the onsets, for each point
    spread: float  # s, standard deviation of the onsets about the points
    middle: float  # s, the mean of the onsets
    length: float  # s, the standard deviation of the onsets' times
    score: float  # natural logarithm: how much likelier the onsets are than by an even density
    weight: float  # number of onsets that count

    def doubt(self, at: float) -> float:
        """The standard deviation of an onset about its point, in s: the prediction error of a straight line.

        It is larger far from the onsets that were fitted.
        """
        far = (at - self.middle) / self.length
        return self.spread * sqrt(1 + (1 + far * far) / self.weight)

    def foretells(self, onsets: Sequence[float]) -> float:
        """How much likelier these onsets are than by an even density: a natural logarithm, the mean over them."""
        total = 0.0
        for at in onsets:
            width = self.doubt(at) / self.period
            phase = (at - self.origin) / self.period
            away = ((phase - point + 0.5) % 1 - 0.5 for point in self.points)
            near = sum(share * exp(-0.5 * (error / width) ** 2) for share, error in zip(self.shares, away, strict=True))
            total += log(STRAY + (1 - STRAY) * near / (width * sqrt(2 * pi)))
        return total / len(onsets)


def best(onsets: Sequence[float], sizes: Sequence[int], origin: float, beat: float) -> Fit | None:
    """The best grid for these onsets.

    Args:
        onsets: s, of chords, in order.
        sizes: notes in each chord. The mean of several onsets is more exact than one of them.
        origin: s, near a beat, near the last onset.
        beat: s, the follower's. Periods that are simple ratios to it are tried.
    """
    if len(onsets) < FEWEST:
        return None
    likely = sorted(_candidates(onsets, origin, beat), key=lambda candidate: -candidate[0])[:FITTED]
    fits = (fitted(onsets, sizes, start, period, template) for _, start, period, template in likely)
    return max((fit for fit in fits if fit is not None), key=lambda fit: fit.score, default=None)


def foretold(onsets: Sequence[float], sizes: Sequence[int], fit: Fit) -> float:
    """How well each half of these onsets foretells the other on such a grid (`Fit.foretells`), the mean; 0: too few.

    A grid can be fitted to any few onsets. There is a pulse only if the grid also fits the next onsets.

    Args:
        onsets: s, of chords, in order.
        sizes: notes in each chord.
        fit: of all onsets. Its period and its points are where the fits of the halves begin.
    """
    half = len(onsets) // 2
    if half < FEWEST_FORETOLD:
        return 0.0
    halves = (onsets[:half], sizes[:half]), (onsets[half:], sizes[half:])
    return sum(_foretold(*known, other[0], fit) for known, other in (halves, halves[::-1])) / 2


def _foretold(onsets: Sequence[float], sizes: Sequence[int], others: Sequence[float], fit: Fit) -> float:
    found = fitted(onsets, sizes, fit.origin, fit.period, fit.points)
    return LEAST_FORETOLD if found is None else max(LEAST_FORETOLD, min(found.foretells(others), MOST_FORETOLD))


def _candidates(
    onsets: Sequence[float], origin: float, beat: float
) -> Iterator[tuple[float, float, float, tuple[float, ...]]]:
    """For each period and template: a rough score, and the origin of the best rotation."""
    weights = [(at, exp((at - onsets[-1]) / MEMORIES[1])) for at in onsets]
    weights = [(at, weight) for at, weight in weights if weight > FORGOTTEN]
    total = sum(weight for _, weight in weights)
    for factor in FACTORS:
        period = factor * beat
        if not SHORTEST <= period <= LONGEST:
            continue
        histogram = [0.0] * BINS
        for at, weight in weights:
            histogram[int((at - origin) / period % 1 * BINS) % BINS] += weight
        ring = histogram[-BROAD:] + histogram + histogram[:BROAD]
        near = [sum(ring[k : k + 2 * BROAD + 1]) for k in range(BINS)]
        near += near
        for template in TEMPLATES:
            shifts = [round(point * BINS) for point in template]
            hits, turn = max((sum([near[turn + shift] for shift in shifts]), turn) for turn in range(BINS))
            score = _against_even(hits / total, len(template) * (2 * BROAD + 1) / BINS)
            charge = 0.5 * (len(template) + 2) * log(max(total, 2.0))
            yield total * score - charge, origin + (turn + 0.5) / BINS * period, period, template


def _against_even(hits: float, even: float) -> float:
    """How much likelier this share of hits is by itself than by `even`, for each onset."""
    hits = min(max(hits, 1e-6), 1 - 1e-6)
    return hits * log(hits / even) + (1 - hits) * log((1 - hits) / (1 - even)) if hits > even else 0.0


def fitted(
    onsets: Sequence[float], sizes: Sequence[int], origin: float, period: float, points: tuple[float, ...]
) -> Fit | None:
    """Fit period and origin, from the recent onsets to the older ones. None: too few onsets are on the points."""
    last, ends = onsets[-1], (*points, 1.0)
    narrowest_gap = min(after - point for point, after in zip(points, ends[1:], strict=True))
    spread, shares = FIRST_SPREAD, [1 / len(points)] * len(points)
    for memory in MEMORIES:
        spread = max(NARROWEST, min(spread, WIDEST_SHARE * narrowest_gap * period, WIDEST))
        heights = [share * period / (spread * sqrt(2 * pi)) for share in (*shares, shares[0])]
        counts = [0.0] * len(ends)
        n = sx = sy = sxx = sxy = syy = squares = score = weight = 0.0
        for at, size in zip(onsets, sizes, strict=True):
            counted = exp((at - last) / memory)
            if counted < FORGOTTEN:
                continue
            beats = (at - origin) / period
            whole = beats // 1
            phase = beats - whole
            index = min(range(len(ends)), key=lambda k: abs(phase - ends[k]))
            error = (phase - ends[index]) * period
            density = (1 - STRAY) * heights[index] * exp(-0.5 * (error / spread) ** 2)
            belongs = counted * density / (STRAY + density)
            score += counted * log(STRAY + density)
            weight += counted
            counts[index] += belongs
            belongs *= size
            squares += belongs * error * error
            x, y = whole + ends[index], at - last
            n += belongs
            sx += belongs * x
            sy += belongs * y
            sxx += belongs * x * x
            sxy += belongs * x * y
            syy += belongs * y * y
        scatter = n * sxx - sx * sx
        if n < 3 or scatter < LEAST_SCATTER * n * n:
            return None
        period = (n * sxy - sx * sy) / scatter
        origin = last + (sy - period * sx) / n
        spread = max(sqrt(squares / n), NARROWEST)
        middle, length = last + sy / n, sqrt(max(n * syy - sy * sy, 0.0)) / n
        counts[0] += counts.pop()
        every = sum(counts) + RARE * len(counts)
        shares = [(count + RARE) / every for count in counts]
    charge = 0.5 * (len(points) + 2) * log(max(weight, 2.0))
    return Fit(origin, period, points, tuple(shares), spread, middle, length, score - charge, weight)
