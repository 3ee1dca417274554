"""Which note a response ends with."""

from __future__ import annotations

import pytest

from livegen.note import Note
from livegen.stage.ending import BAR, BEAT, TONIC, TRIAD, Ending, Key
from livegen.stage.grid import Grid
from livegen.stage.response import Sampled, compose


def melody(*pitches: int) -> list[Note]:
    return [Note(pitch, 0.5, 0.5, 64) for pitch in pitches]


C_MAJOR = melody(60, 62, 64, 65, 67, 64, 60, 67, 72, 71, 69, 67, 64, 60)


@pytest.mark.parametrize("up", range(12))
def test_the_key_of_a_melody(up: int) -> None:
    assert Key.of([Note(note.pitch + up, 0.5, 0.5, 64) for note in C_MAJOR]) == Key(up, minor=False)
    assert Key.of(melody(*(pitch + up for pitch in (57, 59, 60, 62, 64, 60, 57, 64, 69, 68, 69, 64, 57)))) == Key(
        (9 + up) % 12, minor=True
    )


def test_notes_that_fit_every_key_alike_have_none() -> None:
    assert Key.of(melody(*range(60, 72))) is None
    assert Key.of([]) is None


def test_the_tonic_ends_best() -> None:
    weight = Key(0, minor=False).weight
    assert [weight(pitch) for pitch in (48, 64, 63, 67, 71)] == [TONIC, TRIAD, 1, TRIAD, 1]
    assert [Key(9, minor=True).weight(pitch) for pitch in (57, 60, 61, 64)] == [TONIC, TRIAD, 1, TRIAD]


def test_a_bar_line_ends_better_than_a_beat() -> None:
    ending = Ending(grid=Grid(0.5, 0.5, (0.0,), 0.01, 4, 1.0))  # bar lines at 0.5 and 2.5 s
    assert [ending.weight(60, end) for end in (2.5, 2.44, 3.05, 2.7)] == [BAR, BAR, BEAT, 1]
    unsure = Ending(grid=Grid(0.5, 0.5, (0.0,), 0.01, 4, 0.5))
    assert unsure.weight(60, 2.5) == pytest.approx((1 + BAR) / 2)


def test_a_response_ends_at_home() -> None:
    samples = [Sampled(Note(pitch, 0.25, 0.25, 64), 0.1) for pitch in (62, 64, 65, 67, 71, 72, 74, 76, 77)]
    assert compose(iter(samples), 1.25, 8.0)[-1].pitch == 71  # the first that is long enough
    assert compose(iter(samples), 1.25, 8.0, Ending(Key(0, minor=False)))[-1].pitch == 72
