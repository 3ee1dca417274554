from __future__ import annotations

from random import Random

import pytest
from mido import Message

from livegen.note import MonotonicTime
from livegen.stage.grid import Grid
from livegen.stage.pulse import FixedTempo, MidiClock, TapTempo

NOW = MonotonicTime(100.0)


def beats(grid: Grid | None, count: int) -> list[float]:
    assert grid is not None
    return [grid.origin + n * grid.beat for n in range(count)]


def test_a_fixed_tempo_counts_from_its_origin() -> None:
    grid = FixedTempo(120, MonotonicTime(10.25), bar=4).grid(NOW)
    assert grid == Grid(98.25, 0.5, (0.0, 0.25, 0.5, 0.75), 0.008, 4, 1.0)


@pytest.mark.parametrize("tempo", [40, 92, 184])
def test_taps_give_the_tempo_and_the_beat(tempo: float) -> None:
    random, taps = Random(1), TapTempo()
    beat = 60 / tempo
    for n in range(6):
        taps.tap(MonotonicTime(50 + n * beat + random.gauss(0, 0.01)))
    grid = taps.grid(MonotonicTime(50 + 5 * beat + 0.1))
    assert grid is not None
    assert grid.beat == pytest.approx(beat, rel=0.02)
    assert grid.origin == pytest.approx(50 + 5 * beat, abs=0.02)


def test_two_taps_are_not_a_tempo() -> None:
    taps = TapTempo()
    for at in (1.0, 1.5):
        taps.tap(MonotonicTime(at))
    assert taps.grid(NOW) is None


def test_a_pedal_that_bounces_is_one_tap() -> None:
    taps = TapTempo()
    for at in (1.0, 1.02, 1.5, 1.52, 2.0, 2.02):
        taps.tap(MonotonicTime(at))
    assert beats(taps.grid(MonotonicTime(2.1)), 2) == pytest.approx([2.0, 2.5])


def test_another_tempo_is_tapped_after_a_pause() -> None:
    taps = TapTempo()
    for at in (1.0, 1.5, 2.0, 2.5, 9.0, 10.0):
        taps.tap(MonotonicTime(at))
    assert beats(taps.grid(MonotonicTime(10.0)), 2) == pytest.approx([10.0, 10.5])  # until there are enough
    taps.tap(MonotonicTime(11.0))
    assert beats(taps.grid(MonotonicTime(11.0)), 2) == pytest.approx([11.0, 12.0])
    taps.clear()
    assert taps.grid(MonotonicTime(11.0)) is None


def clocked(clock: MidiClock, start: float, beat: float, ticks: int, jitter: float = 0.0, seed: int = 1) -> float:
    """Send ticks, and return the time of the last without jitter."""
    random = Random(seed)
    for n in range(ticks):
        clock.hear(Message("clock"), MonotonicTime(start + n * beat / 24 + random.uniform(0, jitter)))
    return start + (ticks - 1) * beat / 24


@pytest.mark.parametrize("tempo", [48, 120, 184])
def test_a_clock_is_followed_without_its_jitter(tempo: float) -> None:
    clock, beat = MidiClock(), 60 / tempo
    clock.hear(Message("start"), MonotonicTime(9.9))
    last = clocked(clock, 10.0, beat, 24 * 9, jitter=0.003)
    grid = clock.grid(MonotonicTime(last + 0.01))
    assert grid is not None
    assert grid.bar == 4
    assert grid.beat == pytest.approx(beat, rel=0.001)
    assert grid.origin == pytest.approx(10.0 + 8 * beat + 0.0015, abs=0.001)


def test_the_beats_begin_where_the_song_starts() -> None:
    clock = MidiClock()
    last = clocked(clock, 3.0, 0.5, 31)
    assert clock.grid(MonotonicTime(last)) is None  # it has not been started
    clock.hear(Message("start"), MonotonicTime(last + 0.001))
    clocked(clock, last + 0.5 / 24, 0.5, 20)
    assert beats(clock.grid(MonotonicTime(last + 0.3)), 1) == pytest.approx([last + 0.5 / 24])


def test_a_song_goes_on_where_it_is_set_to() -> None:
    clock = MidiClock()
    clock.hear(Message("songpos", pos=16 * 3 + 2), MonotonicTime(1.0))  # an eighth after a bar line
    clock.hear(Message("continue"), MonotonicTime(1.1))
    last = clocked(clock, 2.0, 0.5, 24)
    assert beats(clock.grid(MonotonicTime(last)), 1) == pytest.approx([2.0 - 0.25])
    clock.hear(Message("stop"), MonotonicTime(last))
    assert clock.grid(MonotonicTime(last)) is None
    clock.hear(Message("continue"), MonotonicTime(last))
    assert clock.grid(MonotonicTime(last)) is not None


def test_a_change_of_tempo_is_followed() -> None:
    clock = MidiClock()
    clock.hear(Message("start"), MonotonicTime(0.0))
    last = clocked(clock, 0.1, 0.5, 24 * 8 + 1, jitter=0.002)
    last = clocked(clock, last + 0.65 / 24, 0.65, 24 * 4, jitter=0.002)
    grid = clock.grid(MonotonicTime(last))
    assert grid is not None
    assert grid.beat == pytest.approx(0.65, rel=0.01)
    assert grid.origin == pytest.approx(0.1 + 8 * 0.5, abs=0.02)


def test_a_clock_that_is_lost_is_no_pulse() -> None:
    clock = MidiClock()
    clock.hear(Message("start"), MonotonicTime(0.0))
    last = clocked(clock, 0.1, 0.5, 48)
    assert clock.grid(MonotonicTime(last + 0.5)) is not None
    assert clock.grid(MonotonicTime(last + 5.0)) is None


def test_ticks_at_random_are_no_clock() -> None:
    """As in a flood of random bytes."""
    random, clock, at, shown = Random(1), MidiClock(), 100.0, 0
    clock.hear(Message("start"), MonotonicTime(at))
    for _ in range(400):
        at += random.expovariate(40)
        clock.hear(Message("clock"), MonotonicTime(at))
        shown += clock.grid(MonotonicTime(at)) is not None
    assert shown < 40


@pytest.mark.parametrize("tempo", [30, 120, 300])
def test_a_clock_that_arrives_in_large_buffers_is_one(tempo: float) -> None:
    clock, shown = MidiClock(), 0
    clock.hear(Message("start"), MonotonicTime(100.0))
    for n in range(400):
        at = -(-(100 + n * 60 / tempo / 24) // 0.02) * 0.02
        clock.hear(Message("clock"), MonotonicTime(at))
        shown += n >= 24 and clock.grid(MonotonicTime(at)) is not None
    assert shown > 370
