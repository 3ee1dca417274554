"""Whether a call has a pulse."""

from __future__ import annotations

from random import Random

import pytest
from virtual_stage import stage_settings

from livegen.note import MonotonicTime, Struck
from livegen.stage.evidence import DOUBTFUL, ENOUGH, SURE, USUAL, Evidence
from livegen.stage.grid import Grid
from livegen.stage.intime import InTime
from livegen.stage.plan import Expected, Planner
from livegen.stage.policy import Respond
from livegen.stage.silence import FixedSilence

BEAT = 0.5


def heard(jitter: float = 0.0, notes: int = 32) -> InTime:
    """Steady eighth notes from 1 s on."""
    time, random = InTime(stage_settings(pulse="auto")), Random(1)
    for k in range(notes):
        time.hear(Struck(60 + k % 5, MonotonicTime(1 + k * BEAT / 2 + random.gauss(0, jitter)), 64))
    return time


def test_the_more_speaks_for_a_pulse_the_more_certain_it_is() -> None:
    weak = Evidence(score=0.1, support=0.0, onsets=12.0)
    for better in (
        weak._replace(score=1.0),
        weak._replace(support=5.0),
        weak._replace(onsets=24.0),
        weak._replace(foretold=1.0),
    ):
        assert better.total > weak.total
    assert weak.certainty == 0 < DOUBTFUL < SURE
    assert Evidence(score=1.2, support=USUAL, onsets=20.0, foretold=1.0).certainty == 1
    assert Evidence(0.5, 5.0, ENOUGH).total == Evidence(0.5, 5.0, 3 * ENOUGH).total


def test_halves_are_compared_only_if_they_can_decide() -> None:
    assert not Evidence(score=-1.0, support=-10.0, onsets=10.0).undecided
    assert not Evidence(score=1.5, support=30.0, onsets=30.0).undecided
    assert Evidence(score=0.5, support=5.0, onsets=20.0).undecided
    assert Evidence(score=0.5, support=5.0, onsets=20.0, foretold=1.5).undecided  # whatever it is


@pytest.mark.parametrize(("support", "certainty"), [(-40.0, None), (USUAL, 1.0), (40.0, 1.0)])
def test_the_model_can_deny_a_pulse(support: float, certainty: float | None) -> None:
    time = heard(jitter=0.025)
    now = MonotonicTime(1 + 32 * BEAT / 2)
    asked: list[tuple[Grid, float]] = []

    def says(grid: Grid, span: float) -> float:
        asked.append((grid, span))
        return support

    grid = time.grid(now, says)
    assert (None if grid is None else grid.certainty) == certainty
    [(seen, span)] = asked
    assert seen.certainty == 1.0
    assert abs(seen.point_from(-0.05)) <= 0.05  # the last onset is near a point, at 0 s
    assert span == pytest.approx(31 * BEAT / 2, abs=0.1)  # all of the call


def test_only_the_notes_since_the_last_pause_are_asked_about() -> None:
    time = heard()
    for k in range(20):
        time.hear(Struck(60, MonotonicTime(30 + k * BEAT / 2), 64))
    spans: list[float] = []

    def says(_: Grid, span: float) -> float:
        spans.append(span)
        return USUAL

    time.grid(MonotonicTime(36.0), says)
    assert spans == [pytest.approx(19 * BEAT / 2)]


def test_a_short_phrase_goes_on_with_the_pulse_of_the_calls_before_it() -> None:
    """Of these the model is not asked, so they count as a pulse usually does."""
    time = heard()
    for k in range(4):
        time.hear(Struck(60, MonotonicTime(30 + k * BEAT / 2), 64))
    found = time.heard(MonotonicTime(32.0)).weighed(lambda *_: 1.0)
    assert found is not None
    assert found[1].support == pytest.approx(1.0 + USUAL * 0.75)
    assert time.grid(MonotonicTime(32.0), lambda *_: 1.0) is not None


@pytest.mark.parametrize(("pulse", "asks"), [("auto", True), ("strict", True), ("off", False)])
def test_a_fixed_silence_needs_the_model_for_the_pulse_only(pulse: str, asks: bool) -> None:
    time, now = heard(), MonotonicTime(10.0)
    time.change(stage_settings(pulse=pulse))
    planner = Planner(Respond(stage_settings(pulse=pulse)), FixedSilence(now, now), 8.0, time.heard(now))
    assert planner.asks is asks
    assert planner.plan(Expected()).grid is not None or not asks
