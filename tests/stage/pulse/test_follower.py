from __future__ import annotations

from random import Random

import pytest

from livegen.note import MonotonicTime
from livegen.stage.pulse import Pulse


@pytest.mark.parametrize("tempo", [60, 92, 120, 160])
def test_steady_eighths_have_a_pulse(tempo: float) -> None:
    random, pulse, beat = Random(1), Pulse(), 60 / tempo
    for n in range(24):
        at = MonotonicTime(5 + n * beat / 2 + random.gauss(0, 0.008))
        pulse.onset(at, 48 if n % 8 == 0 else 72, 90 if n % 2 == 0 else 60)
    grid = pulse.grid(MonotonicTime(5 + 13 * beat))
    assert grid is not None
    assert grid.certainty > 0.9
    for n in range(26, 40):
        phase = (5 + n * beat / 2 - grid.origin) / grid.beat % 1
        assert min(abs(phase - point) for point in (*grid.points, 1.0)) * grid.beat < 0.03
