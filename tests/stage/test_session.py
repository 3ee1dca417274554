"""Whose turn it is: each rule of the conversation, in virtual time."""

from __future__ import annotations

import pytest
from mido import Message
from virtual_stage import RESPONSE_OF_60_64_67, at

from livegen.stage.conversation import Listening, Playing
from livegen.stage.effects import (
    CallEnded,
    NoResponse,
    NoteEnded,
    NoteStarted,
    PedalMoved,
    ResponseEnded,
    ResponseStarted,
    Unheard,
)
from livegen.stage.events import Failed, Part, Predicted, ResponseNote
from livegen.stage.silence import LEAD, PEDAL_GRACE


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
