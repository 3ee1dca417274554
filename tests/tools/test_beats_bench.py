from __future__ import annotations

import pytest

from livegen.stage.grid import Grid
from livegen.stage.pulse import Pulse
from tools.beats_bench import Piece, bits, cost, f_measure, follow, report
from tools.beats_steady import call, judge

STEADY = call(100, "4/4", "straight", "bass and melody", 0.008, 0, bars=8)
BEATS = [STEADY.start + n * STEADY.beat for n in range(32)]


def test_beats_that_are_said_are_counted_once() -> None:
    true = [1.0, 2.0, 3.0, 4.0]
    assert f_measure([1.05, 2.0, 2.04, 3.5], true, 0.0) == pytest.approx(0.5)
    assert f_measure(true, true, 2.5) == 1.0
    assert f_measure([], true, 0.0) == 0.0


def test_bits_are_gained_on_the_grid_and_lost_off_it() -> None:
    grid = Grid(10.0, 0.5, (0.0, 0.5), 0.01, 4, 0.9)
    assert bits(grid, 12.25) > 2
    assert bits(grid, 12.1) == pytest.approx(-3.32, abs=0.01)
    assert bits(None, 12.1) == 0.0


def test_a_steady_piece_is_followed() -> None:
    said = follow(STEADY.notes, Pulse())
    assert f_measure(said.beats, BEATS, STEADY.start + 5) > 0.9
    assert len(cost(STEADY.notes[:20], Pulse)) == 20
    row = report("steady", [Piece("steady", STEADY.notes, BEATS, BEATS[::4])], Pulse)
    assert row.startswith("steady")
    assert "beats 0.9" in row or "beats 1.0" in row


def test_a_steady_call_is_judged() -> None:
    judged = judge(STEADY)
    assert judged["points"] > 0.95
    assert judged["beat"] == 1.0
    assert judged["error ms"] < 15
