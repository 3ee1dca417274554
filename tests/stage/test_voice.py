"""Note ownership: who struck what, and who may let it go."""

from __future__ import annotations

import pytest
from mido import Message

from livegen.note import MonotonicTime
from livegen.stage.listener import Listener
from livegen.stage.voice import Voice

NOW = MonotonicTime(0.0)


def on(note: int, channel: int = 0, velocity: int = 64) -> Message:
    return Message("note_on", note=note, velocity=velocity, channel=channel)


def off(note: int, channel: int = 0) -> Message:
    return Message("note_off", note=note, channel=channel)


def pedal(value: int, channel: int = 0) -> Message:
    return Message("control_change", control=64, value=value, channel=channel)


@pytest.fixture
def player() -> Listener:
    return Listener()


def test_ours_are_struck_and_let_go(player):
    voice = Voice(thru=False, channel=1)
    assert voice.start(60, 90) == [on(60, 1, 90)]
    assert voice.sounding == {(1, 60)}
    assert voice.stop(60, player) == [off(60, 1)]
    assert voice.stop(60, player) == []
    assert voice.sounding == frozenset()


@pytest.mark.parametrize("thru", [True, False])
def test_a_key_the_player_holds_is_never_cut_and_does_not_hang(player, thru):
    voice = Voice(thru=thru, channel=0)
    voice.start(60, 90)
    assert voice.pass_on(on(60), 0) == ([on(60)] if thru else [])
    player.hear(on(60), NOW)
    assert voice.stop(60, player) == []
    assert (0, 60) in voice.sounding
    player.hear(off(60), NOW)
    assert voice.pass_on(off(60), 0) == [off(60)]
    assert voice.sounding == frozenset()


def test_a_response_has_a_channel_that_the_player_does_not_use():
    voice = Voice(thru=True, channel=1, evades=True)
    voice.begin()
    assert voice.channel == 1
    for channel in (1, 0, 2):
        voice.pass_on(on(60, channel), 0)
    voice.begin()
    assert voice.channel == 3
    for channel in range(16):
        voice.pass_on(on(60, channel), 0)
    voice.begin()
    assert voice.channel == 3  # there is none left
    fixed = Voice(thru=True, channel=1)
    fixed.pass_on(on(60, 1), 0)
    fixed.begin()
    assert fixed.channel == 1


def test_our_note_is_not_cut_by_the_player_letting_go(player):
    voice = Voice(thru=True, channel=0)
    voice.pass_on(on(60), 0)
    voice.start(60, 90)
    assert voice.pass_on(off(60), 0) == []
    assert voice.stop(60, player) == [off(60)]


def test_a_key_left_to_the_player_and_struck_again_is_ours_again(player):
    voice = Voice(thru=False, channel=0)
    voice.start(60, 90)
    player.hear(on(60), NOW)
    voice.stop(60, player)
    voice.start(60, 90)
    assert voice.pass_on(off(60), 0) == []
    player.hear(off(60), NOW)
    assert voice.stop(60, player) == [off(60)]


def test_the_last_of_two_keyboards_ends_a_note(player):
    voice = Voice(thru=True, channel=1)
    voice.pass_on(on(60), 0)
    voice.pass_on(on(60), 1)
    assert voice.pass_on(off(60), 0) == []
    assert voice.pass_on(off(60), 1) == [off(60)]


def test_a_note_left_to_two_keyboards_waits_for_both(player):
    voice = Voice(thru=True, channel=0)
    voice.start(60, 90)
    for port in (0, 1):
        voice.pass_on(on(60), port)
        player.hear(on(60), NOW, port)
    voice.stop(60, player)
    assert voice.pass_on(off(60), 0) == []
    assert voice.pass_on(off(60), 1) == [off(60)]


def test_everything_passes_where_thru_is_on():
    messages = [Message("pitchwheel", pitch=1), pedal(127), pedal(0), off(99), Message("clock")]
    assert [m for message in messages for m in Voice(thru=True, channel=1).pass_on(message, 0)] == messages
    assert [m for message in messages for m in Voice(thru=False, channel=1).pass_on(message, 0)] == []


def test_silence_lifts_our_pedal_first_and_ends_ours_alone(player):
    voice = Voice(thru=True, channel=1)
    voice.pass_on(on(50), 0)
    player.hear(on(50), NOW)
    voice.start(64, 90)
    voice.start(60, 90)
    assert voice.silence(player) == [pedal(0, 1), off(60, 1), off(64, 1)]
    assert voice.sounding == {(0, 50)}


def test_silence_leaves_the_players_pedal_alone(player):
    voice = Voice(thru=False, channel=0)
    player.hear(on(50), NOW)
    voice.start(60, 90)
    assert voice.silence(player) == [off(60)]


@pytest.mark.parametrize("thru", [True, False])
def test_our_pedal_moves_on_a_channel_of_our_own_whatever_the_players_foot_does(player, thru):
    voice = Voice(thru=thru, channel=1)
    player.hear(on(50), NOW)
    player.hear(pedal(127), NOW)
    voice.pass_on(pedal(127), 0)
    assert voice.pedal(player, down=False) == []
    assert voice.pedal(player, down=True) == [pedal(127, 1)]
    assert voice.pedal(player, down=True) == []
    assert voice.pedal(player, down=False) == [pedal(0, 1)]
    assert voice.pedal(player, down=False) == []


@pytest.mark.parametrize("thru", [True, False])
def test_on_a_channel_that_is_shared_the_players_foot_has_precedence(player, thru):
    voice = Voice(thru=thru, channel=0)
    player.hear(on(50), NOW)
    assert voice.pedal(player, down=True) == [pedal(127)]
    assert voice.pedal(player, down=False) == [pedal(0)]
    player.hear(pedal(127), NOW)
    assert voice.pass_on(pedal(127), 0) == ([pedal(127)] if thru else [])
    assert voice.pedal(player, down=True) == []
    assert voice.pedal(player, down=False) == []
    player.hear(pedal(0), NOW)
    assert voice.pass_on(pedal(0), 0) == ([pedal(0)] if thru else [])
    assert voice.pedal(player, down=True) == [pedal(127)]


def test_on_a_shared_channel_silence_lifts_our_pedal_and_never_theirs(player):
    voice = Voice(thru=True, channel=0)
    player.hear(on(50), NOW)
    voice.start(60, 90)
    voice.pedal(player, down=True)
    assert voice.silence(player) == [pedal(0), off(60)]
    assert voice.silence(player) == []  # it is up
    voice.pedal(player, down=True)
    player.hear(pedal(127), NOW)
    voice.pass_on(pedal(127), 0)
    assert voice.silence(player) == []
    assert voice.pedal(player, down=False) == []


def test_a_sostenuto_of_the_players_leaves_our_pedal_to_us(player):
    voice = Voice(thru=True, channel=0)
    player.hear(on(50), NOW)
    player.hear(Message("control_change", control=66, value=127), NOW)
    assert voice.pedal(player, down=True) == [pedal(127)]
    assert voice.silence(player) == [pedal(0)]


def test_after_silence_our_pedal_can_be_pressed_again(player):
    voice = Voice(thru=True, channel=1)
    voice.pedal(player, down=True)
    assert voice.silence(player) == [pedal(0, 1)]
    assert voice.pedal(player, down=False) == []
    assert voice.pedal(player, down=True) == [pedal(127, 1)]


def test_the_end_lifts_what_was_left_to_the_players_foot(player):
    voice = Voice(thru=False, channel=0)
    player.hear(on(50), NOW)
    voice.pedal(player, down=True)
    player.hear(pedal(127), NOW)
    assert voice.pedal(player, down=False) == []
    assert voice.close() == [pedal(0)]


def test_a_key_let_go_by_all_notes_off_holds_no_other(player):
    voice = Voice(thru=True, channel=1)
    voice.pass_on(on(60), 0)
    voice.pass_on(Message("control_change", control=123), 0)
    voice.pass_on(on(60), 1)
    assert voice.pass_on(off(60), 1) == [off(60)]


@pytest.mark.parametrize("thru", [True, False])
@pytest.mark.parametrize("control", [120, 123])
def test_all_notes_off_lets_go_of_ours_that_wait_on_that_channel_alone(player, thru, control):
    voice = Voice(thru=thru, channel=0)
    for pitch in (64, 60, 67):
        voice.start(pitch, 90)
    for pitch in (60, 64):
        voice.pass_on(on(pitch), 0)
        player.hear(on(pitch), NOW)
        voice.stop(pitch, player)
    elsewhere, here = (Message("control_change", control=control, channel=channel) for channel in (1, 0))
    assert voice.pass_on(elsewhere, 0) == ([elsewhere] if thru else [])
    assert voice.pass_on(here, 0) == ([here] if thru else []) + [off(60), off(64)]
    assert voice.sounding == {(0, 67)}  # of the response still
    assert voice.pass_on(here, 0) == ([here] if thru else [])


def test_all_notes_off_of_one_keyboard_leaves_a_note_to_the_other(player):
    voice = Voice(thru=True, channel=0)
    voice.start(60, 90)
    for port in (0, 1):
        voice.pass_on(on(60), port)
        player.hear(on(60), NOW, port)
    voice.stop(60, player)
    message = Message("control_change", control=123)
    assert voice.pass_on(message, 0) == [message]
    assert voice.pass_on(off(60), 1) == [off(60)]


def test_when_the_players_foot_leaves_our_pedal_settles(player):
    voice = Voice(thru=False, channel=0)
    player.hear(on(50), NOW)
    player.hear(pedal(127), NOW)
    assert voice.pedal(player, down=True) == []
    assert voice.settle(player) == []
    player.hear(pedal(0), NOW)
    assert voice.settle(player) == [pedal(127)]
    assert voice.settle(player) == []
    player.hear(pedal(127), NOW)
    assert voice.silence(player) == []
    player.hear(pedal(0), NOW)
    assert voice.settle(player) == [pedal(0)]


@pytest.mark.parametrize("last", [off(60), Message("control_change", control=123)])
def test_a_key_down_on_another_keyboard_is_not_cut_without_thru_either(player, last):
    voice = Voice(thru=False, channel=0)
    voice.start(60, 90)
    for port in (0, 1):
        player.hear(on(60), NOW, port)
        voice.pass_on(on(60), port)
    assert voice.stop(60, player) == []  # it waits for the player's fingers
    assert voice.pass_on(last, 0) == []
    assert voice.pass_on(off(60), 1) == [off(60)]


@pytest.mark.parametrize("channel", [0, 1])
def test_the_end_lifts_our_pedal_though_nothing_sounds(player, channel):
    voice = Voice(thru=False, channel=channel)
    player.hear(on(50), NOW)
    voice.pedal(player, down=True)
    assert voice.close() == [pedal(0, channel)]
    assert voice.close() == []
    assert voice.pedal(player, down=True) == [pedal(127, channel)]


def test_the_end_releases_theirs_too():
    voice = Voice(thru=True, channel=1)
    voice.pass_on(on(50), 0)
    voice.pass_on(pedal(100), 0)
    voice.start(60, 90)
    assert voice.close() == [pedal(0), pedal(0, 1), off(50), off(60, 1)]
    assert voice.close() == []
