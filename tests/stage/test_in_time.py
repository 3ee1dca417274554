"""Responses on the pulse: when they begin, how long they are, and what gives the pulse."""

from __future__ import annotations

from random import Random

import pytest
from mido import Message
from virtual_stage import RESPONSE, Stage, at, off, on, stage_settings

from livegen.note import MonotonicTime
from livegen.stage.control import Control
from livegen.stage.effects import ResponseStarted
from livegen.stage.events import Predicted
from livegen.stage.grid import Grid
from livegen.stage.intime import Heard
from livegen.stage.policy import LONGEST_ENTRY, Respond
from livegen.stage.settings import BARS, BEATS, Length
from livegen.stage.silence import FixedSilence, HandedOver

BEAT = 0.5
SILENCE = 0.7


def vamp(
    stage: Stage, beats: int = 16, swing: float = 0.5, beat: float = BEAT, jitter: float = 0.0, start: float = 1.0
) -> float:
    """Steady eighth notes from `start` s on. Returns when the last key came up."""
    up, random = 0.0, Random(1)
    for k in range(beats):
        for point in (0.0, swing):
            onset = start + (k + point) * beat + random.gauss(0, jitter)
            up = onset + 0.5 * beat * (swing if point == 0 else 1 - swing)
            stage.midi(onset, on(60 + k % 5))
            stage.midi(up, off(60 + k % 5))
    return up


def beats_after(moment: float, beat: float = BEAT) -> float:
    """The time in beats since the first onset."""
    return (moment - 1.0) / beat


@pytest.mark.parametrize("swing", [0.5, 0.6, 2 / 3])
def test_a_response_begins_on_a_beat_after_the_silence(swing: float) -> None:
    stage = Stage(pulse="auto")
    up = vamp(stage, swing=swing)
    stage.run(up + 5)
    [started] = stage.published(ResponseStarted)
    assert up + SILENCE - 1e-6 <= started.at <= up + SILENCE + LONGEST_ENTRY
    assert beats_after(started.at) == pytest.approx(round(beats_after(started.at)), abs=0.03)
    [request] = stage.requests
    assert request.grid is not None
    assert started.grid == stage.plans[-1].answer().plan.grid
    assert request.grid.certainty == 1.0
    for onset in (0.0, -swing * BEAT, -BEAT):  # the last ones, on the clock of the request
        assert request.grid.point_from(onset - 0.01) == pytest.approx(onset, abs=0.01)


@pytest.mark.parametrize("points", [2, 3, 4])
def test_the_beat_of_the_follower_is_the_beat_of_the_grid(points: int) -> None:
    random = Random(1)
    chords = tuple(
        (1.0 + (k + point / points) * BEAT + random.gauss(0, 0.004),)
        for k in range(16)
        for point in (range(points) if k % 4 == 3 else (0, points - 1))
    )
    for place in range(points):
        origin = 8.0 + place / points * BEAT
        follower = Grid(origin, BEAT, (0.0,), 0.01, 0, 1.0)
        grid = Heard(MonotonicTime(9.0), follower=follower, chords=chords).grid()
        assert grid is not None
        assert grid.beat == pytest.approx(BEAT, abs=0.002)
        assert grid.beat_from(origin - 0.03) == pytest.approx(origin, abs=0.02)


def test_without_the_pulse_it_begins_after_the_silence() -> None:
    stage = Stage(pulse="off")
    up = vamp(stage)
    stage.run(up + 5)
    assert stage.published(ResponseStarted)[0].at == pytest.approx(up + SILENCE)
    assert stage.requests[0].grid is None


def test_without_a_pulse_it_begins_after_the_silence() -> None:
    stage = Stage(pulse="auto")
    up = 0.0
    for start in (0, 0.71, 1.13, 1.62, 2.2, 2.49, 3.04, 3.5, 4.2, 4.31, 4.87):
        stage.midi(start, on(60))
        up = start + 0.1
        stage.midi(up, off(60))
    stage.run(up + 5)
    assert stage.published(ResponseStarted)[-1].at == pytest.approx(up + SILENCE)


@pytest.mark.parametrize("swing", [0.5, 2 / 3])
def test_a_player_who_is_not_exact_has_a_pulse(swing: float) -> None:
    stage = Stage(pulse="auto")
    stage.run(vamp(stage, swing=swing, jitter=0.02) + 5)
    [request] = stage.requests
    assert request.grid is not None
    assert request.grid.certainty == 1.0
    assert request.grid.beat / BEAT * 2 == pytest.approx(round(request.grid.beat / BEAT * 2), rel=0.005)


def test_the_next_call_may_have_another_tempo() -> None:
    stage = Stage(pulse="auto")
    up = vamp(stage)
    stage.run(up + 12)
    stage.run(vamp(stage, beat=0.61, start=up + 12) + 5)
    grid = stage.requests[-1].grid
    assert grid is not None
    assert grid.certainty == 1.0
    assert grid.beat / 0.61 * 2 == pytest.approx(round(grid.beat / 0.61 * 2), rel=0.005)


def test_a_key_before_the_beat_goes_on_with_the_call() -> None:
    stage = Stage(pulse="auto", tempo=30.0)
    up = vamp(stage)
    stage.run(up + SILENCE + 0.01)
    assert not stage.published(ResponseStarted)
    stage.midi(up + SILENCE + 0.05, on(72))
    stage.midi(up + SILENCE + 0.1, off(72))
    stage.run(up + 10)
    [started] = stage.published(ResponseStarted)
    assert started.at >= up + 2 * SILENCE + 0.1


def test_a_response_that_comes_late_begins_whole_beats_later() -> None:
    stage = Stage(pulse="auto", response=None)
    up = vamp(stage)
    stage.run(up + 0.6)
    stage.run(up + 3)
    [request] = stage.requests
    planned = up + request.gap - (up - (1.0 + 15.5 * BEAT))
    stage.event(Predicted(request.id, RESPONSE, 2.0), up + 3)
    stage.run(up + 6)
    [started] = stage.published(ResponseStarted)
    assert started.at >= up + 3
    assert (started.at - planned) / BEAT == pytest.approx(round((started.at - planned) / BEAT), abs=0.02)


def test_a_tempo_that_is_set_counts_from_the_first_note() -> None:
    stage = Stage(pulse="auto", tempo=100.0)
    stage.phrase(2.0)
    stage.run(10)
    [started] = stage.published(ResponseStarted)
    assert started.grid is not None
    assert started.grid.tempo == pytest.approx(100)
    assert beats_after(started.at - 1.0, 0.6) == pytest.approx(round(beats_after(started.at - 1.0, 0.6)), abs=1e-6)


def test_a_midi_clock_gives_the_tempo() -> None:
    stage = Stage(pulse="auto")
    stage.midi(0.0, Message("start"))
    for tick in range(200):
        stage.midi(0.01 + tick * 0.6 / 24, Message("clock"))
    stage.phrase(5.03)
    for tick in range(200, 400):
        stage.midi(0.01 + tick * 0.6 / 24, Message("clock"))
    started = stage.published(ResponseStarted)[0]
    assert started.grid is not None
    assert started.grid.beat == pytest.approx(0.6, rel=1e-3)
    assert beats_after(started.at + 0.99, 0.6) == pytest.approx(round(beats_after(started.at + 0.99, 0.6)), abs=0.01)


def test_taps_give_the_tempo_and_do_not_sound() -> None:
    stage = Stage(pulse="auto", tap=Control("cc", 67))
    for k in range(4):
        for value, delay in ((90, 0.0), (127, 0.02), (64, 0.08), (0, 0.1)):  # a pedal that has values in between
            stage.cc(1.0 + k * 0.6 + delay, 67, value)
    stage.phrase(4.0)
    stage.run(10)
    started = stage.published(ResponseStarted)[0]
    assert started.grid is not None
    assert started.grid.beat == pytest.approx(0.6, abs=1e-6)
    assert beats_after(started.at, 0.6) == pytest.approx(round(beats_after(started.at, 0.6)), abs=1e-6)
    assert not any(send.message.is_cc(67) for _, send in stage.sends)


GRID = Grid(origin=0.2, beat=0.5, points=(0.0, 0.5), spread=0.01, bar=0, certainty=1.0)


def entry(ends: float, grid: Grid | None) -> float:
    return Respond(stage_settings()).entry(at(ends), grid, FixedSilence(at(ends), at(ends)))


def test_the_entry_is_a_bar_if_it_is_near_else_a_beat_else_a_point() -> None:
    assert entry(3.0, None) == 3.0
    assert entry(3.0, GRID) == pytest.approx(3.2)
    assert entry(3.2, GRID) == pytest.approx(3.2)
    assert entry(3.0, GRID._replace(bar=3)) == pytest.approx(3.2)
    assert entry(3.3, GRID._replace(bar=3)) == pytest.approx(4.7)
    assert entry(3.3, GRID._replace(bar=4)) == pytest.approx(4.2)
    assert entry(2.3, GRID._replace(bar=4)) == pytest.approx(2.7)  # the bar is at 4.2, too late
    assert entry(3.0, GRID._replace(beat=4.0)) == pytest.approx(4.2)
    assert entry(0.3, GRID._replace(beat=4.0)) == pytest.approx(2.2)  # the beat too: a point


def test_a_response_that_is_wanted_at_once_begins_on_the_next_point_that_the_model_can_reach() -> None:
    policy = Respond(stage_settings())
    assert policy.entry(at(3.0), None, HandedOver(at(3.0))) == 3.0
    assert policy.entry(at(2.9), GRID, HandedOver(at(2.9))) == pytest.approx(3.2)
    assert policy.entry(at(2.5), GRID._replace(bar=4), HandedOver(at(2.5))) == pytest.approx(2.7)


@pytest.mark.parametrize(
    ("length", "bar", "seconds"),
    [
        (Length(2, BARS), 3, 3.0),
        (Length(2, BARS), 0, 4.0),
        (Length(7, BEATS), 4, 3.5),
        (None, 0, 3.5),
        (None, 4, 4.0),
    ],
)
def test_the_length_is_counted_on_the_pulse(length: Length | None, bar: int, seconds: float) -> None:
    policy = Respond(stage_settings(length=length))
    assert policy.length(3.4, GRID._replace(bar=bar)) == pytest.approx(seconds)
    assert policy.length(3.4, None) == 3.4


def test_a_length_that_is_set_may_be_longer_than_the_longest() -> None:
    policy = Respond(stage_settings(length=Length(16, BARS)))
    assert policy.longest(policy.length(3.4, GRID)) == pytest.approx(32.0)
    assert policy.longest(4.0) == 8.0


def test_swing_is_told_from_even_notes() -> None:
    assert GRID.swing is None
    assert GRID._replace(points=(0.0, 0.6)).swing == pytest.approx(1.5)
    assert GRID._replace(points=(0.0, 2 / 3)).swing == pytest.approx(2.0)
    assert GRID._replace(points=(0.0, 1 / 3, 2 / 3)).swing is None
    assert GRID._replace(points=(0.0, 0.25, 0.5, 0.75)).swing is None
