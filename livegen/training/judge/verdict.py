"""The metrics of each continuer, compared with those of the pieces and with targets.

Intervals are 95 % bootstrap intervals: 1.96 times the standard deviation over BOOTSTRAPS samples of as many pieces,
with replacement, the same samples for a continuer and for the truth. The distance between halves is treated as exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isnan

import numpy as np
from numpy.typing import NDArray

from livegen.training.data import DURATION, STEP, Notes
from livegen.training.judge import endurance, following
from livegen.training.judge.continuations import LONG, SHORT, Prompt
from livegen.training.judge.distributions import BINS, Counts, Weights, between_halves, count, jensen_shannon

BOOTSTRAPS = 500
Z = 1.96
TIMES = {"step": STEP, "duration": DURATION}
SHARED = ("the prompt", "itself", f"itself, {LONG} notes", "the train split")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The target of a metric: both bounds are included."""

    low: float
    high: float

    def met(self, figure: Estimate) -> str:
        """Return "yes", "no", "interval" if only the interval reaches the target, or "unknown" if there is no value."""
        if isnan(figure.value):
            return "unknown"
        if self.low <= figure.value <= self.high:
            return "yes"
        return "interval" if self.low - figure.half <= figure.value <= self.high + figure.half else "no"


DISTANCE = Bounds(-inf, 1.5)  # times the distance between halves
SPREAD = Bounds(0.7, 1.4)  # of the late notes, relative to the early ones
REPEATS = Bounds(-inf, 1.0)  # times the share in the truth
FOLLOWS = Bounds(0.95, 1.10)  # times the correlation of the truth


@dataclass(frozen=True, slots=True)
class Estimate:
    value: float  # NaN if not available
    half: float = 0.0  # half the width of the interval


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric: its target, and its values."""

    group: str
    name: str
    target: Bounds
    truth: Estimate  # for distances: the distance between halves
    figures: dict[str, Estimate]  # by continuer: the value that the target applies to
    plain: dict[str, float]  # by continuer: the value before division by that of the truth; empty for spreads


@dataclass(frozen=True, slots=True)
class Facts:
    """All counts and measurements of some continuations, along the first axis."""

    counts: Counts  # over the first SHORT notes
    spreads: dict[str, NDArray[np.float64]]  # by time, early and late: (prompts, 2); 0 if not LONG
    shared: dict[str, NDArray[np.float64]]  # shared n-grams, and all: (prompts, 2)
    traits: NDArray[np.float64]  # (prompts, 4)
    called: NDArray[np.float64]  # traits of the prompts: (prompts, 4)
    profiles: NDArray[np.float64]  # (prompts,)


def facts(prompts: Sequence[Prompt], responses: Sequence[Notes], train: endurance.Grams) -> Facts:
    """Measure continuations. Only the spread and one share of n-grams use more than the first SHORT notes."""
    calls, first = [prompt.notes for prompt in prompts], [response[:SHORT] for response in responses]
    long = [len(prompt.truth) == LONG for prompt in prompts]
    shared = {
        SHARED[0]: [endurance.shared_with_prompt(*pair) for pair in zip(calls, first, strict=True)],
        SHARED[1]: [endurance.shared_with_itself(response) for response in first],
        SHARED[2]: [
            endurance.shared_with_itself(response) if is_long else (0, 0)
            for response, is_long in zip(responses, long, strict=True)
        ],
        SHARED[3]: [endurance.shared_with_train(response, train) for response in first],
    }
    return Facts(
        counts=count(calls, first),
        spreads={
            name: np.array(
                [
                    [
                        endurance.spread(part[:, column]) if is_long else 0.0
                        for part in (response[:SHORT], response[-SHORT:])
                    ]
                    for response, is_long in zip(responses, long, strict=True)
                ]
            )
            for name, column in TIMES.items()
        },
        shared={name: np.array(pairs, np.float64) for name, pairs in shared.items()},
        traits=np.array([following.traits(response) for response in first]),
        called=np.array([following.traits(call) for call in calls]),
        profiles=following.profile_correlations(calls, first),
    )


@dataclass(frozen=True, slots=True)
class _Metric:
    group: str
    name: str
    target: Bounds
    truth: Callable[[Weights], float]
    figure: Callable[[Facts, Weights], float]
    plain: Callable[[Facts, Weights], float] | None  # the value before division by that of the truth


def verdict(prompts: Sequence[Prompt], truth: Facts, continuers: Mapping[str, Facts], seed: int = 0) -> list[MetricRow]:
    """All metrics of all continuers, over the same prompts."""
    piece = np.unique([prompt.piece for prompt in prompts], return_inverse=True)[1]
    samples, all_once = _bootstrap(piece, seed), np.ones(len(piece))

    def estimate(figure: Callable[[Weights], float]) -> Estimate:
        return Estimate(figure(all_once), Z * float(np.std([figure(weights) for weights in samples])))

    return [
        MetricRow(
            each.group,
            each.name,
            each.target,
            estimate(each.truth),
            {name: estimate(partial(each.figure, found)) for name, found in continuers.items()},
            {name: each.plain(found, all_once) for name, found in continuers.items()} if each.plain else {},
        )
        for each in _metrics(truth, piece)
    ]


def _metrics(truth: Facts, piece: NDArray[np.int64]) -> Iterator[_Metric]:
    for name in BINS:
        yield _distance(name, truth, between_halves(truth.counts[name], piece))
    for name in TIMES:
        lasting = partial(_lasting, name)
        yield _Metric("spread", name, SPREAD, partial(lasting, truth), lasting, None)
    for name in SHARED:
        yield _relative("n-grams", name, REPEATS, partial(_share, name), truth)
    for k, name in enumerate(following.TRAITS):
        yield _relative("follows", name, FOLLOWS, partial(_correlation, k), truth)
    yield _relative("follows", "pitch classes", FOLLOWS, _profile, truth)


def _distance(name: str, truth: Facts, halves: float) -> _Metric:
    def apart(of: Facts, weights: Weights) -> float:
        return jensen_shannon(weights @ of.counts[name], weights @ truth.counts[name])

    def figure(of: Facts, weights: Weights) -> float:
        return _ratio(apart(of, weights), halves)

    return _Metric("distance", name, DISTANCE, lambda _: halves, figure, apart)


def _relative(group: str, name: str, target: Bounds, plain: Callable[[Facts, Weights], float], truth: Facts) -> _Metric:
    def figure(of: Facts, weights: Weights) -> float:
        return _ratio(plain(of, weights), plain(truth, weights))

    return _Metric(group, name, target, partial(plain, truth), figure, plain)


def _lasting(name: str, of: Facts, weights: Weights) -> float:
    early, late = weights @ of.spreads[name]
    return _ratio(late, early)


def _share(name: str, of: Facts, weights: Weights) -> float:
    found, all_of_them = weights @ of.shared[name]
    return _ratio(found, all_of_them)


def _correlation(trait: int, of: Facts, weights: Weights) -> float:
    sampled = np.repeat(np.arange(len(weights)), weights.astype(np.int64))
    return following.rank_correlation(of.called[sampled, trait], of.traits[sampled, trait])


def _profile(of: Facts, weights: Weights) -> float:
    return _ratio(float(weights @ of.profiles), float(weights.sum()))


def _bootstrap(piece: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """How many times each continuation counts in each bootstrap sample: shape (BOOTSTRAPS, continuations)."""
    pieces = int(piece.max()) + 1
    counts = np.random.default_rng(seed).multinomial(pieces, np.full(pieces, 1 / pieces), size=BOOTSTRAPS)
    return counts[:, piece].astype(np.float64)


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0 else float("nan")
