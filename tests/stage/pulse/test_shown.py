"""The pulse that a musician is shown."""

from __future__ import annotations

from virtual_stage import Stage, off, on

from livegen.stage.effects import PulseChanged
from livegen.stage.grid import Grid
from livegen.stage.pulse import Display

GRID = Grid(origin=0.0, beat=0.6, points=(0.0, 0.5), spread=0.01, bar=4, certainty=0.9)


def shown(*grids: Grid | None) -> list[float | None]:
    """The tempo that is shown after each look."""
    display, found = Display(), list[float | None]()
    for grid in grids:
        display.look(grid)
        found.append(display.shown.tempo)
    return found


def test_a_pulse_is_shown_when_it_lasts() -> None:
    assert shown(GRID, GRID, GRID, GRID) == [None, None, 100.0, 100.0]
    assert shown(GRID, None, GRID, None, GRID) == [None] * 5


def test_a_given_pulse_is_shown_at_once() -> None:
    assert shown(GRID._replace(certainty=1.0)) == [100.0]


def test_small_changes_are_not_shown() -> None:
    nearly = [GRID._replace(beat=0.6 + 0.004 * (n % 3), certainty=0.8 + 0.05 * (n % 3)) for n in range(20)]
    assert shown(GRID, GRID, GRID, *nearly)[2:] == [100.0] * 21
    faster = GRID._replace(beat=0.5)
    assert shown(GRID, GRID, GRID, faster, faster, faster)[-2:] == [100.0, 120.0]


def test_a_pulse_that_is_lost_is_shown_until_it_is_very_doubtful() -> None:
    doubtful, lost = GRID._replace(certainty=0.75), GRID._replace(certainty=0.1)
    assert shown(GRID, GRID, GRID, doubtful, doubtful, lost, lost, lost)[-3:] == [100.0, 100.0, None]


def vamp(stage: Stage, start: float, beat: float, beats: int) -> float:
    for k in range(2 * beats):
        onset = start + k * beat / 2
        for note in (60 + k % 5, *((40,) if k % 2 == 0 else ())):
            stage.midi(onset, on(note, 80 if k % 2 == 0 else 60))
        for note in (60 + k % 5, *((40,) if k % 2 == 0 else ())):
            stage.midi(onset + 0.2 * beat, off(note))
    return start + beats * beat


def test_the_pulse_is_published_when_it_changes_and_not_otherwise() -> None:
    stage = Stage(pulse="auto", silence=60.0)
    end = vamp(stage, 1.0, 0.6, 40)
    changes = stage.published(PulseChanged)
    assert changes
    assert len(changes) <= 4
    tempo = changes[-1].tempo
    assert tempo is not None
    assert min(abs(tempo / (100 * factor) - 1) for factor in (0.5, 1, 2)) < 0.02
    vamp(stage, end, 0.6, 40)
    assert len(stage.published(PulseChanged)) <= len(changes) + 2


def test_a_tempo_that_is_set_is_published() -> None:
    stage = Stage(pulse="auto", tempo=90.0)
    vamp(stage, 1.0, 0.6, 4)
    assert stage.published(PulseChanged)[0].tempo == 90.0


def test_without_the_pulse_nothing_is_published() -> None:
    stage = Stage(pulse="off")
    vamp(stage, 1.0, 0.6, 20)
    assert not stage.published(PulseChanged)
