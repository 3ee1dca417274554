"""Whose turn it is: each rule of the conversation, in virtual time."""

from __future__ import annotations

import pytest
from mido import Message

from livegen.note import PEDAL_UP, MonotonicTime, Pedal
from livegen.stage.control import Control
from livegen.stage.events import (
    CallEnded,
    Ended,
    Failed,
    NoReply,
    NoteStarted,
    Panic,
    Part,
    Predicted,
    ReplyEnded,
    ReplyNote,
    ReplyStarted,
    Silenced,
    Stop,
)
from livegen.stage.performance import LEAD, Manners, Turn
from livegen.stage.voice import Voice

REPLY_OF_60_64_67 = [
    (2.1, "note_on", 60),
    (2.3, "note_on", 64),
    (2.6, "note_off", 60),
    (2.8, "note_off", 64),
    (3.1, "note_on", 67),
    (3.35, "note_off", 67),
]

PEDALLED = (
    ReplyNote(60, 0.0, 0.5, 80, Pedal(down=True, pressed=0.3)),
    ReplyNote(64, 0.2, 0.5, 70, Pedal(down=True)),
    ReplyNote(67, 1.0, 0.25, 60, Pedal(down=True, pressed=0.2, lifted=0.4)),
)


def test_a_phrase_is_answered_after_the_silence(stage):
    s = stage()
    up = s.phrase()
    s.run(10)
    assert s.sent() == REPLY_OF_60_64_67
    assert up + 0.7 == pytest.approx(2.1)
    assert s.performance.turn is Turn.IDLE
    [started] = s.told(ReplyStarted)
    assert (started.notes, started.waited, started.late) == (3, pytest.approx(0.7), 0)
    assert started.seconds == pytest.approx(1.25)
    [ended] = s.told(ReplyEnded)
    assert (ended.played, ended.dropped, ended.interrupted) == (3, 0, False)
    [call] = s.told(CallEnded)
    assert [note.pitch for note in call.notes] == [50, 53, 57]
    assert [n.pitch for n in s.told(NoteStarted) if n.part is Part.REPLY] == [60, 64, 67]


def test_the_request_is_made_ahead_and_carries_the_gap_that_will_have_passed(stage):
    s = stage(reply=None)
    s.phrase()
    s.run(2.1 - LEAD - 0.01)
    assert not s.requests
    s.run(2.1)
    [request] = s.requests
    assert [note.pitch for note in request.context] == [50, 53, 57]
    assert request.gap == pytest.approx(2.1 - 1.0)
    assert request.length == pytest.approx(1.4)
    assert request.reply == 0


def test_one_note_is_answered(stage):
    s = stage()
    s.on(0, 60)
    s.off(0.1, 60)
    s.run(5)
    assert len(s.requests[0].context) == 1
    assert s.requests[0].length == 1.0
    assert s.told(ReplyStarted)


def test_a_long_call_gets_a_reply_of_eight_seconds(stage):
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
    assert s.told(ReplyStarted)


def test_the_sustain_pedal_delays_but_does_not_block(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.run(10)
    assert s.told(ReplyStarted)[0].at == pytest.approx(up + 2.0)


def test_the_soft_pedal_does_not_delay(stage):
    s = stage()
    s.cc(0, 67, 127)
    up = s.phrase()
    s.run(10)
    assert s.told(ReplyStarted)[0].at == pytest.approx(up + 0.7)


def test_a_pedal_let_go_in_the_silence_brings_the_reply_forward(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.cc(up + 0.2, 64, 0)
    s.run(10)
    assert s.told(ReplyStarted)[0].at == pytest.approx(up + 0.7)


def test_a_pedal_let_go_after_the_silence_hands_over_at_once(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.cc(up + 1.2, 64, 0)
    s.run(10)
    assert s.told(ReplyStarted)[0].at == pytest.approx(up + 1.2)
    assert s.requests[-1].gap == pytest.approx(1.2 + 0.4)


def test_a_pedal_change_that_moves_nothing_asks_nothing_anew(stage):
    s = stage()
    up = s.phrase()
    s.run(up + 0.5)
    s.cc(up + 0.55, 67, 127)
    s.run(10)
    assert len(s.requests) == 1


def test_a_pedal_pressed_in_the_silence_asks_anew_and_the_old_answer_counts_for_nothing(stage):
    s = stage(reply=None)
    up = s.phrase()
    s.run(up + 0.5)
    s.cc(up + 0.6, 64, 127)
    s.event(Predicted(s.requests[0].id, (ReplyNote(99, 0, 1, 1),), 0.1))
    s.run(up + 2.0)
    assert len(s.requests) == 2
    s.event(Predicted(s.requests[1].id, (ReplyNote(60, 0, 1, 1),), 0.1))
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


def test_the_first_key_ends_the_reply_at_once(stage):
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
    assert s.told(ReplyEnded)[0].interrupted
    assert s.performance.turn is Turn.CALL
    s.off(2.6, 72)
    s.run(3.2)
    assert [note.pitch for note in s.requests[-1].context] == [50, 53, 57, 60, 64, 72]
    assert s.requests[-1].reply == 1


def test_a_pedal_or_a_drum_does_not_end_the_reply(stage):
    s = stage()
    s.phrase()
    s.cc(2.2, 64, 127)
    s.on(2.25, 36, channel=9)
    s.midi(2.3, Message("clock"))
    s.run(10)
    assert not s.told(ReplyEnded)[0].interrupted


def test_a_reply_brings_its_own_pedal_and_lifts_it_at_its_end(stage):
    s = stage(reply=PEDALLED)
    s.phrase()
    s.run(4)
    assert s.pedal() == [(2.1, 127), (2.7, 0), (2.9, 127), (3.35, 0)]
    assert s.sent()[:2] == [(2.1, "control_change", 64), (2.1, "note_on", 60)]
    assert s.sent()[-2:] == [(3.35, "note_off", 67), (3.35, "control_change", 64)]
    [ended] = s.told(ReplyEnded)
    assert (ended.played, ended.interrupted, ended.at) == (3, False, pytest.approx(3.35))
    s.phrase(5)
    s.run(15)
    assert s.pedal()[4:] == [(7.1, 127), (7.7, 0), (7.9, 127), (8.35, 0)]


def test_a_reply_that_needs_no_pedal_sends_none(stage):
    s = stage()
    s.phrase()
    s.run(10)
    assert s.pedal() == []


def test_the_first_key_lifts_our_pedal_before_it_ends_what_sounds(stage):
    s = stage(reply=PEDALLED)
    s.phrase()
    s.on(2.4, 72)
    s.run(2.5)
    assert s.sent()[-3:] == [(2.4, "control_change", 64), (2.4, "note_off", 60), (2.4, "note_off", 64)]
    assert s.pedal() == [(2.1, 127), (2.4, 0)]
    s.off(2.6, 72)
    s.run(2.9)
    assert s.pedal() == [(2.1, 127), (2.4, 0)]  # what was to come of it is forgotten


def test_panic_lifts_our_pedal(stage):
    s = stage(reply=PEDALLED)
    s.phrase()
    s.event(Panic(MonotonicTime(2.2)), 2.2)
    s.run(10)
    assert s.pedal() == [(2.1, 127), (2.2, 0)]


def test_closing_lifts_our_pedal(stage):
    s = stage(reply=PEDALLED)
    s.phrase()
    s.run(2.2)
    assert s.pedal() == [(2.1, 127)]
    last = [send.message for send in s.performance.close(s.now)]
    assert last[:2] == [
        Message("control_change", channel=1, control=64, value=0),
        Message("note_off", channel=1, note=60),
    ]


def test_every_output_gets_our_pedal_and_the_player_keeps_theirs(stage):
    s = stage(voices=[Voice(thru=True, channel=1), Voice(thru=False, channel=0)], reply=PEDALLED)
    s.cc(0, 64, 127)
    up = s.phrase()
    s.run(up + 2.3)
    assert s.pedal(0, 1) == [(3.4, 127)]
    assert s.pedal(1, 0) == []  # their foot is down there
    assert s.pedal(0, 0) == []
    s.cc(up + 2.3, 64, 0)
    s.run(10)
    assert s.pedal(0, 1) == [(3.4, 127), (4.0, 0), (4.2, 127), (4.65, 0)]
    assert s.pedal(1, 0) == [(3.7, 127), (4.0, 0), (4.2, 127), (4.65, 0)]  # from when their foot left
    assert s.pedal(0, 0) == []


@pytest.mark.parametrize(
    ("thru", "foot"),
    [(False, 0), (True, 3)],  # their instrument gets nothing of their foot, or only on the foot's own channel
)
@pytest.mark.parametrize("interrupted", [False, True])
def test_our_pedal_on_a_shared_channel_goes_up_with_the_players_foot(stage, thru, foot, interrupted):
    s = stage(voices=[Voice(thru=thru, channel=0)], reply=PEDALLED)
    s.phrase()
    s.cc(2.2, 64, 127, channel=foot)
    if interrupted:
        s.on(2.5, 72)
        s.off(2.6, 72)
    s.run(4)
    s.event(Panic(s.now))  # whatever was asked for meanwhile
    assert s.pedal(0, 0) == [(2.1, 127)]
    s.cc(5, 64, 0, channel=foot)
    assert s.pedal(0, 0) == [(2.1, 127), (5, 0)]


def test_our_pedal_goes_up_when_the_input_ends_under_key_and_foot(stage):
    s = stage(voices=[Voice(thru=False, channel=0)], reply=PEDALLED)
    s.phrase()
    s.cc(2.2, 64, 127)
    s.on(2.5, 72)
    s.event(Ended(MonotonicTime(3.0)), 3.0)
    assert s.pedal(0, 0) == [(2.1, 127), (3.0, 0)]


def test_the_players_pedal_is_in_the_window_and_so_is_ours(stage):
    s = stage(reply=PEDALLED)
    s.on(0, 50)
    s.cc(0.25, 64, 127)
    s.on(1, 53)
    s.off(1.25, 50)
    s.off(1.25, 53)
    s.cc(1.5, 64, 0)
    s.run(5)
    s.on(6, 57)
    s.off(6.5, 57)
    s.run(10)
    theirs = [PEDAL_UP, Pedal(down=True, pressed=0.75)]
    assert [note.pedal for note in s.requests[0].context] == theirs
    ours = [note.pedal for note in PEDALLED]
    assert [note.pedal for note in s.requests[1].context] == [*theirs, *ours, Pedal(pressed=5.75, lifted=4.5)]


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
    s = stage(reply=None)
    s.phrase()
    s.run(2.5)
    assert s.performance.next_due is None
    s.event(Predicted(s.requests[0].id, (ReplyNote(60, 0, 1, 1),), 0.9), 2.5)
    assert s.sent() == [(2.5, "note_on", 60)]
    assert s.told(ReplyStarted)[0].late == pytest.approx(0.4)


def test_an_empty_answer_is_no_reply(stage):
    s = stage(reply=())
    s.phrase()
    s.run(5)
    assert s.told(NoReply)[0].why == "the model had nothing to say"
    assert s.performance.turn is Turn.IDLE


def test_a_model_that_fails_costs_one_reply(stage):
    s = stage(reply=None)
    s.phrase()
    s.run(2.0)
    s.event(Failed(s.requests[0].id, "out of order"))
    s.event(Failed(99, "of another request"))
    assert [n.why for n in s.told(NoReply)] == ["out of order"]
    s.reply = (ReplyNote(60, 0, 1, 1),)
    s.phrase(3)
    s.run(10)
    assert s.told(ReplyStarted)


def test_panic_ends_a_reply_and_a_call(stage):
    s = stage()
    s.phrase()
    s.event(Panic(MonotonicTime(2.2)), 2.2)
    assert s.sent()[-2:] == [(2.2, "control_change", 64), (2.2, "note_off", 60)]
    s.phrase(3)
    s.event(Panic(MonotonicTime(4.5)), 4.5)
    s.run(20)
    assert len(s.told(ReplyStarted)) == 1
    assert len(s.told(Silenced)) == 2


def test_a_panic_pedal_silences_and_is_not_passed_on(stage):
    s = stage(Manners(panic=Control.parse("sostenuto")))
    s.phrase()
    s.cc(2.2, 66, 127)
    s.cc(2.3, 66, 0)
    assert len(s.told(Silenced)) == 1
    assert not [c for _, _, c in s.sent(channel=0) if c == 66]


def test_thru_goes_out_first_and_in_order(stage):
    s = stage()
    s.phrase()
    messages = [Message("pitchwheel", pitch=5), Message("aftertouch", value=3), Message("sysex", data=(1, 2))]
    for message in messages:
        s.midi(2.2, message)
    s.on(2.4, 72)
    assert [send.message for _, send in s.sends if send.part is Part.CALL][-4:-1] == messages
    kinds = [send.part for when, send in s.sends if when == 2.4]
    assert kinds == [Part.CALL, Part.REPLY, Part.REPLY, Part.REPLY]


def test_without_thru_the_player_is_not_passed_on(stage):
    s = stage(voices=[Voice(thru=False, channel=0)])
    s.phrase()
    s.run(10)
    assert {send.part for _, send in s.sends} == {Part.REPLY}


def test_two_outputs_get_the_reply_each_on_its_channel(stage):
    s = stage(voices=[Voice(thru=True, channel=1), Voice(thru=False, channel=0)])
    s.phrase()
    s.run(10)
    assert s.sent(0, 1) == s.sent(1, 0) == REPLY_OF_60_64_67


def test_notes_over_100_ms_late_are_dropped_whole_and_releases_never(stage):
    s = stage()
    s.phrase()
    s.run(2.35)
    s.now = MonotonicTime(3.3)  # the machine slept
    s.step()
    s.run(10)
    assert s.sent()[2:] == [(3.3, "note_off", 60), (3.3, "note_off", 64)]
    assert s.told(ReplyEnded)[0].dropped == 1


def test_our_pedal_moves_however_late(stage):
    s = stage(reply=PEDALLED)
    s.phrase()
    s.run(2.35)
    s.now = MonotonicTime(3.3)  # the machine slept
    s.step()
    assert s.pedal() == [(2.1, 127), (3.3, 0), (3.3, 127), (3.3, 0)]
    assert s.performance.turn is Turn.IDLE


def test_a_file_that_ends_releases_its_keys_and_is_answered_before_it_is_over(stage):
    s = stage()
    s.cc(0, 64, 127)
    s.on(0, 60)
    s.event(Ended(MonotonicTime(1.0)), 1.0)
    assert not s.performance.finished
    s.run(10)
    assert s.told(ReplyStarted)[0].at == pytest.approx(1.7)
    assert s.performance.finished


def test_it_is_not_over_before_all_inputs_have_ended(stage):
    s = stage(inputs=2)
    s.event(Ended(MonotonicTime(1.0)), 1.0)
    assert not s.performance.finished
    s.event(Ended(MonotonicTime(1.0), port=1), 1.0)
    assert s.performance.finished


def test_closing_releases_everything_ours_and_theirs(stage):
    s = stage()
    s.cc(0, 64, 127)
    s.on(0.1, 30)
    s.off(0.2, 30)
    s.run(2.3)
    s.on(2.4, 31)
    last = [send.message for send in s.performance.close(s.now)]
    assert Message("control_change", channel=0, control=64, value=0) in last
    assert Message("note_off", channel=0, note=31) in last
    assert s.performance.close(s.now) == []


def test_closing_in_a_reply_releases_it(stage):
    s = stage()
    s.phrase()
    s.run(2.4)
    last = [send.message for send in s.performance.close(s.now)]
    assert {m.note for m in last if m.type == "note_off"} == {60, 64}
    assert last[0] == Message("control_change", channel=1, control=64, value=0)
    assert s.performance.take_notices()[-1].interrupted


def test_what_is_heard_back_is_not_the_player(stage):
    s = stage(echoes=True)
    s.phrase()
    s.run(2.1)
    s.midi(2.105, Message("note_on", channel=1, note=60, velocity=80))
    s.run(10)
    assert not s.told(ReplyEnded)[0].interrupted
    assert len([x for x in s.sent() if x[1] == "note_on"]) == 3


def test_stop_is_for_the_loop_alone(stage):
    s = stage()
    s.event(Stop("SIGTERM"), 1.0)
    assert s.sends == []
    assert s.notices == []
