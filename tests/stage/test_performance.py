"""Whose turn it is: each rule of the conversation, in virtual time."""

from __future__ import annotations

import pytest
from mido import Message

from livegen.stage.events import (
    CallEnded,
    Failed,
    NoResponse,
    NoteStarted,
    Part,
    Predicted,
    ResponseEnded,
    ResponseNote,
    ResponseStarted,
    Unheard,
)
from livegen.stage.performance import BREATH, LEAD, Manners, Turn

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
    assert s.performance.turn is Turn.IDLE
    [started] = s.told(ResponseStarted)
    assert (started.notes, started.waited, started.late) == (3, pytest.approx(0.7), 0)
    assert started.seconds == pytest.approx(1.25)
    [ended] = s.told(ResponseEnded)
    assert (ended.played, ended.dropped, ended.interrupted) == (3, 0, False)
    [call] = s.told(CallEnded)
    assert [note.pitch for note in call.notes] == [50, 53, 57]
    assert [n.pitch for n in s.told(NoteStarted) if n.part is Part.RESPONSE] == [60, 64, 67]


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
    assert s.told(ResponseStarted)


def test_a_long_call_gets_a_response_of_eight_seconds(stage):
    s = stage()
    s.on(0, 60)
    s.off(20, 60)
    s.run(21)
    assert s.requests[0].length == 8.0


def test_a_held_key_keeps_the_turn(stage):
    s = stage()
    s.on(0, 40)
    s.phrase(0.1)
    s.run(30)
    assert not s.requests
    s.off(30, 40)
    s.run(31)
    assert s.told(ResponseStarted)


def test_the_sustain_pedal_delays_but_does_not_block(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.run(10)
    assert s.told(ResponseStarted)[0].at == pytest.approx(up + 2.0)


def test_the_soft_pedal_does_not_delay(stage):
    s = stage()
    s.cc(0, 67, 127)
    up = s.phrase()
    s.run(10)
    assert s.told(ResponseStarted)[0].at == pytest.approx(up + 0.7)


def test_a_pedal_let_go_in_the_silence_brings_the_response_forward(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.cc(up + 0.2, 64, 0)
    s.run(10)
    assert s.told(ResponseStarted)[0].at == pytest.approx(up + 0.7)


def test_a_pedal_let_go_after_the_silence_hands_over_a_breath_later(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.cc(up + 1.2, 64, 0)
    s.run(10)
    assert s.told(ResponseStarted)[0].at == pytest.approx(up + 1.2 + BREATH)
    assert s.told(ResponseStarted)[0].late == pytest.approx(0)
    assert s.requests[-1].gap == pytest.approx(1.2 + BREATH + 0.4)


def test_a_pedal_change_that_moves_nothing_asks_nothing_anew(stage):
    s = stage()
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
    [call] = s.told(CallEnded)
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
    assert s.told(ResponseEnded)[0].interrupted
    assert s.performance.turn is Turn.CALL
    s.off(2.6, 72)
    s.run(3.2)
    assert [note.pitch for note in s.requests[-1].context] == [50, 53, 57, 60, 64, 72]
    assert s.requests[-1].response == 1


def test_who_plays_on_another_channel_is_told_once_that_nobody_listens(stage):
    s = stage(Manners(channel=2))
    for moment in (1, 2):
        s.on(moment, 60, channel=0)
        s.off(moment + 0.5, 60, channel=0)
    s.on(3, 60, channel=2)
    s.on(4, 60, velocity=0, channel=2)
    s.on(4, 61, velocity=0, channel=2)  # down before anybody listened
    assert [notice.channel for notice in s.told(Unheard)] == [0]


def test_a_pedal_or_a_drum_does_not_end_the_response(stage):
    s = stage()
    s.phrase()
    s.cc(2.2, 64, 127)
    s.on(2.25, 36, channel=9)
    s.midi(2.3, Message("clock"))
    s.run(10)
    assert not s.told(ResponseEnded)[0].interrupted


def test_the_window_is_of_the_player_alone_where_asked(stage):
    s = stage(Manners(window_of_both=False))
    s.phrase()
    s.run(5)
    s.phrase(6)
    s.run(10)
    assert [note.pitch for note in s.requests[-1].context] == [50, 53, 57] * 2


def test_the_window_keeps_its_size(stage):
    s = stage(Manners(window=4))
    s.phrase()
    s.run(5)
    s.phrase(6)
    s.run(10)
    assert [note.pitch for note in s.requests[-1].context] == [67, 50, 53, 57]


def test_a_late_answer_starts_when_it_comes(stage):
    s = stage(response=None)
    s.phrase()
    s.run(2.5)
    assert s.performance.next_due is None
    s.event(Predicted(s.requests[0].id, (ResponseNote(60, 0, 1, 1),), 0.9), 2.5)
    assert s.sent() == [(2.5, "note_on", 60)]
    assert s.told(ResponseStarted)[0].late == pytest.approx(0.4)


def test_an_empty_answer_is_no_response(stage):
    s = stage(response=())
    s.phrase()
    s.run(5)
    assert s.told(NoResponse)[0].why == "the model had nothing to say"
    assert s.performance.turn is Turn.IDLE


def test_a_model_that_fails_costs_one_response(stage):
    s = stage(response=None)
    s.phrase()
    s.run(2.0)
    s.event(Failed(s.requests[0].id, "out of order"))
    s.event(Failed(99, "of another request"))
    assert [n.why for n in s.told(NoResponse)] == ["out of order"]
    s.response = (ResponseNote(60, 0, 1, 1),)
    s.phrase(3)
    s.run(10)
    assert s.told(ResponseStarted)
