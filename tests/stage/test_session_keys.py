"""Keys that are more than struck and released: stuck, an octave away, struck again, doubled, on many channels."""

from __future__ import annotations

import pytest
from virtual_stage import cc, keyboard, off, on

from livegen.stage.effects import (
    CallEnded,
    KeyStuck,
    NoteStarted,
    ResponseEnded,
    ResponseStarted,
    Unheard,
)
from livegen.stage.hands import STUCK
from livegen.stage.settings import ALL

# A key that hangs.


def test_a_key_held_for_too_long_no_longer_keeps_the_turn(stage):
    s = stage()
    s.on(0, 40)
    s.run(STUCK + 0.69)
    assert not s.published(ResponseStarted)
    [stuck] = s.published(KeyStuck)
    assert (stuck.port, stuck.channel, stuck.pitch, stuck.seconds) == ("keys", 0, 40, STUCK)
    s.run(STUCK + 0.7)
    assert s.published(ResponseStarted)
    s.run(60)
    assert len(s.published(KeyStuck)) == 1
    assert (0, 40) in s.sounding()  # it is the player's


def test_a_phrase_beside_a_stuck_key_is_answered(stage):
    """The octave button was pressed with a key down, and pressed back: its note_off comes as another note, or never."""
    s = stage()
    s.on(0, 41)
    for start in (1.0, 13.0, 25.0):
        s.phrase(start)
    s.run(40)
    answered = [started.at for started in s.published(ResponseStarted)]
    assert answered == pytest.approx([STUCK + 0.7, 13 + 2.1, 25 + 2.1])
    assert len(s.published(KeyStuck)) == 1


def test_a_key_that_is_stuck_while_others_are_played_keeps_them_together(stage):
    s = stage()
    s.on(0, 40)
    s.on(9, 60)
    s.off(12, 60)
    s.run(20)
    assert [started.at for started in s.published(ResponseStarted)] == pytest.approx([12.7])
    [call] = s.published(CallEnded)
    assert [note.pitch for note in call.notes] == [40, 60]


# The octave button.


def test_a_note_off_an_octave_away_ends_the_held_key_on_thru_too(stage):
    s = stage()
    s.on(0, 60)
    s.off(1, 72)
    s.run(1.75)
    assert s.published(ResponseStarted)[0].at == pytest.approx(1.7)
    assert s.published(CallEnded)[0].notes[0].duration == pytest.approx(1)
    assert (0, 60) not in s.sounding()
    assert s.forwarded() == [on(60), off(72), off(60)]


# A key that is struck again while it is down.


@pytest.mark.parametrize("late", [0.0, 0.005])
def test_a_legato_repeat_is_two_notes_and_reaches_thru_in_order(stage, late):
    s = stage(response=None)
    s.on(0, 60)
    s.on(1, 60)
    s.off(1 + late, 60)
    s.off(2, 60)
    s.run(3)
    assert [(n.step, n.duration) for n in s.requests[0].context] == [(0, pytest.approx(1)), (1, pytest.approx(1))]
    assert s.forwarded() == [on(60), off(60), on(60), off(60)]
    assert [when for when, _, _ in s.sent(channel=0)] == pytest.approx([0, 1, 1, 2])


# Layers: one key on two channels or two ports.


@pytest.mark.parametrize(("channel", "port"), [(1, "keys"), (0, "other")])
def test_doubled_keys_are_one_note_and_both_are_forwarded(stage, channel, port):
    s = stage(response=None, inputs=[keyboard(), keyboard("other")])
    for i in range(4):
        s.on(i, 60 + i)
        s.on(i + 0.002, 60 + i, channel=channel, port=port)
        s.off(i + 0.5, 60 + i)
        s.off(i + 0.502, 60 + i, channel=channel, port=port)
    s.run(5)
    assert [note.pitch for note in s.requests[-1].context] == [60, 61, 62, 63]
    assert len([message for message in s.forwarded() if message.type == "note_on"]) == 8
    assert len(s.published(NoteStarted)) == 4
    assert s.published(Unheard) == []
    assert s.sounding() == set()


def test_two_ports_may_play_the_same_pitch(stage):
    s = stage(response=None, inputs=[keyboard(), keyboard("other")])
    s.on(0, 60)
    s.on(1, 60, port="other")
    s.off(2, 60)
    s.run(8)
    assert not s.requests
    assert s.sounding() == {(0, 60)}
    s.off(8, 60, port="other")
    s.run(9)
    assert [(n.step, n.duration) for n in s.requests[0].context] == [(0, 2), (1, 7)]
    assert s.sounding() == set()


# Channels.


def mpe_zone(s, when):
    for message in (cc(101, 0), cc(100, 6), cc(6, 15)):
        s.midi(when, message)


def test_all_channels_of_an_mpe_controller_count(stage):
    s = stage(response=None)
    mpe_zone(s, 0)
    for channel in range(1, 16):
        s.on(channel * 0.1, 60 + channel, channel=channel)
        s.off(channel * 0.1 + 0.05, 60 + channel, channel=channel)
    s.run(3)
    assert [note.pitch for note in s.requests[0].context] == [60 + channel for channel in range(1, 16)]
    assert s.published(Unheard) == []


def test_a_key_on_channel_10_of_an_mpe_controller_ends_a_response(stage):
    s = stage()
    mpe_zone(s, 0)
    s.phrase()
    s.on(2.4, 60, channel=9)
    assert s.published(ResponseEnded)[0].interrupted


@pytest.mark.parametrize(("channel", "drums_count"), [("auto", False), (ALL, True), (9, True), (0, False)])
def test_which_channel_is_listened_to(stage, channel, drums_count):
    s = stage(channel=channel)
    s.on(0, 36, channel=9)
    s.off(0.5, 36, channel=9)
    s.run(5)
    assert bool(s.published(ResponseStarted)) is drums_count
    assert [unheard.channel for unheard in s.published(Unheard)] == ([] if drums_count else [9])
