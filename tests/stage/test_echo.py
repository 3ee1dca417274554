from __future__ import annotations

import pytest
from mido import Message

from livegen.note import MonotonicTime
from livegen.stage.echo import Echo


def at(seconds: float) -> MonotonicTime:
    return MonotonicTime(seconds)


def cc(value: int, control: int = 64) -> Message:
    return Message("control_change", control=control, value=value)


NOTE = Message("note_on", note=60, velocity=80)


def test_a_note_heard_back_within_30_ms_is_known_once():
    echo = Echo()
    echo.sent(NOTE, at(1))
    assert echo.heard(NOTE, at(1.02))
    assert not echo.heard(NOTE, at(1.021))


def test_later_it_is_the_player():
    echo = Echo()
    echo.sent(NOTE, at(1))
    assert not echo.heard(NOTE, at(1.04))


def test_in_a_known_loop_it_may_be_held_up():
    echo = Echo()
    echo.sent(NOTE, at(3))
    assert echo.heard(NOTE, at(3.02))
    echo.sent(NOTE, at(4))
    assert echo.heard(NOTE, at(4.07))
    echo.sent(NOTE, at(5))
    assert not echo.heard(NOTE, at(5.09))


@pytest.mark.parametrize(
    "other", [Message("note_on", note=61, velocity=80), Message("note_on", note=60, velocity=81), NOTE.copy(channel=3)]
)
def test_another_note_is_the_player(other):
    echo = Echo()
    echo.sent(NOTE, at(1))
    assert not echo.heard(other, at(1.01))


def test_ends_of_notes_are_alike_however_spelt():
    echo = Echo()
    echo.sent(Message("note_off", note=60, velocity=33), at(1))
    assert echo.heard(Message("note_on", note=60, velocity=0), at(1.01))


def test_a_controller_that_repeats_the_last_value_is_an_echo():
    echo = Echo()
    echo.sent(cc(10), at(1))
    assert echo.heard(cc(10), at(1.01))


def test_a_pedal_that_wavers_is_the_player():
    echo = Echo()
    echo.sent(cc(10), at(1))
    echo.sent(cc(11), at(1.005))
    assert not echo.heard(cc(10), at(1.01))


def test_where_notes_come_back_so_do_all_controllers():
    echo = Echo()
    echo.sent(NOTE, at(1))
    assert echo.heard(NOTE, at(1.001))
    echo.sent(cc(10), at(2))
    echo.sent(cc(11), at(2.005))
    assert echo.heard(cc(10), at(2.01))
    assert not echo.heard(cc(12), at(2.01))
    assert not echo.heard(cc(1, control=7), at(2.01))


def off(note: int = 60) -> Message:
    return Message("note_off", note=note)


def passes(echo: Echo, message: Message, now: float, port: int = 0) -> bool:
    """The player's message, passed on if it is no echo."""
    if echo.heard(message, at(now), port):
        return False
    echo.sent(message, at(now), ours=False)
    return True


def test_what_is_passed_on_comes_back_where_a_key_that_is_down_is_struck_again():
    echo = Echo()
    assert passes(echo, NOTE, 1)
    assert echo.heard(NOTE, at(1.01))
    assert not echo.heard(off(), at(1.03))  # nothing like it was sent


@pytest.mark.parametrize("channel", [0, 4, 9])
def test_a_key_or_drum_that_bounces_is_heard_as_often_as_it_does(channel):
    echo = Echo()
    for moment in (1, 1.022, 1.044):
        assert passes(echo, NOTE.copy(channel=channel), moment)
        assert passes(echo, off().copy(channel=channel), moment + 0.003)
    assert not passes(echo, off().copy(channel=channel), 1.05)  # which costs nothing


def test_in_a_known_loop_a_key_that_is_down_is_not_let_go_by_an_earlier_echo_of_its_end():
    echo = Echo()
    assert passes(echo, NOTE, 1)
    assert echo.heard(NOTE, at(1.01))
    assert passes(echo, off(), 2)
    assert passes(echo, NOTE.copy(velocity=90), 2.01)
    assert passes(echo, off(), 2.02)


def test_in_a_known_loop_the_end_of_our_note_comes_back_though_the_player_has_the_key_down():
    echo = Echo()
    echo.sent(NOTE, at(1))
    assert echo.heard(NOTE, at(1.01))
    assert not echo.heard(NOTE.copy(velocity=90), at(2))
    echo.sent(off(), at(2))
    assert echo.heard(off(), at(2.06))
    assert not echo.heard(off(), at(2.07))


def test_two_keyboards_in_unison_let_go_one_by_one():
    echo = Echo()
    assert passes(echo, NOTE, 1, port=0)
    assert passes(echo, NOTE.copy(velocity=70), 1.005, port=1)
    assert passes(echo, off(), 2, port=0)
    assert passes(echo, off(), 2.005, port=1)


def test_a_wheel_goes_back_by_the_way_it_came():
    echo = Echo()
    for i, pitch in enumerate((0, 300, 900, 1700, 900, 300, 0, 1000, 0)):
        assert passes(echo, Message("pitchwheel", pitch=pitch), 1 + 0.003 * i)


def test_a_program_or_a_parameter_means_something_else_after_another_bank_or_number():
    echo = Echo()
    turns = [cc(0, 0), Message("program_change", program=5), cc(1, 0), Message("program_change", program=5)]
    turns += [cc(0, 101), cc(0, 100), cc(2, 6), cc(5, 100), cc(2, 6)]
    assert all(passes(echo, message, 1 + 0.001 * i) for i, message in enumerate(turns))
    assert not passes(echo, turns[-1], 1.01)


@pytest.mark.parametrize("message", [Message("clock"), cc(0, control=96), cc(0, control=97)])
def test_what_counts_each_time_is_the_player(message):
    echo = Echo()
    echo.sent(message, at(1), ours=False)
    assert not echo.heard(message, at(1.01))


def test_nothing_sent_nothing_known():
    assert not Echo().heard(NOTE, at(0))
