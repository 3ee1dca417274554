"""Whose turn it is: each rule of the conversation, in virtual time."""

from __future__ import annotations

import pytest
from mido import Message
from virtual_stage import at, cc, keyboard, midi_file, off, on

from livegen.stage.conversation import Listening, Playing
from livegen.stage.effects import (
    CallEnded,
    KeyStuck,
    NoResponse,
    NoteEnded,
    NoteStarted,
    PedalMoved,
    ResponseEnded,
    ResponseStarted,
    Unheard,
)
from livegen.stage.events import Failed, Part, Predicted, Received, ResponseNote
from livegen.stage.hands import STUCK
from livegen.stage.settings import ALL
from livegen.stage.silence import LEAD, PEDAL_GRACE

RESPONSE_OF_60_64_67 = [
    (2.1, "note_on", 60),
    (2.3, "note_on", 64),
    (2.6, "note_off", 60),
    (2.8, "note_off", 64),
    (3.1, "note_on", 67),
    (3.35, "note_off", 67),
]


def test_a_phrase_is_answered_after_the_silence(stage):
    s = stage()
    up = s.phrase()
    s.run(10)
    assert s.sent() == RESPONSE_OF_60_64_67
    assert up + 0.7 == pytest.approx(2.1)
    assert s.state is Listening
    [started] = s.published(ResponseStarted)
    assert (started.notes, started.waited, started.late) == (3, pytest.approx(0.7), 0)
    assert started.seconds == pytest.approx(1.25)
    [ended] = s.published(ResponseEnded)
    assert (ended.played, ended.dropped, ended.interrupted) == (3, 0, False)
    [call] = s.published(CallEnded)
    assert [note.pitch for note in call.notes] == [50, 53, 57]
    assert [note.duration for note in call.notes] == pytest.approx([0.4] * 3)
    assert [n.pitch for n in s.published(NoteStarted) if n.part is Part.RESPONSE] == [60, 64, 67]


def test_the_request_is_made_ahead_and_carries_the_gap_that_will_have_passed(stage):
    s = stage(response=None)
    s.phrase()
    s.run(2.1 - LEAD - 0.01)
    assert not s.requests
    s.run(2.1)
    [request] = s.requests
    assert [note.pitch for note in request.context] == [50, 53, 57]
    assert request.gap == pytest.approx(2.1 - 1.0)
    assert request.length == pytest.approx(1.4)
    assert request.response == 0


def test_one_note_is_answered(stage):
    s = stage()
    s.on(0, 60)
    s.off(0.1, 60)
    s.run(5)
    assert len(s.requests[0].context) == 1
    assert s.requests[0].length == 1.0
    assert s.published(ResponseStarted)


def test_a_long_call_gets_a_response_of_eight_seconds(stage):
    s = stage()
    s.on(0, 60)
    s.off(9, 60)
    s.run(10)
    assert s.requests[0].length == 8.0
    assert s.requests[0].longest == 8.0


def test_a_held_key_keeps_the_turn(stage):
    s = stage()
    s.on(0, 40)
    s.phrase(0.1)
    s.run(9)
    assert not s.requests
    s.off(9, 40)
    s.run(10)
    assert s.published(ResponseStarted)


def test_the_sustain_pedal_delays_but_does_not_block(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.run(10)
    assert s.published(ResponseStarted)[0].at == pytest.approx(up + 2.0)


def test_the_soft_pedal_does_not_delay(stage):
    s = stage()
    s.cc(0, 67, 127)
    up = s.phrase()
    s.run(10)
    assert s.published(ResponseStarted)[0].at == pytest.approx(up + 0.7)


def test_a_pedal_let_go_in_the_silence_brings_the_response_forward(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.cc(up + 0.2, 64, 0)
    s.run(10)
    assert s.published(ResponseStarted)[0].at == pytest.approx(up + 0.7)


def test_a_pedal_let_go_after_the_silence_ends_the_call_a_moment_later(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.cc(up + 1.2, 64, 0)
    s.run(10)
    assert s.published(ResponseStarted)[0].at == pytest.approx(up + 1.2 + PEDAL_GRACE)
    assert s.published(ResponseStarted)[0].late == pytest.approx(0)
    assert s.requests[-1].gap == pytest.approx(1.2 + PEDAL_GRACE + 0.4)


def test_a_pedal_change_that_moves_nothing_asks_nothing_anew(stage):
    s = stage(hand_over=None)
    up = s.phrase()
    s.run(up + 0.5)
    s.cc(up + 0.55, 67, 127)
    s.run(10)
    assert len(s.requests) == 1


def test_a_pedal_pressed_in_the_silence_asks_anew_and_the_old_answer_counts_for_nothing(stage):
    s = stage(response=None)
    up = s.phrase()
    s.run(up + 0.5)
    s.cc(up + 0.6, 64, 127)
    s.event(Predicted(s.requests[0].id, (ResponseNote(99, 0, 1, 1),), 0.1))
    s.run(up + 2.0)
    assert len(s.requests) == 2
    s.event(Predicted(s.requests[1].id, (ResponseNote(60, 0, 1, 1),), 0.1))
    s.run(10)
    assert [note for _, kind, note in s.sent() if kind == "note_on"] == [60]


def test_a_new_key_in_the_silence_goes_on_with_the_call(stage):
    s = stage()
    up = s.phrase()
    s.on(up + 0.6, 62)
    s.off(up + 0.9, 62)
    s.run(up + 10)
    [call] = s.published(CallEnded)
    assert len(call.notes) == 4


def test_the_first_key_ends_the_response_at_once(stage):
    s = stage()
    s.phrase()
    s.on(2.4, 72)
    s.run(2.5)
    assert s.sent() == [
        (2.1, "note_on", 60),
        (2.3, "note_on", 64),
        (2.4, "control_change", 64),
        (2.4, "note_off", 60),
        (2.4, "note_off", 64),
    ]
    assert s.published(ResponseEnded)[0].interrupted
    assert s.state is Playing
    s.off(2.6, 72)
    s.run(3.2)
    assert [note.pitch for note in s.requests[-1].context] == [50, 53, 57, 60, 64, 72]
    assert s.requests[-1].response == 1


def test_who_plays_on_another_channel_is_told_once_that_nobody_listens(stage):
    s = stage(channel=2)
    for moment in (1, 2):
        s.on(moment, 60, channel=0)
        s.off(moment + 0.5, 60, channel=0)
    s.on(3, 60, channel=2)
    s.on(4, 60, velocity=0, channel=2)
    s.on(4, 61, velocity=0, channel=2)  # down before anybody listened
    assert [notice.channel for notice in s.published(Unheard)] == [0]


def test_a_pedal_or_a_drum_does_not_end_the_response(stage):
    s = stage()
    s.phrase()
    s.cc(2.2, 64, 127)
    s.on(2.25, 36, channel=9)
    s.midi(2.3, Message("clock"))
    s.run(10)
    assert not s.published(ResponseEnded)[0].interrupted


def test_the_window_is_of_the_player_alone_where_asked(stage):
    s = stage(window_of_both=False)
    s.phrase()
    s.run(5)
    s.phrase(6)
    s.run(10)
    assert [note.pitch for note in s.requests[-1].context] == [50, 53, 57] * 2


def test_the_window_keeps_its_size(stage):
    s = stage(window=4)
    s.phrase()
    s.run(5)
    s.phrase(6)
    s.run(10)
    assert [note.pitch for note in s.requests[-1].context] == [67, 50, 53, 57]


def test_a_late_answer_starts_when_it_comes(stage):
    s = stage(response=None)
    s.phrase()
    s.run(2.5)
    assert s.session.next_due is None
    s.event(Predicted(s.requests[0].id, (ResponseNote(60, 0, 1, 1),), 0.9), 2.5)
    assert s.sent() == [(2.5, "note_on", 60)]
    assert s.published(ResponseStarted)[0].late == pytest.approx(0.4)


def test_an_empty_answer_is_no_response(stage):
    s = stage(response=())
    s.phrase()
    s.run(5)
    assert s.published(NoResponse)[0].why == "the model returned no notes"
    assert s.state is Listening


def test_a_model_that_fails_costs_one_response(stage):
    s = stage(response=None)
    s.phrase()
    s.run(2.0)
    s.event(Failed(s.requests[0].id, "out of order"))
    s.event(Failed(99, "of another request"))
    assert [n.why for n in s.published(NoResponse)] == ["out of order"]
    s.response = (ResponseNote(60, 0, 1, 1),)
    s.phrase(3)
    s.run(10)
    assert s.published(ResponseStarted)


# What is known of the notes.


def test_notes_are_known_when_they_begin(stage):
    """Thirty melody notes under a bass note that is held: all of them are in the context."""
    s = stage(response=None, window=50)
    s.on(0, 36)
    for i in range(30):
        s.on(0.1 + i * 0.2, 60 + i)
        s.off(0.2 + i * 0.2, 60 + i)
    s.off(7, 36)
    s.run(8)
    context = s.requests[0].context
    assert [note.pitch for note in context] == [36, *range(60, 90)]
    assert context[0].duration == pytest.approx(7)
    assert [note.duration for note in context[1:]] == pytest.approx([0.1] * 30)


def test_notes_and_pedals_are_told_as_they_begin_and_end(stage):
    s = stage(response=None)
    s.cc(0, 64, 127)
    s.on(1, 60, 77)
    s.cc(1.5, 64, 0)
    s.off(2, 60)
    assert [(n.part, n.pitch, n.velocity, n.at, n.port) for n in s.published(NoteStarted)] == [
        (Part.CALL, 60, 77, 1, "keys"),
    ]
    [ended] = s.published(NoteEnded)
    assert (ended.part, ended.note.pitch, ended.note.onset, ended.note.duration) == (Part.CALL, 60, 1, 1)
    assert [(moved.control, moved.down, moved.at) for moved in s.published(PedalMoved)] == [
        (64, True, 0),
        (64, False, 1.5),
    ]


def test_notes_of_the_response_are_told_with_how_late_they_are(stage):
    s = stage()
    s.phrase()
    s.run(2.25)
    s.now = at(2.35)
    s.step()
    started = [n for n in s.published(NoteStarted) if n.part is Part.RESPONSE]
    assert [(n.pitch, n.late) for n in started] == [(60, 0), (64, pytest.approx(0.05))]
    s.run(10)
    ended = [n.note for n in s.published(NoteEnded) if n.part is Part.RESPONSE]
    assert [(n.pitch, n.onset, n.duration) for n in ended] == [
        (60, pytest.approx(2.1), pytest.approx(0.5)),
        (64, pytest.approx(2.3), pytest.approx(0.5)),
        (67, pytest.approx(3.1), pytest.approx(0.25)),
    ]


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


# The model is late.


def test_a_pedal_that_moves_after_the_call_does_not_ask_a_late_model_again(stage):
    s = stage(response=None)
    s.cc(0, 64, 127)
    up = s.phrase()
    s.run(up + 2.0)
    for i in range(10):
        s.cc(up + 2.1 + i * 0.1, 64, 127 * (i % 2))
    assert len(s.requests) == 1
    s.event(Predicted(s.requests[0].id, (ResponseNote(60, 0, 1, 1),), 3.0), up + 3.2)
    assert s.published(ResponseStarted)[0].late == pytest.approx(1.2)


# Settings that change.


def test_new_settings_apply_to_the_next_response(stage):
    s = stage()
    s.phrase()
    s.run(5)
    s.change(5, silence=0.3, response_min=0.5, response_max=1.2, window=2)
    up = s.phrase(6)
    s.run(up + 0.3)
    request = s.requests[-1]
    assert (request.length, request.longest, request.window) == (1.2, 1.2, 2)
    assert [note.pitch for note in request.context] == [53, 57]
    assert s.published(ResponseStarted)[-1].at == pytest.approx(up + 0.3)


def test_a_response_that_plays_is_not_touched_by_new_settings(stage):
    s = stage()
    s.phrase()
    s.run(2.4)
    s.change(2.4, silence=0.3, window=2, panic=None)
    s.run(10)
    assert s.sent() == RESPONSE_OF_60_64_67


def test_another_channel_is_listened_to_at_once(stage):
    s = stage()
    s.change(0, channel=3)
    s.on(1, 60)
    s.off(1.1, 60)
    s.run(3)
    assert not s.requests
    s.on(4, 60, channel=3)
    s.off(4.1, 60, channel=3)
    s.run(6)
    assert s.requests


def test_a_key_struck_again_after_its_channel_was_left_ends_the_call_all_the_same(stage):
    s = stage()
    s.on(0, 60)
    s.change(1, channel=3)
    s.on(2, 60)
    s.run(4)
    assert s.published(ResponseStarted)[0].at == pytest.approx(2.7)


# Inputs.


def test_what_a_closed_input_still_sends_is_nothing(stage):
    s = stage(inputs=[keyboard(), midi_file()])
    s.close_input(1)
    s.event(Received(on(60), at(1), s.input), 1)
    assert s.sends == []
    assert s.state is Listening


def test_an_input_that_comes_back_is_heard_again(stage):
    s = stage()
    s.on(0, 60)
    s.close_input(1)
    s.event(keyboard(), 2)
    up = s.phrase(3)
    s.run(up + 1)
    assert [started.at for started in s.published(ResponseStarted)] == pytest.approx([1.7, up + 0.7])
    assert not s.session.finished


def test_an_input_that_comes_back_without_having_been_closed_lets_its_keys_go(stage):
    s = stage()
    s.on(0, 60)
    s.event(keyboard(), 1)
    s.run(2)
    assert s.published(ResponseStarted)[0].at == pytest.approx(1.7)
    assert (0, 60) not in s.sounding()
