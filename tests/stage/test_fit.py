"""A grid that is fitted to the onsets of a call."""

from __future__ import annotations

from random import Random

import pytest

from livegen.stage.fit import Fit, best, fitted, foretold


def alone(times: list[float], origin: float, beat: float) -> Fit | None:
    """The best grid of single notes."""
    return best(times, [1] * len(times), origin, beat)


def onsets(beat: float, points: tuple[float, ...], seed: int) -> list[float]:
    random = Random(seed)
    return sorted(
        5.0 + (k + point) * beat + random.gauss(0, 0.008)
        for k in range(16)
        for point in points
        if point == 0 or random.random() < 0.8
    )


def deviations(beat: float, points: tuple[float, ...], origin: float, period: float, found: tuple[float, ...]) -> float:
    """s, the largest distance of a found point from the nearest true one, 4 s after the call."""
    first = (origin - 5.0) // beat
    times = [origin + (k + point) * period for k in range(20, 24) for point in found]
    true = [5.0 + (first + k + point) * beat for k in range(80) for point in points]
    return max(min(abs(time - other) for other in true) for time in times)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("beat", [1.0, 0.65, 0.4])
@pytest.mark.parametrize(
    "points", [(0.0, 0.5), (0.0, 2 / 3), (0.0, 0.6), (0.0, 1 / 3, 2 / 3)], ids=["even", "2:1", "3:2", "triplets"]
)
@pytest.mark.parametrize("error", [1.0, 0.5, 1.01], ids=["beat", "half", "inexact"])
def test_the_points_of_a_steady_call_are_found(beat: float, points: tuple[float, ...], seed: int, error: float) -> None:
    fit = alone(onsets(beat, points, seed), 5.0 + 15 * beat, beat * error)
    assert fit is not None
    assert deviations(beat, points, fit.origin, fit.period, fit.points) < 0.025
    assert fit.score > fit.weight * 0.45
    assert fit.spread == pytest.approx(0.008, abs=0.004)


def test_onsets_at_random_score_little() -> None:
    random = Random(2)
    for _ in range(10):
        times = sorted(random.uniform(0, 16) for _ in range(50))
        fit = alone(times, times[-1], random.uniform(0.4, 0.9))
        assert fit is None or fit.score < fit.weight * 0.30


def test_a_few_onsets_have_no_grid() -> None:
    assert alone([1.0, 1.5, 2.0, 2.5], 2.5, 0.5) is None


def test_a_chord_counts_as_much_as_its_notes() -> None:
    times = [0.5 * k + (0.02 if k >= 12 else 0.0) for k in range(24)]
    few, many = (fitted(times, [size] * 12 + [1] * 12, 0.0, 0.5, (0.0,)) for size in (1, 6))
    assert few is not None
    assert many is not None
    assert 0.5 < many.period < few.period - 0.0002


def test_a_fit_is_less_exact_far_from_its_onsets() -> None:
    fit = alone(onsets(0.5, (0.0, 0.5), 1), 12.0, 0.5)
    assert fit is not None
    assert fit.doubt(9.0) < 1.1 * fit.spread
    assert fit.doubt(30.0) > 1.1 * fit.doubt(9.0)


def crosswise(times: list[float], beat: float) -> float:
    fit = best(times, [1] * len(times), times[-1], beat)
    assert fit is not None
    return foretold(times, [1] * len(times), fit)


def test_each_half_of_a_steady_call_foretells_the_other() -> None:
    assert crosswise(onsets(0.65, (0.0, 0.5), 3), 0.65) > 1.0


def test_a_tempo_that_changes_foretells_nothing() -> None:
    assert crosswise([0.5 * k for k in range(16)] + [8.13 + 0.61 * k for k in range(16)], 0.61) < 0.0


def test_little_is_foretold_of_onsets_at_random() -> None:
    random = Random(2)
    for _ in range(10):
        times = sorted(random.uniform(0, 16) for _ in range(50))
        assert crosswise(times, random.uniform(0.4, 0.9)) < 0.3


def test_of_a_few_onsets_nothing_is_foretold() -> None:
    fit = alone(onsets(0.5, (0.0,), 1), 12.0, 0.5)
    assert fit is not None
    assert foretold([0.5 * k for k in range(7)], [1] * 7, fit) == 0.0
