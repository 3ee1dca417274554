"""What leaves the stage beside a response that takes its course: panic, thru, what is late, and every way out."""

from __future__ import annotations

import pytest
from mido import Message

from livegen.note import MonotonicTime
from livegen.stage.control import Control
from livegen.stage.events import (
    Ended,
    Panic,
    Part,
    Received,
    ResponseEnded,
    ResponseStarted,
    Silenced,
    Stop,
)
from livegen.stage.performance import Manners
from livegen.stage.voice import Voice


def at(seconds: float) -> MonotonicTime:
    return MonotonicTime(seconds)


def test_panic_ends_a_response_and_a_call(stage):
    s = stage()
    s.phrase()
    s.event(Panic(MonotonicTime(2.2)), 2.2)
    assert s.sent()[-2:] == [(2.2, "control_change", 64), (2.2, "note_off", 60)]
    s.phrase(3)
    s.event(Panic(MonotonicTime(4.5)), 4.5)
    s.run(20)
    assert len(s.told(ResponseStarted)) == 1
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
    assert kinds == [Part.CALL, Part.RESPONSE, Part.RESPONSE, Part.RESPONSE]


def test_without_thru_the_player_is_not_passed_on(stage):
    s = stage(voices=[Voice(thru=False, channel=0)])
    s.phrase()
    s.run(10)
    assert {send.part for _, send in s.sends} == {Part.RESPONSE}


def test_two_outputs_get_the_response_each_on_its_channel(stage):
    s = stage(voices=[Voice(thru=True, channel=1), Voice(thru=False, channel=0)])
    s.phrase()
    s.run(10)
    assert s.sent(0, 1) == s.sent(1, 0)
    assert [key for _, kind, key in s.sent(0, 1) if kind == "note_on"] == [60, 64, 67]


def test_notes_over_100_ms_late_are_dropped_whole_and_releases_never(stage):
    s = stage()
    s.phrase()
    s.run(2.35)
    s.now = MonotonicTime(3.3)  # the machine slept
    s.step()
    s.run(10)
    assert s.sent()[2:] == [(3.3, "note_off", 60), (3.3, "note_off", 64)]
    assert s.told(ResponseEnded)[0].dropped == 1


def test_a_file_that_ends_releases_its_keys_and_is_answered_before_it_is_over(stage):
    s = stage()
    s.cc(0, 64, 127)
    s.on(0, 60)
    s.event(Ended(MonotonicTime(1.0)), 1.0)
    assert not s.performance.finished
    s.run(10)
    assert s.told(ResponseStarted)[0].at == pytest.approx(1.7)
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


def test_closing_in_a_response_releases_it(stage):
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
    assert not s.told(ResponseEnded)[0].interrupted
    assert len([x for x in s.sent() if x[1] == "note_on"]) == 3


def test_a_key_that_bounces_is_the_players_though_it_was_passed_on(stage):
    s = stage(echoes=True)
    s.on(0.0, 60, velocity=80)
    s.off(0.3, 60)
    s.on(0.31, 60, velocity=31)
    s.off(0.322, 60)
    s.run(5.0)
    assert [kind for _, kind, _ in s.sent(channel=0)] == ["note_on", "note_off", "note_on", "note_off"]
    assert len(s.told(ResponseEnded)) == 1


def test_a_clock_is_passed_on_whole(stage):
    s = stage(echoes=True)
    for tick in range(48):
        s.midi(tick * 0.02, Message("clock"))
    assert len(s.sends) == 48


def test_a_note_never_ends_before_it_began(stage):
    """The key that ends the response may be stamped before a note that was sent while it was on its way to us."""
    s = stage()
    s.phrase()
    s.run(2.3)
    s.now = at(2.301)
    s.event(Received(Message("note_on", note=40, velocity=64), at(2.299)))
    struck, let_go = (
        next(send.at for _, send in s.sends if send.message.type == kind and send.message.note == 64)
        for kind in ("note_on", "note_off")
    )
    assert struck == 2.3
    assert let_go >= struck


def test_a_broken_output_is_released_and_left_out(stage):
    s = stage(voices=[Voice(thru=True, channel=1), Voice(thru=True, channel=1)])
    s.phrase()
    s.run(2.4)
    last = [send.message for send in s.performance.leave_out(0, s.now)]
    assert {m.note for m in last if m.type == "note_off"} == {60, 64}
    assert list(s.performance.outputs) == [1]
    before = len(s.sends)
    s.run(10)
    assert {send.output for _, send in s.sends[before:]} == {1}


def test_stop_is_for_the_loop_alone(stage):
    s = stage()
    s.event(Stop("SIGTERM"), 1.0)
    assert s.sends == []
    assert s.notices == []
