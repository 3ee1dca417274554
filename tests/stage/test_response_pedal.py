"""The sustain pedal of a response beside that of the player, in virtual time."""

from __future__ import annotations

import pytest
from mido import Message

from livegen.note import PEDAL_UP, MonotonicTime, Pedal
from livegen.stage.events import (
    Ended,
    Panic,
    ResponseEnded,
    ResponseNote,
)
from livegen.stage.performance import Turn
from livegen.stage.voice import Voice

PEDALLED = (
    ResponseNote(60, 0.0, 0.5, 80, Pedal(down=True, pressed=0.3)),
    ResponseNote(64, 0.2, 0.5, 70, Pedal(down=True)),
    ResponseNote(67, 1.0, 0.25, 60, Pedal(down=True, pressed=0.2, lifted=0.4)),
)


def test_a_response_brings_its_own_pedal_and_lifts_it_at_its_end(stage):
    s = stage(response=PEDALLED)
    s.phrase()
    s.run(4)
    assert s.pedal() == [(2.1, 127), (2.7, 0), (2.9, 127), (3.35, 0)]
    assert s.sent()[:2] == [(2.1, "control_change", 64), (2.1, "note_on", 60)]
    assert s.sent()[-2:] == [(3.35, "note_off", 67), (3.35, "control_change", 64)]
    [ended] = s.told(ResponseEnded)
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
    s.event(Panic(MonotonicTime(2.2)), 2.2)
    s.run(10)
    assert s.pedal() == [(2.1, 127), (2.2, 0)]


def test_closing_lifts_our_pedal(stage):
    s = stage(response=PEDALLED)
    s.phrase()
    s.run(2.2)
    assert s.pedal() == [(2.1, 127)]
    last = [send.message for send in s.performance.close(s.now)]
    assert last[:2] == [
        Message("control_change", channel=1, control=64, value=0),
        Message("note_off", channel=1, note=60),
    ]


def test_every_output_gets_our_pedal_and_the_player_keeps_theirs(stage):
    s = stage(voices=[Voice(thru=True, channel=1), Voice(thru=False, channel=0)], response=PEDALLED)
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
    s = stage(voices=[Voice(thru=thru, channel=0)], response=PEDALLED)
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
    s = stage(voices=[Voice(thru=False, channel=0)], response=PEDALLED)
    s.phrase()
    s.cc(2.2, 64, 127)
    s.on(2.5, 72)
    s.event(Ended(MonotonicTime(3.0)), 3.0)
    assert s.pedal(0, 0) == [(2.1, 127), (3.0, 0)]


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
    s.now = MonotonicTime(3.3)  # the machine slept
    s.step()
    assert s.pedal() == [(2.1, 127), (3.3, 0), (3.3, 127), (3.3, 0)]
    assert s.performance.turn is Turn.IDLE
