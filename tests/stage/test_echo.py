from __future__ import annotations

import pytest
from mido import Message
from virtual_stage import at, off

from livegen.stage.echo import Echo
from livegen.stage.events import PortId
from livegen.stage.hands import Hands

KEYS, OTHER = PortId("keys"), PortId("other")
NOTE = Message("note_on", note=60, velocity=80)


def cc(value: int, control: int = 64) -> Message:
    return Message("control_change", control=control, value=value)


class Loop:
    """An echo, and the player who may play what was sent."""

    def __init__(self) -> None:
        self.echo = Echo()
        self.hands = Hands()

    def sent(self, message: Message, when: float, *, ours: bool = True) -> None:
        self.echo.sent(message, at(when), ours=ours)

    def heard(self, message: Message, when: float, port: PortId = KEYS) -> bool:
        """Whether it is an echo. What is none the player does."""
        is_echo = self.echo.heard(message, at(when), port, self.hands)
        if not is_echo:
            self.hands.hear(message, at(when), port)
        return is_echo

    def passes(self, message: Message, when: float, port: PortId = KEYS) -> bool:
        """The player's message, forwarded if it is no echo."""
        if self.heard(message, when, port):
            return False
        self.sent(message, when, ours=False)
        return True


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_a_note_heard_back_within_30_ms_is_known_once(loop):
    loop.sent(NOTE, 1)
    assert loop.heard(NOTE, 1.02)
    assert not loop.heard(NOTE, 1.021)


def test_later_it_is_the_player(loop):
    loop.sent(NOTE, 1)
    assert not loop.heard(NOTE, 1.04)


def test_in_a_known_loop_it_may_be_held_up(loop):
    loop.sent(NOTE, 3)
    assert loop.heard(NOTE, 3.02)
    loop.sent(NOTE, 4)
    assert loop.heard(NOTE, 4.07)
    loop.sent(NOTE, 5)
    assert not loop.heard(NOTE, 5.09)


@pytest.mark.parametrize(
    "other", [Message("note_on", note=61, velocity=80), Message("note_on", note=60, velocity=81), NOTE.copy(channel=3)]
)
def test_another_note_is_the_player(loop, other):
    loop.sent(NOTE, 1)
    assert not loop.heard(other, 1.01)


def test_ends_of_notes_are_alike_however_spelt(loop):
    loop.sent(Message("note_off", note=60, velocity=33), 1)
    assert loop.heard(Message("note_on", note=60, velocity=0), 1.01)


def test_a_controller_that_repeats_the_last_value_is_an_echo(loop):
    loop.sent(cc(10), 1)
    assert loop.heard(cc(10), 1.01)


def test_a_pedal_that_wavers_is_the_player(loop):
    loop.sent(cc(10), 1)
    loop.sent(cc(11), 1.005)
    assert not loop.heard(cc(10), 1.01)


def test_where_notes_come_back_so_do_all_controllers(loop):
    loop.sent(NOTE, 1)
    assert loop.heard(NOTE, 1.001)
    loop.sent(cc(10), 2)
    loop.sent(cc(11), 2.005)
    assert loop.heard(cc(10), 2.01)
    assert not loop.heard(cc(12), 2.01)
    assert not loop.heard(cc(1, control=7), 2.01)


def test_what_is_forwarded_comes_back_where_a_key_that_is_down_is_struck_again(loop):
    assert loop.passes(NOTE, 1)
    assert loop.heard(NOTE, 1.01)
    assert not loop.heard(off(60), 1.03)  # nothing like it was sent


@pytest.mark.parametrize("channel", [0, 4, 9])
def test_a_key_or_drum_that_bounces_is_heard_as_often_as_it_does(loop, channel):
    for moment in (1, 1.022, 1.044):
        assert loop.passes(NOTE.copy(channel=channel), moment)
        assert loop.passes(off(60).copy(channel=channel), moment + 0.003)
    assert not loop.passes(off(60).copy(channel=channel), 1.05)  # which costs nothing


def test_in_a_known_loop_a_key_that_is_down_is_not_let_go_by_an_earlier_echo_of_its_end(loop):
    assert loop.passes(NOTE, 1)
    assert loop.heard(NOTE, 1.01)
    assert loop.passes(off(60), 2)
    assert loop.passes(NOTE.copy(velocity=90), 2.01)
    assert loop.passes(off(60), 2.02)


def test_in_a_known_loop_the_end_of_our_note_comes_back_though_the_player_has_the_key_down(loop):
    loop.sent(NOTE, 1)
    assert loop.heard(NOTE, 1.01)
    assert not loop.heard(NOTE.copy(velocity=90), 2)
    loop.sent(off(60), 2)
    assert loop.heard(off(60), 2.06)
    assert not loop.heard(off(60), 2.07)


def test_two_keyboards_in_unison_let_go_one_by_one(loop):
    assert loop.passes(NOTE, 1, port=KEYS)
    assert loop.passes(NOTE.copy(velocity=70), 1.005, port=OTHER)
    assert loop.passes(off(60), 2, port=KEYS)
    assert loop.passes(off(60), 2.005, port=OTHER)


def test_a_wheel_goes_back_by_the_way_it_came(loop):
    for i, pitch in enumerate((0, 300, 900, 1700, 900, 300, 0, 1000, 0)):
        assert loop.passes(Message("pitchwheel", pitch=pitch), 1 + 0.003 * i)


def test_a_program_or_a_parameter_means_something_else_after_another_bank_or_number(loop):
    turns = [cc(0, 0), Message("program_change", program=5), cc(1, 0), Message("program_change", program=5)]
    turns += [cc(0, 101), cc(0, 100), cc(2, 6), cc(5, 100), cc(2, 6)]
    assert all(loop.passes(message, 1 + 0.001 * i) for i, message in enumerate(turns))
    assert not loop.passes(turns[-1], 1.01)


@pytest.mark.parametrize("message", [Message("clock"), cc(0, control=96), cc(0, control=97)])
def test_what_counts_each_time_is_the_player(loop, message):
    loop.sent(message, 1, ours=False)
    assert not loop.heard(message, 1.01)


def test_nothing_sent_nothing_known(loop):
    assert not loop.heard(NOTE, 0)


def test_what_is_forgotten_does_not_come_back(loop):
    loop.sent(NOTE, 1)
    loop.echo.forget()
    assert not loop.heard(NOTE, 1.01)


def test_a_loop_is_forgotten_too(loop):
    loop.sent(NOTE, 1)
    assert loop.heard(NOTE, 1.01)
    loop.echo.forget()
    loop.sent(NOTE, 2)
    assert not loop.heard(NOTE, 2.05)


def test_a_late_note_off_is_the_players_whatever_was_forwarded_before_it(loop):
    """A repeated note whose note_on comes before the note_off: a note_off has been forwarded for it already."""
    assert loop.passes(NOTE, 1)
    loop.sent(off(60), 2, ours=False)
    assert loop.passes(NOTE.copy(velocity=70), 2)
    assert not loop.heard(off(60), 2.001)
