"""Steps that are drawn on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scripted import Scripted

from livegen.encoding import TIME_BINS, TIME_EDGES, time_bin
from livegen.engine.card import Card
from livegen.engine.drawing import CHORD, MOST, Drawing, support
from livegen.engine.improviser import _NO_GAP, MAX_STEP, Improviser
from livegen.engine.litert import LiteRt
from livegen.engine.runtime import State
from livegen.note import Note
from livegen.stage.evidence import USUAL
from livegen.stage.grid import Grid

EVEN = np.zeros(TIME_BINS, np.float32)
GRID = Grid(origin=-0.123, beat=0.65, points=(0.0, 0.25, 0.5, 0.75), spread=0.02, bar=4, certainty=1.0)
SWUNG = GRID._replace(points=(0.0, 0.667))
CALL = (Note(60, 0.0, 0.4, 70), Note(64, 0.3, 0.4, 70))


def draw(grid: Grid, count: int = 2000, logits: NDArray[np.float32] = EVEN) -> NDArray[np.float64]:
    """Steps, one after another."""
    drawing, random = Drawing(grid, 1.0, _NO_GAP), np.random.default_rng(3)
    return np.array([drawing.draw(logits, random)[1] for _ in range(count)])


def away(steps: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """s from each onset that begins a chord to the nearest point."""
    onsets = np.cumsum(steps)[steps > CHORD]
    points = np.array([*grid.points, 1.0]) * grid.beat
    return np.abs(((onsets - grid.origin) % grid.beat)[:, None] - points).min(axis=1)


@pytest.mark.parametrize("grid", [GRID, SWUNG], ids=["straight", "swung"])
def test_onsets_are_on_the_points_of_the_grid_and_not_all_at_the_same_moment(grid: Grid) -> None:
    found = away(draw(grid), grid)
    assert (found < 0.030).mean() > 0.98
    assert 0.003 < np.sqrt((found[found < 0.03] ** 2).mean()) < 0.010


def test_without_certainty_the_steps_are_those_of_the_model() -> None:
    logits = np.random.default_rng(1).normal(0, 1, TIME_BINS).astype(np.float32)
    expected = np.exp(logits[:_NO_GAP]) / np.exp(logits[:_NO_GAP]).sum()
    steps = draw(GRID._replace(certainty=0.0), 20_000, logits)
    shares = np.bincount([time_bin(step) for step in steps], minlength=_NO_GAP) / len(steps)
    assert abs(shares - expected).max() < 0.01


def test_the_half_that_is_not_certain_is_anywhere() -> None:
    chance = 0.06 * 4 / GRID.beat
    on_grid = (away(draw(GRID._replace(certainty=0.5)), GRID) < 0.030).mean()
    assert on_grid == pytest.approx((1 + chance) / 2, abs=0.06)


def test_what_the_model_wants_between_two_points_goes_to_the_nearer_one() -> None:
    logits = np.full(TIME_BINS, -20, np.float32)
    logits[time_bin(0.30)] = 0.0  # from -0.123 + 0.123: points at 0.04, 0.20, 0.36 s
    steps = [Drawing(GRID).draw(logits, np.random.default_rng(seed))[1] for seed in range(50)]
    assert all(time_bin(step) == time_bin(0.30) for step in steps)
    broad = np.full(TIME_BINS, -20, np.float32)
    broad[time_bin(0.27) : time_bin(0.34) + 1] = 0.0
    steps = [Drawing(GRID._replace(origin=0.0)).draw(broad, np.random.default_rng(seed))[1] for seed in range(50)]
    assert np.mean(np.abs(np.array(steps) - 0.325) < 0.02) > 0.9  # 0.325 is a point


def test_a_chord_stays_as_the_model_has_it() -> None:
    logits = np.full(TIME_BINS, -30, np.float32)
    logits[:2] = 0.0  # 0 to 20 ms
    steps = []
    for seed in range(300):
        drawing = Drawing(GRID._replace(origin=0.0))
        drawing.play(0.65)
        steps.append(drawing.draw(logits, np.random.default_rng(seed))[1])
    assert max(steps) <= CHORD
    assert np.mean(steps) == pytest.approx(0.010, abs=0.002)


def test_chords_are_as_likely_as_without_a_grid() -> None:
    """Also where the grid likes what the model plays otherwise."""
    logits = np.full(TIME_BINS, -30, np.float32)
    logits[:2] = 0.0  # 0 to 20 ms
    logits[time_bin(0.325)] = 0.0  # a point
    drawing = Drawing(GRID._replace(origin=0.0))
    assert drawing.gain(logits, 0.005) == pytest.approx(0.0, abs=1e-6)
    assert drawing.gain(logits, 0.325) > 0.5


def test_a_step_on_the_grid_gains_and_one_off_it_costs() -> None:
    drawing = Drawing(GRID._replace(origin=0.0))
    assert drawing.gain(EVEN, 0.325) > 1
    assert drawing.gain(EVEN, 0.40) < -3
    assert Drawing(GRID._replace(certainty=0.0)).gain(EVEN, 0.40) == pytest.approx(0.0, abs=1e-6)


def test_no_step_is_longer_than_the_model_may_play() -> None:
    assert draw(GRID).max() <= MAX_STEP
    assert Drawing(GRID).draw(EVEN, np.random.default_rng(0))[1] <= TIME_EDGES[-1] / 100 + 0.01


def test_a_response_on_the_grid_is_heard_by_the_model_as_it_is_played(shipped: Card) -> None:
    runtime = LiteRt.of(shipped)
    gap = 0.65 * 3 - 0.123
    sampled = Improviser(runtime).improvise(CALL, gap, np.random.default_rng(5), grid=GRID)
    notes = [next(sampled).note for _ in range(60)]
    assert notes[0].step == gap
    steps = np.array([note.step for note in notes])
    assert (away(steps, GRID) < 0.030).mean() > 0.95


def test_the_steps_that_the_model_reads_are_those_that_were_drawn() -> None:
    class WithSteps(Scripted):
        def _state(self) -> State:
            return super()._state()._replace(memory=np.zeros((1, TIME_BINS), np.float32))

    runtime = WithSteps()
    sampled = Improviser(runtime).improvise(CALL, 0.7, np.random.default_rng(5), grid=GRID)
    notes = [next(sampled).note for _ in range(10)]
    read = [step for step, *_ in runtime.readings[-1][len(CALL) :]]
    assert read == [time_bin(note.step) for note in notes]


def test_steps_on_the_grid_speak_for_it_and_others_against_it() -> None:
    """Even notes a quarter of a beat apart, against a model for which any step is as likely."""
    quarter, third = ([(GRID.beat / parts, EVEN)] * 12 for parts in (4, 3))
    on_a_point = GRID._replace(origin=0.0)
    assert support(quarter, on_a_point, 100.0) > 8
    assert support(third, on_a_point, 100.0) < -4
    assert support(quarter, on_a_point._replace(certainty=0.1), 100.0) == support(quarter, on_a_point, 100.0)
    half = support(quarter, on_a_point, 6 * GRID.beat / 4 + 0.01)
    assert half == pytest.approx(support(quarter[:6], on_a_point, 100.0))  # the last six notes


def test_chords_say_nothing_and_no_note_says_too_much() -> None:
    exact = GRID._replace(origin=0.0, spread=0.005)
    assert support([(0.015, EVEN)] * 8, exact, 100.0) == 0
    beside = exact._replace(origin=GRID.beat / 8)  # the last onset is between two points
    assert support([(GRID.beat, EVEN)], exact, 100.0) == MOST
    assert support([(GRID.beat, EVEN)], beside, 100.0) == -MOST
    known = np.full(TIME_BINS, -50.0, np.float32)
    known[time_bin(GRID.beat)] = 0.0  # by the model alone
    assert support([(GRID.beat, known)], exact, 100.0) < MOST


def test_what_the_model_expects_tells_a_pulse_from_free_playing(shipped: Card) -> None:
    """Steady sixteenths; and the same steps out of time, whose best grid the model does not believe."""
    improviser = Improviser(LiteRt.of(shipped))
    random = np.random.default_rng(5)
    grid = Grid(origin=0.0, beat=0.6, points=(0.0, 0.25, 0.5, 0.75), spread=0.01, bar=0, certainty=1.0)
    steady = [Note(60 + k % 7, 0.15 * int(random.choice([1, 2, 2, 4])), 0.2, 70) for k in range(25)]
    free = [Note(note.pitch, note.step * float(random.uniform(0.7, 1.4)), 0.2, 70) for note in steady]
    supports = [improviser.expects(notes).support(grid, 100.0) for notes in (steady, free)]
    assert supports[0] > 5 and supports[1] < 0
    assert improviser.expects(steady).support(grid, 0.5) < supports[0]
    assert improviser.expects(steady, 8).support(grid, 100.0) == USUAL  # too few notes to tell
