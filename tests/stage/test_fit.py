"""A grid that is fitted to the onsets of a call."""

from __future__ import annotations

from random import Random

import pytest

from livegen.stage.fit import best


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
    fit = best(onsets(beat, points, seed), 5.0 + 15 * beat, beat * error)
    assert fit is not None
    assert deviations(beat, points, fit.origin, fit.period, fit.points) < 0.025
    assert fit.score > fit.weight * 0.45
    assert fit.spread == pytest.approx(0.008, abs=0.004)


def test_onsets_at_random_score_little() -> None:
    random = Random(2)
    for _ in range(10):
        times = sorted(random.uniform(0, 16) for _ in range(50))
        fit = best(times, times[-1], random.uniform(0.4, 0.9))
        assert fit is None or fit.score < fit.weight * 0.30


def test_a_few_onsets_have_no_grid() -> None:
    assert best([1.0, 1.5, 2.0, 2.5], 2.5, 0.5) is None
