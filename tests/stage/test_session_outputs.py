"""What leaves the stage beside a response that takes its course: panic, thru, what is late, and every way out."""

from __future__ import annotations

import pytest
from mido import Message
from virtual_stage import at, cc, keyboard, midi_file, off, on, own_instrument, port, recorder, synth

from livegen.stage.control import Control
from livegen.stage.effects import NoResponse, ResponseEnded, ResponseStarted, Silenced, ThruChanged
from livegen.stage.events import OutputClosed, Panic, Part, PortId, Received


def test_panic_ends_a_response_and_a_call(stage):
    s = stage()
    s.phrase()
    s.event(Panic(at(2.2)), 2.2)
    assert s.sent()[1:3] == [(2.2, "control_change", 64), (2.2, "note_off", 60)]
    s.phrase(3)
    s.event(Panic(at(4.5)), 4.5)
    s.run(20)
    assert len(s.published(ResponseStarted)) == 1
    assert len(s.published(Silenced)) == 2


def test_a_panic_pedal_silences_and_is_not_forwarded(stage):
    s = stage(panic=Control.parse("sostenuto"))
    s.phrase()
    s.cc(2.2, 66, 127)
    s.cc(2.3, 66, 0)
    assert len(s.published(Silenced)) == 1
    assert not [message for message in s.forwarded() if message.is_cc(66)]


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


def test_without_thru_the_player_is_not_forwarded(stage):
    s = stage(outputs=[own_instrument()])
    s.phrase()
    s.run(10)
    assert {send.part for _, send in s.sends} == {Part.RESPONSE}


def test_two_outputs_get_the_response_each_on_its_channel(stage):
    s = stage(outputs=[synth(), own_instrument()])
    s.phrase()
    s.run(10)
    assert s.sent("synth", 1) == s.sent("own", 0)
    assert [key for _, kind, key in s.sent("synth", 1) if kind == "note_on"] == [60, 64, 67]


def test_notes_over_100_ms_late_are_dropped_whole_and_releases_never(stage):
    s = stage()
    s.phrase()
    s.run(2.35)
    s.now = at(3.3)  # the machine slept
    s.step()
    s.run(10)
    assert s.sent()[2:] == [(3.3, "note_off", 60), (3.3, "note_off", 64)]
    assert s.published(ResponseEnded)[0].dropped == 1


def test_a_file_that_ends_releases_its_keys_and_is_answered_before_it_is_over(stage):
    s = stage(inputs=[midi_file()])
    s.cc(0, 64, 127)
    s.on(0, 60)
    s.close_input(1.0)
    assert not s.session.finished
    s.run(10)
    assert s.published(ResponseStarted)[0].at == pytest.approx(1.7)
    assert s.session.finished
    assert s.sounding() == set()


def test_it_is_not_over_before_all_inputs_have_ended(stage):
    s = stage(inputs=[midi_file("one"), midi_file("two")])
    s.close_input(1.0, "one")
    assert not s.session.finished
    s.close_input(1.0, "two")
    assert s.session.finished


def test_closing_releases_everything_ours_and_theirs(stage):
    s = stage()
    s.cc(0, 64, 127)
    s.on(0.1, 30)
    s.off(0.2, 30)
    s.run(2.3)
    s.on(2.4, 31)
    last = s.close()
    assert Message("control_change", channel=0, control=64, value=0) in last
    assert Message("note_off", channel=0, note=31) in last
    assert s.close() == []


def test_closing_in_a_response_releases_it(stage):
    s = stage()
    s.phrase()
    s.run(2.4)
    last = s.close()
    assert {m.note for m in last if m.type == "note_off"} == {60, 64}
    assert last[0] == Message("control_change", channel=1, control=64, value=0)
    assert s.published(ResponseEnded)[-1].interrupted


def test_what_is_heard_back_is_not_the_player(stage):
    s = stage(outputs=[port()])
    s.phrase()
    s.run(2.1)
    s.midi(2.105, Message("note_on", channel=1, note=60, velocity=80))
    s.run(10)
    assert not s.published(ResponseEnded)[0].interrupted
    assert len([x for x in s.sent() if x[1] == "note_on"]) == 3


def test_a_key_that_bounces_is_the_players_though_it_was_forwarded(stage):
    s = stage(outputs=[port()])
    s.on(0.0, 60, velocity=80)
    s.off(0.3, 60)
    s.on(0.31, 60, velocity=31)
    s.off(0.322, 60)
    s.run(5.0)
    assert [kind for _, kind, _ in s.sent(channel=0)] == ["note_on", "note_off", "note_on", "note_off"]
    assert len(s.published(ResponseEnded)) == 1


def test_a_clock_is_forwarded_whole(stage):
    s = stage(outputs=[port()])
    for tick in range(48):
        s.midi(tick * 0.02, Message("clock"))
    assert len(s.sends) == 48


def test_a_note_never_ends_before_it_began(stage):
    """The key that ends the response may be stamped before a note that was sent while it was on its way to us."""
    s = stage()
    s.phrase()
    s.run(2.3)
    s.now = at(2.301)
    s.event(Received(on(40), at(2.299), s.input))
    struck, let_go = (
        next(send.at for _, send in s.sends if send.message.type == kind and send.message.note == 64)
        for kind in ("note_on", "note_off")
    )
    assert struck == 2.3
    assert let_go >= struck


def test_a_broken_output_is_released_and_left_out(stage):
    s = stage(outputs=[synth("one"), synth("two")])
    s.phrase()
    s.run(2.4)
    before = len(s.sends)
    s.close_output(2.4, "one")
    last = [send.message for _, send in s.sends[before:]]
    assert {send.output for _, send in s.sends[before:]} == {"one"}
    assert {m.note for m in last if m.type == "note_off"} == {60, 64}
    assert s.session.has_outputs
    before = len(s.sends)
    s.run(10)
    assert {send.output for _, send in s.sends[before:]} == {"two"}
    s.close_output(10, "two")
    assert not s.session.has_outputs


def test_an_output_that_was_never_there_may_be_closed(stage):
    s = stage()
    s.close_output(1, "nowhere")
    assert s.sends == []


# Thru.


@pytest.mark.parametrize(
    ("setting", "output", "thru", "channel"),
    [
        ({}, synth(), True, 1),
        ({}, port(), True, 1),
        ({}, own_instrument(), False, 0),
        ({"thru": True}, own_instrument(), True, 1),
        ({"thru": False}, synth(), False, 0),
        ({"thru": False}, recorder(), True, 1),  # a file gets the player's part whatever the setting says
        ({"response_channel": 4}, synth(), True, 4),
        ({"response_channel": 4}, own_instrument(), False, 4),
    ],
)
def test_which_output_gets_what_the_player_plays(stage, setting, output, thru, channel):
    s = stage(outputs=[output], **setting)
    own = setting.get("thru") is None and output == own_instrument()
    assert s.published(ThruChanged) == [ThruChanged(output.port, thru, channel, output.returns, own)]
    s.phrase()
    s.run(5)
    assert bool(s.forwarded()) is thru
    assert {send.message.channel for _, send in s.sends if send.part is Part.RESPONSE} == {channel}


def test_two_instruments_each_gets_what_is_played_on_the_other(stage):
    s = stage(inputs=[keyboard("a", "DX7")], outputs=[port("one", "DX7"), port("two", "DX21")])
    assert [changed.thru for changed in s.published(ThruChanged)] == [False, True]


def test_an_input_with_the_same_instrument_ends_thru_there(stage):
    """What sounds there is ended first."""
    s = stage(inputs=[keyboard("a", "DX7")], outputs=[port("one", "DX7"), port("two", "DX21")])
    s.on(0, 60)
    s.cc(0, 64, 127)
    before = len(s.sends)
    s.event(keyboard("b", "DX21"), 1)
    assert [(send.output, send.message) for _, send in s.sends[before:]] == [("two", cc(64, 0)), ("two", off(60))]
    assert s.published(ThruChanged)[2:] == [ThruChanged("two", False, 0, True, own=True)]
    s.off(2, 60)
    s.on(3, 62)
    assert len(s.sends) == before + 2
    s.close_input(4, "b")
    assert s.published(ThruChanged)[3:] == [ThruChanged("two", True, 1, True)]


def test_thru_changes_with_its_setting_in_the_middle_of_a_note(stage):
    s = stage()
    s.on(0, 60)
    s.change(1, thru=False)
    assert s.sounding() == set()
    s.off(2, 60)
    s.on(2.2, 62)
    s.change(3, thru=True)
    s.off(4, 62)
    assert s.forwarded() == [on(60), off(62)]
    s.run(10)
    assert s.published(ResponseStarted)
    assert s.sounding() == set()


def test_the_channel_of_a_response_changes_in_its_middle(stage):
    s = stage()
    s.phrase()
    s.run(2.4)
    s.change(2.4, response_channel=5)
    assert s.sounding() == set()
    s.run(10)
    assert s.sent(channel=5) == [(3.1, "note_on", 67), (3.35, "note_off", 67)]


# Outputs that come and go.


def test_an_output_that_is_added_gets_the_next_response(stage):
    s = stage(outputs=[synth("one")])
    s.phrase()
    s.run(5)
    s.event(synth("two"), 5)
    s.phrase(6)
    s.run(12)
    assert [key for _, kind, key in s.sent("two") if kind == "note_on"] == [60, 64, 67]
    assert len(s.forwarded("two")) == 6


def test_an_output_that_is_added_amid_a_response_gets_the_rest_on_a_free_channel(stage):
    s = stage(outputs=[synth("one")])
    s.on(0, 50, channel=1)
    s.off(1, 50, channel=1)
    s.run(2.5)
    s.event(synth("two"), 2.5)
    s.run(12)
    assert s.sent("two", 0) == [(2.7, "note_on", 67), (2.95, "note_off", 67)]
    assert s.sent("two", 1) == []


def test_an_output_that_is_opened_again_is_ended_first(stage):
    s = stage()
    s.on(0, 60)
    s.event(synth(), 1)
    assert s.sounding() == set()
    s.off(2, 60)
    s.run(10)
    assert s.sounding() == set()


def test_without_any_output_it_goes_on(stage):
    s = stage(outputs=[])
    s.phrase()
    s.run(10)
    assert s.published(ResponseEnded) == []
    assert [notice.why for notice in s.published(NoResponse)] == ["no output is there to play on"]
    assert s.close() == []


def test_a_response_ends_with_its_last_output(stage):
    s = stage(outputs=[synth("one")])
    s.phrase()
    s.run(2.1)
    s.event(OutputClosed(PortId("one"), 2.1), 2.1)
    [ended] = s.published(ResponseEnded)
    assert (ended.interrupted, ended.by_player) == (True, False)
    s.event(synth("one"), 2.2)
    s.run(10)
    assert s.sounding() == set()


# Inputs that come and go.


def test_an_input_that_is_closed_ends_its_keys_and_pedals_wherever_they_were_forwarded(stage):
    s = stage(inputs=[keyboard("a"), keyboard("b")], outputs=[synth("one"), recorder("two"), own_instrument()])
    s.on(0, 60, port="a")
    s.on(0, 62, port="b")
    s.cc(0, 64, 127, channel=2, port="a")
    before = len(s.sends)
    s.close_input(1, "a")
    gone = [cc(64, 0, channel=2), off(60)]
    for output, ended in (("one", gone), ("two", gone), ("own", [])):
        assert [send.message for _, send in s.sends[before:] if send.output == output] == ended
    assert s.sounding("one") == {(0, 62)}


# Panic.


def everything_off(channel):
    return [cc(64, 0, channel), cc(66, 0, channel), cc(123, 0, channel), cc(120, 0, channel)]


def test_panic_ends_everything_on_every_channel_at_every_output(stage):
    s = stage(outputs=[synth("one"), port("two"), own_instrument()])
    for channel in (0, 4):
        s.on(0, 60, channel=channel)
        s.cc(0, 64, 127, channel=channel)
    before = len(s.sends)
    s.panic(1)
    for output in ("one", "two"):
        messages = [send.message for _, send in s.sends[before:] if send.output == output]
        assert messages[:4] == [cc(64, 0), cc(64, 0, 4), off(60), off(60, 4)]
        assert messages[4:] == everything_off(0) + everything_off(4)
        assert s.sounding(output) == set()
    assert not list(s.at_output("own"))


def test_panic_forgets_keys_and_pedals_that_are_taken_for_held(stage):
    """A key hangs, and so does the pedal: after the panic it is answered as before, after the usual silence."""
    s = stage()
    s.on(0, 41)
    s.cc(0, 64, 127)
    s.panic(1)
    up = s.phrase(2)
    s.run(up + 1)
    assert s.published(ResponseStarted)[0].at == pytest.approx(up + 0.7)
    assert [note.pitch for note in s.requests[0].context] == [41, 50, 53, 57]
    assert s.requests[0].context[0].duration == pytest.approx(1)


def test_a_panic_control_works_while_a_key_hangs(stage):
    s = stage(panic=Control.parse("cc:20"))
    s.on(0, 41)
    s.cc(1, 20, 127)
    assert s.sounding() == set()
    assert len(s.published(Silenced)) == 1


@pytest.mark.parametrize(("panic", "down", "up"), [("key:60", on(60), off(60)), ("sustain", cc(64, 127), cc(64, 0))])
def test_what_becomes_the_panic_control_while_it_is_down_is_let_go_all_the_same(stage, panic, down, up):
    s = stage()
    s.midi(0, down)
    s.change(1, panic=Control.parse(panic))
    s.midi(2, up)
    assert s.forwarded() == [down, up]
    s.midi(3, down)
    s.midi(4, up)
    assert s.forwarded() == [down, up]
    assert len(s.published(Silenced)) == 1


def test_after_a_panic_the_keys_that_are_let_go_end_nothing(stage):
    s = stage()
    s.on(0, 72)
    s.panic(1)
    s.on(2, 60)
    s.off(3, 72)
    assert s.sounding() == {(0, 60)}
