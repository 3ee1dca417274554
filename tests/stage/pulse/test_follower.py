from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random

import pytest

from livegen.note import MonotonicTime
from livegen.stage.grid import Grid
from livegen.stage.pulse import Pulse

Note = tuple[float, int, int]  # beats from the first, pitch, velocity
START = 5.0  # s


def bars(count: int, length: int, points: Sequence[float], *, bass: bool = True) -> list[Note]:
    """A melody at these points of each beat, over a bass."""
    found: list[Note] = []
    for beat in range(count * length):
        first = beat % length == 0
        if bass:
            found.append((beat, 36 if first else 48, 70))
        if bass and first:
            found += [(beat, 52, 60), (beat, 55 + beat // length % 4, 60)]
        found += [(beat + point, 70 + (beat + n) % 5, 80 if n == 0 else 66) for n, point in enumerate(points)]
    return found


def played(notes: Sequence[Note], beat: float, jitter: float = 0.008, seed: int = 1) -> tuple[Pulse, float]:
    """The pulse after these notes, and the time of the last."""
    random, pulse = Random(seed), Pulse()
    onsets = sorted(
        (START + beats * beat + random.gauss(0, jitter), pitch, velocity) for beats, pitch, velocity in notes
    )
    for at, pitch, velocity in onsets:
        pulse.onset(MonotonicTime(at), pitch, velocity)
    return pulse, onsets[-1][0]


def asked(pulse: Pulse, now: float) -> Grid:
    grid = pulse.grid(MonotonicTime(now))
    assert grid is not None
    return grid


def errors(grid: Grid, start: float, beat: float, points: Sequence[float], since: float, until: float) -> list[float]:
    """By how many seconds the points of the grid are off those of the player."""
    count = int((until - grid.origin) / grid.beat) + 1
    said = [grid.origin + (n + point) * grid.beat for n in range(count) for point in grid.points]
    phases = [(at - start) / beat % 1 for at in said if since <= at < until]
    return [min(abs((phase - point + 0.5) % 1 - 0.5) for point in points) * beat for phase in phases]


SIXTEENTHS, TRIPLETS = (0.0, 0.25, 0.5, 0.75), (0.0, 1 / 3, 2 / 3)


@pytest.mark.parametrize("tempo", [48, 100, 184])
@pytest.mark.parametrize(
    ("melody", "points", "length"),
    [
        ((0.0, 0.5), SIXTEENTHS, 4),
        ((0.0, 0.5), SIXTEENTHS, 3),
        ((0.0, 1 / 3, 2 / 3), tuple(n / 6 for n in range(6)), 2),  # 6/8
        ((0.0, 2 / 3), TRIPLETS, 4),  # swing, 2:1
        ((0.0, 0.6), (0.0, 0.6), 4),  # swing, 3:2
    ],
)
@pytest.mark.parametrize("bass", [True, False])
def test_a_steady_call_is_followed_into_the_silence(
    tempo: float, melody: Sequence[float], points: Sequence[float], length: int, bass: bool
) -> None:
    beat = 60 / tempo
    pulse, last = played(bars(24 // length, length, melody, bass=bass), beat)
    grid = asked(pulse, last + 2.0)
    assert grid.certainty > 0.8
    assert 0.004 < grid.spread < 0.02
    assert max(errors(grid, START, beat, points, last + 2.0, last + 8.0)) < 0.03


@pytest.mark.parametrize("swing", [2 / 3, 0.6])
def test_a_swing_is_kept(swing: float) -> None:
    pulse, last = played(bars(6, 4, (0.0, swing)), 0.6)
    grid = asked(pulse, last + 1)
    assert grid.beat == pytest.approx(0.6, rel=0.01)
    assert grid.points == pytest.approx((0.0, swing), abs=0.03)


def test_the_beat_and_the_bar_are_found() -> None:
    pulse, last = played(bars(8, 4, (0.0, 0.5)), 0.6)
    grid = asked(pulse, last + 1)
    assert grid.beat == pytest.approx(0.6, rel=0.01)
    assert grid.bar == 4
    assert (grid.origin - START) / 2.4 == pytest.approx(round((grid.origin - START) / 2.4), abs=0.02)
    assert grid.origin <= last + 1 < grid.origin + 4 * grid.beat


def test_ten_steady_onsets_are_enough() -> None:
    pulse, last = played([(n / 2, 72 + n % 3, 80 - 15 * (n % 2)) for n in range(10)], 0.5)
    grid = asked(pulse, last + 1)
    assert grid.certainty > 0.5
    assert max(errors(grid, START, 0.5, SIXTEENTHS, last + 1, last + 3)) < 0.03


def test_a_home_player_has_a_pulse() -> None:
    pulse, last = played(bars(8, 4, (0.0, 0.5)), 0.65, jitter=0.02)
    grid = asked(pulse, last + 1)
    assert grid.certainty > 0.7
    assert 0.012 < grid.spread < 0.03
    assert max(errors(grid, START, 0.65, SIXTEENTHS, last + 1, last + 6)) < 0.03


def test_wrong_notes_and_spread_chords_do_not_lose_it() -> None:
    random, notes = Random(3), bars(8, 4, (0.0, 0.5))
    notes += [(random.uniform(0, 32), 61, 50) for _ in range(6)]
    notes += [(4 * bar + random.uniform(0, 0.03) / 0.6, 60 + 4 * n, 60) for bar in range(8) for n in range(3)]
    pulse, last = played(notes, 0.6)
    grid = asked(pulse, last + 1)
    assert grid.certainty > 0.6
    assert max(errors(grid, START, 0.6, SIXTEENTHS, last + 1, last + 6)) < 0.03


def test_a_ritardando_is_followed() -> None:
    pulse = Pulse()
    steps = [0.25] * 32 + [0.25 * 1.015**n for n in range(24)]
    onsets = [START, *(START + passed for passed in accumulate(steps))]
    for n, at in enumerate(onsets):
        pulse.onset(MonotonicTime(at), 48 if n % 2 == 0 else 72, 80 if n % 2 == 0 else 60)
    grid = asked(pulse, onsets[-1] + 0.05)
    following = onsets[-1] + steps[-1] * 1.015
    assert min(errors(grid, following, steps[-1], (0.0,), onsets[-1] + 0.1, following + 0.15)) < 0.04


def test_another_tempo_is_found() -> None:
    pulse, last = played(bars(6, 4, (0.0, 0.5)), 0.6)
    random, start = Random(4), last + 1.234
    for n in range(48):
        pulse.onset(MonotonicTime(start + n * 0.225 + random.gauss(0, 0.008)), 48 if n % 4 == 0 else 72, 70)
    end = start + 48 * 0.225
    grid = asked(pulse, end)
    assert grid.certainty > 0.5
    assert max(errors(grid, start, 0.225, (0.0, 0.5), end, end + 4)) < 0.03


@pytest.mark.parametrize("seed", range(5))
def test_free_playing_has_no_pulse(seed: int) -> None:
    random, pulse, at = Random(seed), Pulse(), START
    said = []
    for _ in range(200):
        at += 0.08 + random.expovariate(3.0)
        pulse.onset(MonotonicTime(at), random.randint(40, 80), random.randint(40, 90))
        grid = pulse.grid(MonotonicTime(at))
        said.append(grid.certainty if grid is not None else 0.0)
    assert sum(certainty > 0.5 for certainty in said) < 10
    assert sum(said) / len(said) < 0.1


def test_nothing_is_said_before_there_are_notes() -> None:
    pulse = Pulse()
    assert pulse.grid(MonotonicTime(1.0)) is None
    pulse.onset(MonotonicTime(1.0))
    assert pulse.grid(MonotonicTime(9.0)) is None


def test_all_is_forgotten() -> None:
    pulse, last = played(bars(4, 4, (0.0, 0.5)), 0.6)
    asked(pulse, last + 1)
    pulse.clear()
    assert pulse.grid(MonotonicTime(last + 1)) is None


def test_the_clock_of_the_player_does_not_matter() -> None:
    def grid(start: float) -> Grid:
        pulse = Pulse()
        for beats, pitch, velocity in sorted(bars(6, 4, (0.0, 0.5))):
            pulse.onset(MonotonicTime(start + 0.5 * beats), pitch, velocity)
        return asked(pulse, start + 13).since(start)

    early, late = grid(0.0), grid(250_000.0)
    assert late.beat == pytest.approx(early.beat, rel=1e-3)
    assert late.origin == pytest.approx(early.origin, abs=0.01)


@pytest.mark.parametrize("burst", [lambda n: 0.0, lambda n: n * 1e-4, lambda n: n * 0.04, lambda n: -n * 0.01])
def test_odd_streams_are_survived(burst: Callable[[int], float]) -> None:
    pulse = Pulse()
    for n in range(300):
        pulse.onset(MonotonicTime(100 + burst(n)), n % 128, 1 + n % 127)
    grid = pulse.grid(MonotonicTime(5000.0))
    assert grid is None or (0.2 < grid.beat < 2 and grid.origin <= 5000)
