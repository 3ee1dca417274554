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


def test_the_end_releases_theirs_too():
    voice = Voice(thru=True, channel=1)
    voice.pass_on(on(50), 0)
    voice.pass_on(pedal(100), 0)
    voice.start(60, 90)
    assert voice.close() == [pedal(0), pedal(0, 1), off(50), off(60, 1)]
    assert voice.close() == []
