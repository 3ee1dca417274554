"""Keys that a keyboard reports wrongly, or twice: the octave button, a lost note_off, layers."""

from __future__ import annotations

import pytest
from hands_player import LEFT, RIGHT, Player, counts
from virtual_stage import at, off, on

from livegen.note import SoundedNote
from livegen.stage.hands import LAYER, STUCK
from livegen.stage.held import NOTHING


@pytest.fixture
def player() -> Player:
    return Player()


# The octave button.


@pytest.mark.parametrize("other", [72, 84, 48, 24])
def test_a_note_off_octaves_away_ends_the_key_that_is_held(player, other):
    player.does(on(60), 0)
    [released] = player.does(off(other), 1).released
    assert released.key == (LEFT, 0, 60)
    assert not player.hands.keeps_turn


@pytest.mark.parametrize(("other", "channel", "port"), [(61, 0, LEFT), (66, 0, LEFT), (72, 1, LEFT), (72, 0, RIGHT)])
def test_another_note_off_does_not(player, other, channel, port):
    player.does(on(60), 0)
    assert player.does(off(other, channel), 1, port) == NOTHING
    assert player.hands.holds(0, 60)


def test_of_two_keys_octaves_apart_the_own_note_off_ends_each(player):
    player.does(on(60), 0)
    player.does(on(72), 0)
    assert [held.key[2] for held in player.does(off(72), 1).released] == [72]
    assert player.hands.holds(0, 60)


def test_a_note_off_that_comes_twice_ends_no_other_key(player):
    player.does(on(60), 0)
    player.does(on(72), 0)
    player.does(off(60), 1)
    assert player.does(off(60), 1 + LAYER) == NOTHING
    assert player.hands.holds(0, 72)
    assert player.does(off(60), 1.1 + LAYER).released  # the octave button


def test_where_it_may_be_one_of_two_keys_neither_is_ended(player):
    player.does(on(48), 0)
    player.does(on(72), 0)
    assert player.does(off(60), 1) == NOTHING
    assert player.hands.holds(0, 48) and player.hands.holds(0, 72)


# A key that hangs.


def test_a_key_that_is_down_too_long_no_longer_keeps_the_turn(player):
    player.does(on(60), 1)
    player.does(on(64), 2)
    assert player.hands.next_stuck == 1 + STUCK
    assert player.hands.take_stuck(at(1 + STUCK - 0.1)) == []
    assert [held.key[2] for held in player.hands.take_stuck(at(1 + STUCK))] == [60]
    assert player.hands.take_stuck(at(1 + STUCK)) == []
    assert player.hands.keeps_turn  # for the other
    assert player.hands.next_stuck == 2 + STUCK
    player.does(off(64), 5)
    assert not player.hands.keeps_turn
    assert player.hands.next_stuck is None
    assert player.hands.holds(0, 60)  # and will not be cut


def test_struck_again_it_keeps_the_turn_again(player):
    player.does(on(60), 0)
    player.hands.take_stuck(at(STUCK))
    player.does(on(60), STUCK + 1)
    assert player.hands.keeps_turn
    assert player.hands.next_stuck == 2 * STUCK + 1


def test_a_stuck_key_ends_by_its_note_off(player):
    player.does(on(60), 0)
    player.hands.take_stuck(at(STUCK))
    player.does(off(60), STUCK + 5)
    assert player.notes == [SoundedNote(60, at(0), STUCK + 5, 64)]
    assert not player.hands.holds(0, 60)


def test_a_drum_is_never_stuck(player):
    player.does(on(36, channel=9), 0)
    assert player.hands.next_stuck is None
    assert player.hands.take_stuck(at(1000)) == []


# Layers.


@pytest.mark.parametrize(("channel", "port"), [(1, LEFT), (0, RIGHT), (1, RIGHT)])
@pytest.mark.parametrize("later", [0.0, LAYER])
def test_a_key_that_comes_twice_at_once_is_one_note(player, channel, port, later):
    assert counts(player, on(60))
    second = player.does(on(60, 70, channel), later, port).pressed
    assert second is not None and not second.counts
    assert player.hands.holds(channel, 60)
    player.does(off(60), 1)
    assert not player.hands.keeps_turn
    player.does(off(60, channel), 1, port)
    assert player.notes == [SoundedNote(60, at(0), 1, 64)]


def test_layers_that_follow_each_other_are_one_note(player):
    assert counts(player, on(60))
    for channel in (1, 2, 3):
        assert not player.does(on(60, channel=channel), 0.8 * LAYER * channel).pressed.counts


@pytest.mark.parametrize("message", [on(61, channel=1), on(72, channel=1)])
def test_another_pitch_is_another_note(player, message):
    assert counts(player, on(60))
    assert counts(player, message)


def test_the_same_pitch_later_is_another_note(player):
    player.does(on(60), 0)
    second = player.does(on(60, channel=1), LAYER + 0.001).pressed
    assert second is not None and second.counts


def test_a_key_beside_a_drum_counts(player):
    player.does(on(60, channel=9), 0)
    assert counts(player, on(60, channel=0))
