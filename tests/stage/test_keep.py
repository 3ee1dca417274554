"""The keep control, and the messages that are not music."""

from __future__ import annotations

from livegen.stage.control import Control
from livegen.stage.effects import Ignored, Kept, NoteStarted, Silenced
from livegen.stage.events import Keep, PortId, Received
from tests.stage.virtual_stage import Stage, at, off, on, port


def ignored(stage: Stage) -> list[Received]:
    return [notice.received for notice in stage.notices if isinstance(notice, Ignored)]


def kept(stage: Stage) -> list[Kept]:
    return [notice for notice in stage.notices if isinstance(notice, Kept)]


def test_the_control_keeps_and_is_not_music():
    stage = Stage(keep=Control("key", 108), panic=Control("key", 21))
    stage.on(1.0, 108)
    stage.off(1.1, 108)
    assert kept(stage) == [Kept(at(1.0))]
    assert [event.message for event in ignored(stage)] == [on(108), off(108)]
    assert not any(isinstance(notice, NoteStarted | Silenced) for notice in stage.notices)
    stage.on(2.0, 21)
    assert [event.message for event in ignored(stage)][2:] == [on(21)]
    assert kept(stage) == [Kept(at(1.0))]


def test_a_pedal_keeps_when_it_goes_down():
    stage = Stage(keep=Control("cc", 67))
    for value in (20, 100, 0):
        stage.cc(1.0, 67, value)
    assert kept(stage) == [Kept(at(1.0))]
    assert len(ignored(stage)) == 3


def test_a_key_that_is_down_already_may_become_the_control():
    stage = Stage()
    stage.on(1.0, 108)
    stage.session._settings = Stage(keep=Control("key", 108)).session._settings
    stage.off(2.0, 108)
    assert not ignored(stage) and not kept(stage)


def test_others_may_ask_for_it():
    stage = Stage()
    stage.event(Keep(at(1.0)), 1.0)
    assert kept(stage) == [Kept(at(1.0))]


def test_what_the_player_plays_is_music_and_our_echo_is_not():
    stage = Stage(outputs=(port(),), thru=True)
    stage.on(1.0, 60)
    assert not ignored(stage)
    stage.on(1.002, 60)
    stage.on(1.5, 62, port="closed")
    assert ignored(stage) == [
        Received(on(60), at(1.002), stage.input),
        Received(on(62), at(1.5), PortId("closed")),
    ]
