"""What two hands can play."""

from __future__ import annotations

import pytest

from livegen.note import Pedal
from livegen.stage.events import ResponseNote
from livegen.stage.playable import CHORD, FASTEST, FINGERS, RESTRIKE, SPAN, in_reach, playable


def held(*pitches: int, apart: float = 0.1, duration: float = 5.0) -> list[ResponseNote]:
    """Notes one after another, each `apart` s after the one before."""
    return [ResponseNote(pitch, i * apart, duration, 80) for i, pitch in enumerate(pitches)]


def ends(notes: tuple[ResponseNote, ...]) -> list[float]:
    return [round(note.offset + note.duration, 6) for note in notes]


def test_a_key_is_let_go_before_it_is_struck_again() -> None:
    first, second = playable(held(60, 60, apart=1.0, duration=2.0))
    assert first.duration == pytest.approx(1 - RESTRIKE)
    assert second.duration == 2


def test_no_finger_strikes_a_key_again_at_once() -> None:
    assert len(playable(held(60, 60, apart=FASTEST - 0.001))) == 1
    assert len(playable(held(60, 60, apart=FASTEST + 0.001))) == 2
    assert len(playable(held(60, 60, apart=FASTEST - 0.001, duration=0.02))) == 1  # though the key is up


def test_an_eleventh_key_lets_the_oldest_go() -> None:
    notes = playable(held(*range(50, 61)))
    assert len(notes) == 11
    assert ends(notes)[:2] == [1.0, 5.1]


def test_an_eleventh_finger_of_one_chord_does_not_play() -> None:
    assert len(playable(held(*range(50, 62), apart=0.0))) == 2 * FINGERS


def test_a_hand_that_must_leave_lets_a_key_go() -> None:
    notes = playable(held(36, 60, 84))
    assert ends(notes) == [0.2, 5.1, 5.2]  # the lowest key is out of reach of the hand that plays the highest
    assert ends(playable(held(36, 36 + SPAN, 84))) == [5.0, 5.1, 5.2]


def test_as_few_keys_as_possible_are_let_go() -> None:
    assert ends(playable(held(36, 60, 40, 84))) == [5.0, 0.3, 5.2, 5.3]  # without 36, 60 would still be out of reach
    assert ends(playable(held(36, 60, 66, 84))) == [0.3, 5.1, 5.2, 5.3]


def test_what_the_hands_leave_sounds_until_the_pedal_goes_up() -> None:
    down = Pedal(down=True)
    first, *others = held(36, 60, 84, 86, 88)
    lifted = [others[0], others[1]._replace(pedal=down), others[2]._replace(pedal=Pedal(down=True, lifted=0.04))]
    assert ends(playable([first, *lifted]))[0] == 0.26
    assert ends(playable([first, *lifted[:2]]))[0] == 5.0  # the pedal stays down
    still = [*lifted[:2], others[2]._replace(pedal=down), others[3]._replace(pedal=Pedal(lifted=0.05))]
    assert ends(playable([first, *still]))[0] == 0.35


def test_a_key_that_the_pedal_holds_goes_up_before_it_is_struck_again() -> None:
    notes = [note._replace(pedal=Pedal(down=True)) for note in held(36, 60, 84, 36)]
    assert ends(playable(notes))[0] == pytest.approx(0.3 - RESTRIKE)


def test_a_note_of_a_chord_that_is_out_of_reach_is_left_out() -> None:
    assert [note.pitch for note in playable(held(36, 60, 84, apart=CHORD / 4))] == [36, 60]


@pytest.mark.parametrize(
    ("pitches", "can"),
    [
        ((), True),
        ((60,), True),
        ((21, 108), True),
        ((36, 60, 84), False),
        ((36, 36 + SPAN, 84, 84 + SPAN), True),
        ((36, 37 + SPAN, 84, 84 + SPAN), False),
        (tuple(range(60, 70)), True),
        (tuple(range(60, 71)), False),
        ((36, *range(60, 65)), True),
        ((36, *range(60, 66)), False),
    ],
)
def test_what_is_in_reach(pitches: tuple[int, ...], can: bool) -> None:
    assert in_reach(pitches) is can
