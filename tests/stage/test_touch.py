"""Responses on the scale of the player's keyboard, and on keys that are free."""

from __future__ import annotations

import pytest
from virtual_stage import RESPONSE, Stage

from livegen.stage.effects import NoteStarted
from livegen.stage.events import Part, ResponseNote
from livegen.stage.touch import FEWEST, REMEMBERED, Touch

SOFT, LOUD = ResponseNote(60, 0.0, 0.5, 10), ResponseNote(64, 0.0, 0.5, 120)


def velocities(touch: Touch) -> tuple[int, ...]:
    return tuple(note.velocity for note in touch.fit((SOFT, LOUD)))


def test_a_few_notes_say_nothing() -> None:
    touch = Touch()
    for _ in range(FEWEST - 1):
        touch.hear(70)
    assert velocities(touch) == (10, 120)
    touch.hear(70)
    assert velocities(touch) == (70, 70)  # a keyboard that knows one velocity only


def test_slips_do_not_count() -> None:
    touch = Touch()
    for k in range(100):
        touch.hear(127 if k == 50 else 1 if k == 51 else 40 + k % 50)
    low, high = touch.range
    assert 40 <= low <= 41
    assert 88 <= high <= 89


def test_what_is_long_ago_is_forgotten() -> None:
    touch = Touch()
    for velocity in [20] * REMEMBERED + [90] * REMEMBERED:
        touch.hear(velocity)
    assert velocities(touch) == (90, 90)


def test_a_response_is_as_loud_as_the_keyboard() -> None:
    stage = Stage()
    for k in range(FEWEST):
        stage.on(0.1 * k, 60, velocity=100)
        stage.off(0.1 * k + 0.05, 60)
    stage.run(10)
    played = [notice.velocity for notice in stage.published(NoteStarted) if notice.part is Part.RESPONSE]
    assert played == [100] * len(RESPONSE)


@pytest.mark.parametrize("held", [60, 64])
def test_a_key_that_the_player_holds_is_not_struck(held: int) -> None:
    stage = Stage()
    stage.on(0, held)
    stage.cc(0.35, 67, 127)  # the soft pedal: livegen's turn
    stage.run(10)
    played = [notice.pitch for notice in stage.published(NoteStarted) if notice.part is Part.RESPONSE]
    assert played == [note.pitch for note in RESPONSE if note.pitch != held]
