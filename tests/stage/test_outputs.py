"""What sounds at one output: who struck what, and who may end it."""

from __future__ import annotations

import pytest
from mido import Message
from output_rig import LEFT, RIGHT, Rig, pedal
from virtual_stage import cc, off, on


def test_ours_are_struck_and_let_go():
    rig = Rig(thru=False, channel=1)
    assert rig.start(60) == [on(60, 90, 1)]
    assert rig.output.sounding == {(1, 60)}
    assert rig.stop(60) == [off(60, 1)]
    assert rig.stop(60) == []
    assert rig.output.sounding == frozenset()


@pytest.mark.parametrize("thru", [True, False])
def test_a_key_the_player_holds_is_never_cut_and_does_not_hang(thru):
    rig = Rig(thru=thru, channel=0)
    rig.start(60)
    assert rig.plays(on(60)) == ([on(60)] if thru else [])
    assert rig.stop(60) == []
    assert (0, 60) in rig.output.sounding
    assert rig.plays(off(60)) == [off(60)]
    assert rig.output.sounding == frozenset()


# The channel of a response.


@pytest.mark.parametrize(("thru", "fixed", "channel"), [(True, None, 1), (False, None, 0), (True, 4, 4), (False, 4, 4)])
def test_the_channel_of_a_response(thru, fixed, channel):
    assert Rig(thru=thru, channel=fixed).output.channel == channel


def test_a_response_has_a_channel_that_the_player_does_not_use():
    rig = Rig(thru=True)
    rig.output.begin(rig.hands)
    assert rig.output.channel == 1
    for channel in (1, 0, 2):
        rig.plays(on(60, channel=channel))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 3
    for channel in range(16):
        rig.plays(on(60, channel=channel))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 3  # there is none left


def test_never_that_of_the_drums():
    rig = Rig(thru=True)
    for channel in range(9):
        rig.plays(on(60, channel=channel))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 10


def test_a_channel_that_was_chosen_stays():
    rig = Rig(thru=True, channel=1)
    rig.plays(on(60, channel=1))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 1


def test_while_something_of_ours_sounds_the_channel_stays():
    rig = Rig(thru=True)
    rig.plays(on(60, channel=1))
    rig.start(60)
    rig.output.begin(rig.hands)
    assert rig.output.channel == 1
    rig.stop(60)
    rig.plays(off(60, 1))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 0


# Who ends what.


def test_our_note_is_not_cut_by_the_player_letting_go():
    rig = Rig(thru=True, channel=0)
    rig.plays(on(60))
    rig.start(60)
    assert rig.plays(off(60)) == []
    assert rig.stop(60) == [off(60)]


def test_a_key_left_to_the_player_and_struck_again_is_ours_again():
    rig = Rig(thru=False, channel=0)
    rig.start(60)
    rig.plays(on(60))
    rig.stop(60)
    rig.start(60)
    assert rig.plays(off(60)) == []
    assert rig.stop(60) == [off(60)]


def test_the_last_of_two_keyboards_ends_a_note():
    rig = Rig(thru=True)
    assert rig.plays(on(60), LEFT) == [on(60)]
    assert rig.plays(on(60), RIGHT) == [on(60)]
    assert rig.plays(off(60), LEFT) == []
    assert rig.plays(off(60), RIGHT) == [off(60)]


def test_a_note_left_to_two_keyboards_waits_for_both():
    rig = Rig(thru=True, channel=0)
    rig.start(60)
    for port in (LEFT, RIGHT):
        rig.plays(on(60), port)
    rig.stop(60)
    assert rig.plays(off(60), LEFT) == []
    assert rig.plays(off(60), RIGHT) == [off(60)]


@pytest.mark.parametrize("last", [off(60), cc(123)])
def test_a_key_down_on_another_keyboard_is_not_cut_without_thru_either(last):
    rig = Rig(thru=False, channel=0)
    rig.start(60)
    for port in (LEFT, RIGHT):
        rig.plays(on(60), port)
    assert rig.stop(60) == []  # it waits for the player's fingers
    assert rig.plays(last, LEFT) == []
    assert rig.plays(off(60), RIGHT) == [off(60)]


def test_everything_is_forwarded_where_thru_is_on():
    messages = [Message("pitchwheel", pitch=1), pedal(127), pedal(0), off(99), Message("clock"), Message("reset")]
    for thru in (True, False):
        rig = Rig(thru=thru)
        assert [sent for message in messages for sent in rig.plays(message)] == (messages if thru else [])


# A key that is struck again while it is down.


@pytest.mark.parametrize("late", [0.0, 0.004])
def test_legato_repeat_the_note_off_goes_before_the_new_note_on_and_the_late_one_nowhere(late):
    rig = Rig(thru=True)
    rig.plays_at(0, on(60, 10))
    assert rig.plays_at(1, on(60, 20)) == [off(60), on(60, 20)]
    assert rig.plays_at(1 + late, off(60)) == []
    assert rig.output.sounding == {(0, 60)}
    assert rig.plays_at(2, off(60)) == [off(60)]
    assert rig.output.sounding == frozenset()


def test_struck_again_a_key_that_another_keyboard_holds_is_not_cut():
    rig = Rig(thru=True)
    rig.plays(on(60), LEFT)
    rig.plays(on(60), RIGHT)
    assert rig.plays(on(60), LEFT) == [on(60)]


def test_struck_again_our_note_under_it_is_not_cut():
    rig = Rig(thru=True, channel=0)
    rig.plays(on(60))
    rig.start(60)
    assert rig.plays(on(60)) == [on(60)]
    assert rig.plays(off(60)) == []
    assert rig.stop(60) == [off(60)]


def test_without_thru_a_key_struck_again_is_nothing():
    rig = Rig(thru=False)
    rig.plays(on(60))
    assert rig.plays(on(60)) == []


# The octave button.


def test_a_note_off_an_octave_away_ends_the_key_that_is_held():
    rig = Rig(thru=True)
    rig.plays(on(60))
    assert set(map(str, rig.plays(off(72)))) == set(map(str, [off(72), off(60)]))
    assert rig.output.sounding == frozenset()


def test_an_octave_away_it_ends_our_note_that_waits_for_the_key():
    rig = Rig(thru=False, channel=0)
    rig.start(60)
    rig.plays(on(60))
    rig.stop(60)
    assert rig.plays(off(72)) == [off(60)]


def test_an_octave_away_our_own_note_there_is_not_cut():
    rig = Rig(thru=True, channel=0)
    rig.start(72)
    rig.plays(on(60))
    assert rig.plays(off(72)) == [off(60)]
    assert rig.output.sounding == {(0, 72)}


# Pedals.


@pytest.mark.parametrize("thru", [True, False])
def test_our_pedal_moves_on_a_separate_channel_whatever_the_players_foot_does(thru):
    rig = Rig(thru=thru, channel=1)
    rig.plays(on(50))
    rig.plays(pedal(127))
    assert rig.pedal(down=False) == []
    assert rig.pedal(down=True) == [pedal(127, 1)]
    assert rig.pedal(down=True) == []
    assert rig.pedal(down=False) == [pedal(0, 1)]
    assert rig.pedal(down=False) == []


@pytest.mark.parametrize("thru", [True, False])
def test_on_a_channel_that_is_shared_the_players_foot_has_precedence(thru):
    rig = Rig(thru=thru, channel=0)
    rig.plays(on(50))
    assert rig.pedal(down=True) == [pedal(127)]
    assert rig.pedal(down=False) == [pedal(0)]
    assert rig.plays(pedal(127)) == ([pedal(127)] if thru else [])
    assert rig.pedal(down=True) == []
    assert rig.pedal(down=False) == []
    assert rig.plays(pedal(0)) == ([pedal(0)] if thru else [])
    assert rig.pedal(down=True) == [pedal(127)]


def test_a_sostenuto_of_the_players_leaves_our_pedal_to_us():
    rig = Rig(thru=True, channel=0)
    rig.plays(on(50))
    rig.plays(cc(66, 127))
    assert rig.pedal(down=True) == [pedal(127)]
    assert rig.silence() == [pedal(0)]


def test_when_the_players_foot_leaves_our_pedal_settles():
    rig = Rig(thru=False, channel=0)
    rig.plays(on(50))
    rig.plays(pedal(127))
    assert rig.pedal(down=True) == []
    assert rig.settle() == []
    rig.plays(pedal(0))
    assert rig.settle() == [pedal(127)]
    assert rig.settle() == []
    rig.plays(pedal(127))
    assert rig.silence() == []
    rig.plays(pedal(0))
    assert rig.settle() == [pedal(0)]


# Silence: the player's first key.


def test_silence_lifts_our_pedal_first_and_ends_ours_alone():
    rig = Rig(thru=True, channel=1)
    rig.plays(on(50))
    rig.start(64)
    rig.start(60)
    assert rig.silence() == [pedal(0, 1), off(60, 1), off(64, 1)]
    assert rig.output.sounding == {(0, 50)}


def test_silence_leaves_the_players_pedal_alone():
    rig = Rig(thru=False, channel=0)
    rig.plays(on(50))
    rig.start(60)
    assert rig.silence() == [off(60)]


def test_on_a_shared_channel_silence_lifts_our_pedal_and_never_theirs():
    rig = Rig(thru=True, channel=0)
    rig.plays(on(50))
    rig.start(60)
    rig.pedal(down=True)
    assert rig.silence() == [pedal(0), off(60)]
    assert rig.silence() == []  # it is up
    rig.pedal(down=True)
    rig.plays(pedal(127))
    assert rig.silence() == []
    assert rig.pedal(down=False) == []


def test_after_silence_our_pedal_can_be_pressed_again():
    rig = Rig(thru=True)
    rig.pedal(down=True)
    assert rig.silence() == [pedal(0, 1)]
    assert rig.pedal(down=False) == []
    assert rig.pedal(down=True) == [pedal(127, 1)]
