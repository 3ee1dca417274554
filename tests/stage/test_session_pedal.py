"""The sustain pedal of a response beside that of the player, and what the player's does to the silence."""

from __future__ import annotations

import pytest
from mido import Message
from virtual_stage import PEDALLED, at, cc, own_instrument, synth

from livegen.note import PEDAL_UP, Pedal
from livegen.stage.conversation import Listening
from livegen.stage.effects import ResponseEnded, ResponseStarted


def test_a_response_brings_its_own_pedal_and_lifts_it_at_its_end(stage):
    s = stage(response=PEDALLED)
    s.phrase()
    s.run(4)
    assert s.pedal() == [(2.1, 127), (2.7, 0), (2.9, 127), (3.35, 0)]
    assert s.sent()[:2] == [(2.1, "control_change", 64), (2.1, "note_on", 60)]
    assert s.sent()[-2:] == [(3.35, "note_off", 67), (3.35, "control_change", 64)]
    [ended] = s.published(ResponseEnded)
    assert (ended.played, ended.interrupted, ended.at) == (3, False, pytest.approx(3.35))
    s.phrase(5)
    s.run(15)
    assert s.pedal()[4:] == [(7.1, 127), (7.7, 0), (7.9, 127), (8.35, 0)]


def test_a_response_that_needs_no_pedal_sends_none(stage):
    s = stage()
    s.phrase()
    s.run(10)
    assert s.pedal() == []


def test_the_first_key_lifts_our_pedal_before_it_ends_what_sounds(stage):
    s = stage(response=PEDALLED)
    s.phrase()
    s.on(2.4, 72)
    s.run(2.5)
    assert s.sent()[-3:] == [(2.4, "control_change", 64), (2.4, "note_off", 60), (2.4, "note_off", 64)]
    assert s.pedal() == [(2.1, 127), (2.4, 0)]
    s.off(2.6, 72)
    s.run(2.9)
    assert s.pedal() == [(2.1, 127), (2.4, 0)]  # what was to come of it is forgotten


def test_panic_lifts_our_pedal(stage):
    s = stage(response=PEDALLED)
    s.phrase()
    s.panic(2.2)
    s.run(10)
    first, then, *others = s.pedal()
    assert [first, then] == [(2.1, 127), (2.2, 0)]
    assert set(others) <= {(2.2, 0)}


def test_panic_lifts_a_pedal_that_we_share_with_the_player_though_their_foot_is_down(stage):
    s = stage(outputs=[own_instrument()], response=PEDALLED)
    s.phrase()
    s.cc(2.2, 64, 127)
    s.panic(2.3)
    assert s.pedal(channel=0)[:2] == [(2.1, 127), (2.3, 0)]


def test_closing_lifts_our_pedal(stage):
    s = stage(response=PEDALLED)
    s.phrase()
    s.run(2.2)
    assert s.pedal() == [(2.1, 127)]
    last = s.close()
    assert last[:2] == [
        Message("control_change", channel=1, control=64, value=0),
        Message("note_off", channel=1, note=60),
    ]


def test_every_output_gets_our_pedal_and_the_player_keeps_theirs(stage):
    s = stage(outputs=[synth(), own_instrument()], response=PEDALLED)
    s.cc(0, 64, 127)
    up = s.phrase()
    s.run(up + 2.3)
    assert s.pedal("synth", 1) == [(3.4, 127)]
    assert s.pedal("own", 0) == []  # their foot is down there
    assert s.pedal(channel=0) == []
    s.cc(up + 2.3, 64, 0)
    s.run(10)
    assert s.pedal("synth", 1) == [(3.4, 127), (4.0, 0), (4.2, 127), (4.65, 0)]
    assert s.pedal("own", 0) == [(3.7, 127), (4.0, 0), (4.2, 127), (4.65, 0)]  # from when their foot left
    assert s.pedal(channel=0) == []


@pytest.mark.parametrize(
    ("thru", "foot"),
    [(False, 0), (True, 3)],  # their instrument gets nothing of their foot, or only on the foot's own channel
)
@pytest.mark.parametrize("interrupted", [False, True])
def test_our_pedal_on_a_shared_channel_goes_up_with_the_players_foot(stage, thru, foot, interrupted):
    s = stage(thru=thru, response_channel=0, response=PEDALLED)
    s.phrase()
    s.cc(2.2, 64, 127, channel=foot)
    s.response = None
    if interrupted:
        s.on(2.5, 72)
        s.off(2.6, 72)
    s.run(4)
    assert s.pedal(channel=0) == [(2.1, 127)]
    s.cc(5, 64, 0, channel=foot)
    assert s.pedal(channel=0) == [(2.1, 127), (5, 0)]


def test_our_pedal_goes_up_when_the_input_ends_under_key_and_foot(stage):
    s = stage(outputs=[own_instrument()], response=PEDALLED)
    s.phrase()
    s.cc(2.2, 64, 127)
    s.on(2.5, 72)
    s.close_input(3.0)
    assert s.pedal(channel=0) == [(2.1, 127), (3.0, 0)]


def test_the_players_pedal_is_in_the_window_and_so_is_ours(stage):
    s = stage(response=PEDALLED)
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


def test_our_pedal_moves_however_late(stage):
    s = stage(response=PEDALLED)
    s.phrase()
    s.run(2.35)
    s.now = at(3.3)  # the machine slept
    s.step()
    assert s.pedal() == [(2.1, 127), (3.3, 0), (3.3, 127), (3.3, 0)]
    assert s.state is Listening


# How long the player's pedal delays the response.


def first_response(s):
    return s.published(ResponseStarted)[0].at


@pytest.mark.parametrize("values", [(68, 60), (64, 63), (70, 50), (127, 0), (127, 40)])
@pytest.mark.parametrize("seconds", [1.0, 20.0])
def test_a_pedal_that_trembles_delays_the_response_by_pedal_silence_and_no_more(stage, values, seconds):
    s = stage()
    s.cc(0, 64, values[0])
    up = s.phrase()
    for i in range(int(seconds / 0.05)):
        s.cc(up + 0.01 + i * 0.05, 64, values[(i + 1) % 2])
    s.run(up + 30)
    assert first_response(s) <= up + 2.0 + 1e-9
    if seconds > 2:
        assert first_response(s) == pytest.approx(up + 2.0)


def test_where_the_pedal_trembles_below_its_threshold_it_is_up(stage):
    s = stage()
    up = s.phrase()
    for i in range(10):
        s.cc(up + 0.05 * i, 64, (40, 63)[i % 2])
    s.run(up + 3)
    assert first_response(s) == pytest.approx(up + 0.7)


def test_reset_all_controllers_lifts_the_pedal(stage):
    s = stage()
    s.cc(0, 64, 127)
    s.cc(0.1, 121, 0)
    up = s.phrase(0.2)
    s.run(up + 3)
    assert first_response(s) == pytest.approx(up + 0.7)


def test_reset_all_controllers_in_the_silence_brings_the_response_forward(stage):
    s = stage()
    s.cc(0, 64, 127)
    up = s.phrase()
    s.cc(up + 0.2, 121, 0)
    s.run(up + 3)
    assert first_response(s) == pytest.approx(up + 0.7)


def test_a_system_reset_lifts_the_pedal_and_lets_the_keys_go(stage):
    s = stage()
    s.cc(0, 64, 127)
    s.on(0.1, 60)
    s.midi(1, Message("reset"))
    s.run(3)
    assert first_response(s) == pytest.approx(1.7)
    assert s.forwarded()[2:] == [Message("reset"), cc(64, 0), Message("note_off", note=60)]


@pytest.mark.parametrize("control", [120, 123, 124, 125, 126, 127])
def test_all_notes_off_ends_the_call_and_leaves_the_pedal_down(stage, control):
    s = stage()
    s.cc(0, 64, 127)
    s.on(0.1, 60)
    s.cc(1, control, 0)
    s.run(4)
    assert first_response(s) == pytest.approx(3.0)
