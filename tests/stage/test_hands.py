"""What the player's hands and feet hold, and what lets go of it."""

from __future__ import annotations

from math import inf

import pytest
from hands_player import LEFT, RIGHT, Player, counts
from mido import Message
from virtual_stage import at, cc, off, on

from livegen.note import INSTANT, PEDAL_UP, Pedal, SoundedNote
from livegen.stage.held import NOTHING
from livegen.stage.pairing import RESTRIKE_GRACE
from livegen.stage.settings import ALL, AUTO


@pytest.fixture
def player() -> Player:
    return Player()


def test_a_key_down_and_up_is_a_note(player):
    pressed = player.does(on(60, 77), 1).pressed
    assert pressed is not None and pressed.counts
    assert pressed.key == (LEFT, 0, 60)
    assert pressed.key in player.hands
    assert player.hands.keeps_turn
    assert player.hands.holds(0, 60)
    [released] = player.does(off(60), 1.5).released
    assert released is pressed
    assert player.notes == [SoundedNote(60, at(1), 0.5, 77)]
    assert not player.hands.keeps_turn
    assert player.hands.channels == {0}


def test_velocity_0_is_a_release(player):
    player.does(on(60), 0)
    assert player.does(on(60, 0), 1).released
    assert player.notes == [SoundedNote(60, at(0), 1, 64)]


def test_a_repeated_note_on_ends_the_first(player):
    player.does(on(60, 10), 0)
    player.does(on(60, 20), 1)
    player.does(off(60), 3)
    assert player.notes == [SoundedNote(60, at(0), 1, 10), SoundedNote(60, at(1), 2, 20)]


@pytest.mark.parametrize("late", [0.0, RESTRIKE_GRACE])
def test_legato_repeat_a_late_note_off_ends_the_first_note_only(player, late):
    player.does(on(60, 10), 0)
    player.does(on(60, 20), 1)
    assert player.does(off(60), 1 + late).ignored
    assert player.hands.holds(0, 60)
    player.does(off(60), 2)
    assert player.notes == [SoundedNote(60, at(0), 1, 10), SoundedNote(60, at(1), 1, 20)]


def test_a_note_of_no_length_has_one(player):
    player.does(on(60), 0)
    player.does(off(60), 0)
    assert [note.duration for note in player.notes] == [INSTANT]


def test_a_release_out_of_nowhere_is_nothing(player):
    assert player.does(off(60), 0) == NOTHING


@pytest.mark.parametrize("message", [Message("clock"), Message("active_sensing"), Message("sysex", data=(1,))])
def test_clock_and_the_like_are_nothing(player, message):
    assert player.does(message, 0) == NOTHING


def test_pitchwheel_is_nothing(player):
    assert player.does(Message("pitchwheel", pitch=1), 0) == NOTHING


@pytest.mark.parametrize(
    ("channel", "heard"),
    [(AUTO, set(range(16)) - {9}), (ALL, set(range(16))), (2, {2}), (9, {9})],
)
def test_which_channels_are_heard(channel, heard):
    player = Player(channel)
    assert {c for c in range(16) if counts(player, on(40 + c, channel=c))} == heard


def test_a_drum_keeps_no_turn_and_is_held_nevertheless(player):
    assert not counts(player, on(36, channel=9))
    assert not player.hands.keeps_turn
    assert player.hands.holds(9, 36)
    assert player.does(off(36, channel=9), 1).released
    assert player.notes == []


# Pedals.


@pytest.mark.parametrize("control", [64, 66])
def test_a_pedal_that_holds_is_told_once(player, control):
    assert not player.does(cc(control, 63), 0).pedal
    assert player.does(cc(control, 64), 0).pedal
    assert player.hands.pedals.hold
    assert player.hands.pedals.is_down(0, control)
    assert not player.does(cc(control, 127), 0).pedal
    assert player.does(cc(control, 0), 0).pedal
    assert not player.hands.pedals.hold


@pytest.mark.parametrize("values", [(68, 60, 68, 48), (64, 63, 64, 63), (127, 50, 127, 49)])
def test_a_pedal_that_trembles_does_not_move(player, values):
    assert player.does(cc(64, values[0]), 0).pedal
    for value in values[1:]:
        assert not player.does(cc(64, value), 1).pedal
    assert player.hands.pedals.hold
    assert player.does(cc(64, 47), 2).pedal
    for value in (60, 50, 63):
        assert not player.does(cc(64, value), 3).pedal
    assert not player.hands.pedals.hold


@pytest.mark.parametrize("control", [1, 67])
def test_other_controllers_hold_nothing(player, control):
    assert player.does(cc(control, 127), 0) == NOTHING
    assert not player.hands.pedals.hold


def test_a_note_knows_where_the_pedal_was_when_it_was_struck(player):
    assert player.pedal_at_a_stroke(1.0) == PEDAL_UP
    player.does(cc(64, 127), 2.0)
    assert player.pedal_at_a_stroke(2.0) == Pedal(down=True, pressed=0.0)
    assert player.pedal_at_a_stroke(2.5) == Pedal(down=True, pressed=0.5)
    player.does(cc(64, 100), 2.75)  # it moves, and is still down
    assert player.pedal_at_a_stroke(3.0) == Pedal(down=True, pressed=1.0)
    player.does(cc(64, 47), 3.5)
    assert player.pedal_at_a_stroke(4.0) == Pedal(down=False, pressed=2.0, lifted=0.5)
    player.does(cc(64, 0), 4.25)
    player.does(cc(64, 64), 4.5)
    assert player.pedal_at_a_stroke(5.0) == Pedal(down=True, pressed=0.5, lifted=1.5)


def test_a_note_knows_the_pedal_by_midis_own_threshold_as_in_training(player):
    player.does(cc(64, 127), 1.0)
    assert not player.does(cc(64, 63), 2.0).pedal  # it does not count as up for the conversation
    assert player.hands.pedals.hold
    assert player.pedal_at_a_stroke(2.5) == Pedal(down=False, pressed=1.5, lifted=0.5)


def test_what_the_pedal_does_under_a_note_is_not_the_notes(player):
    player.does(on(60), 0)
    player.does(cc(64, 127), 1)
    player.does(on(64), 2)
    player.does(cc(64, 0), 3)
    for note in (60, 64):
        player.does(off(note), 4)
    assert [note.pedal for note in player.notes] == [PEDAL_UP, Pedal(down=True, pressed=1.0)]


@pytest.mark.parametrize("control", [66, 67])
def test_sostenuto_and_soft_are_not_the_pedal_of_a_note(player, control):
    player.does(cc(control, 127), 0)
    assert player.pedal_at_a_stroke(1) == PEDAL_UP
    assert not player.hands.pedals.sustain
    player.does(cc(64, 127), 2)
    assert player.hands.pedals.sustain
    player.does(cc(control, 0), 3)
    assert player.pedal_at_a_stroke(4) == Pedal(down=True, pressed=2.0)


def test_of_several_pedals_one_that_is_down_is_enough(player):
    player.does(cc(64, 127), 0, LEFT)
    player.does(cc(64, 127), 1, RIGHT)
    player.does(cc(64, 127, channel=2), 2, RIGHT)
    player.does(cc(64, 0), 3, LEFT)
    player.does(cc(64, 0), 4, RIGHT)
    assert player.pedal_at_a_stroke(5) == Pedal(down=True, pressed=5.0)
    player.does(cc(64, 0, channel=2), 6, RIGHT)
    assert player.pedal_at_a_stroke(7) == Pedal(down=False, pressed=7.0, lifted=1.0)


def test_a_pedal_on_a_channel_that_is_not_heard_is_none():
    player = Player(channel=0)
    assert not player.does(cc(64, 127, channel=1), 0).pedal
    assert player.pedal_at_a_stroke(1) == Pedal(down=False, pressed=inf, lifted=inf)


def test_a_pedal_that_another_port_stamped_later_has_just_moved(player):
    player.does(cc(64, 127), 1.0, LEFT)
    player.does(on(60), 0.999, RIGHT)
    player.does(off(60), 2, RIGHT)
    assert player.notes[-1].pedal == Pedal(down=True, pressed=0.0)


# Every way out.


@pytest.mark.parametrize("control", [120, 123, 124, 125, 126, 127])
def test_all_notes_off_and_the_mode_messages_release_that_channel_of_that_port(player, control):
    assert player.does(cc(control), 0) == NOTHING
    player.does(on(60), 0)
    player.does(on(61, channel=1), 0)
    player.does(on(60), 0.5, RIGHT)
    assert [held.key for held in player.does(cc(control), 1).released] == [(LEFT, 0, 60)]
    assert player.hands.holds(0, 60)  # on the right
    assert player.hands.holds(1, 61)
    assert player.notes == [SoundedNote(60, at(0), 1, 64)]


@pytest.mark.parametrize("control", [122, 119])
def test_their_neighbours_release_nothing(player, control):
    player.does(on(60), 0)
    assert player.does(cc(control), 1) == NOTHING


def test_reset_all_controllers_lifts_the_pedals_of_that_channel_of_that_port(player):
    for control in (64, 66):
        player.does(cc(control, 127), 0)
    player.does(cc(64, 127, channel=1), 0)
    player.does(on(60), 0)
    change = player.does(cc(121), 1)
    assert change.pedal and not change.released
    assert player.hands.holds(0, 60)
    assert not player.hands.pedals.is_down(0, 64) and not player.hands.pedals.is_down(0, 66)
    assert player.hands.pedals.is_down(1, 64)
    assert not player.does(cc(121), 2).pedal


@pytest.mark.parametrize(
    "reset",
    [
        Message("reset"),
        Message("sysex", data=(0x7E, 0x7F, 0x09, 0x01)),  # General MIDI
        Message("sysex", data=(0x7E, 0x00, 0x09, 0x03)),  # level 2
        Message("sysex", data=(0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41)),  # Roland GS
        Message("sysex", data=(0x43, 0x10, 0x4C, 0x00, 0x00, 0x7E, 0x00)),  # Yamaha XG
    ],
)
def test_a_reset_releases_keys_and_pedals_of_that_port(player, reset):
    for port in (LEFT, RIGHT):
        player.does(on(60), 0, port)
        player.does(on(62, channel=3), 0, port)
        player.does(cc(64, 127), 0, port)
    change = player.does(reset, 1)
    assert change.pedal
    assert [held.key for held in change.released] == [(LEFT, 0, 60), (LEFT, 3, 62)]
    assert player.hands.holds(0, 60) and player.hands.pedals.hold  # on the right


@pytest.mark.parametrize("data", [(), (0x7E, 0x7F, 0x06, 0x01), (0x7F, 0x7F, 0x04, 0x01, 0, 127), (0x41, 0x10, 0x42)])
def test_other_system_exclusive_messages_reset_nothing(player, data):
    player.does(on(60), 0)
    assert player.does(Message("sysex", data=data), 1) == NOTHING


def test_ports_are_told_apart_and_one_that_is_lost_lets_go_of_its_own(player):
    player.does(on(60), 0, LEFT)
    player.does(on(60), 1, RIGHT)
    player.does(cc(64, 127), 1, RIGHT)
    assert [held.key for held in player.forgets(2, RIGHT).released] == [(RIGHT, 0, 60)]
    assert not player.hands.pedals.hold
    assert player.hands.keeps_turn
    assert player.forgets(2, RIGHT) == NOTHING
    player.does(off(60), 3, LEFT)
    assert [note.duration for note in player.notes] == [1, 3]


def test_the_pedal_of_a_port_that_is_lost_is_lifted(player):
    player.does(cc(64, 127), 0, LEFT)
    player.does(cc(64, 127), 1, RIGHT)
    player.forgets(2, LEFT)
    assert player.hands.pedals.sustain
    assert player.pedal_at_a_stroke(3) == Pedal(down=True, pressed=3.0)
    player.forgets(4, RIGHT)
    assert not player.hands.pedals.sustain
    assert player.pedal_at_a_stroke(5) == Pedal(down=False, pressed=5.0, lifted=1.0)


def test_panic_forgets_keys_pedals_and_channels(player):
    for port in (LEFT, RIGHT):
        player.does(on(60), 0, port)
        player.does(cc(64, 127), 0, port)
    change = player.forgets(1)
    assert len(change.released) == 2 and change.pedal
    assert not player.hands.keeps_turn and not player.hands.pedals.hold
    assert player.hands.channels == frozenset()


def test_the_note_off_of_a_key_that_was_forgotten_ends_no_other_key(player):
    """Not even one an octave away: the octave button was not pressed."""
    player.does(on(72), 0)
    player.forgets(1)
    player.does(on(60), 2)
    assert player.does(off(72), 3) == NOTHING
    assert player.hands.holds(0, 60)
