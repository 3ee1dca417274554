from __future__ import annotations

import random

import pytest

from livegen.control.histogram import HIGH, LOW, Histogram


def of(*times: float) -> Histogram:
    made = Histogram()
    for each in times:
        made.add(each)
    return made


def test_percentiles_are_close_to_the_true_ones():
    times = [random.Random(1).lognormvariate(-8, 1.5) for _ in range(5000)]
    found = of(*times)
    for share in (0.5, 0.9, 0.99, 0.999):
        true = sorted(times)[int(share * len(times)) - 1]
        assert found.percentile(share) == pytest.approx(true, rel=0.03)


def test_nothing_has_no_percentiles():
    assert of().milliseconds() == {"count": 0, "p50": 0.0, "p99": 0.0, "p99_9": 0.0, "max": 0.0}


def test_one_time():
    found = of(0.5).milliseconds()
    assert found["count"] == 1
    assert found["max"] == 500
    assert found["p50"] == pytest.approx(500, rel=0.03)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, LOW, HIGH, 1e9])
def test_times_beyond_all_bins_count_too(seconds):
    found = of(seconds)
    assert found.count == 1
    assert found.percentile(1.0) <= max(seconds, LOW * 1.05)
