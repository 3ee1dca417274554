"""What is not music is published as ignored, so that no recording has it."""

from __future__ import annotations

from livegen.live.daemon import keeping
from livegen.stage.bindings import Binding
from livegen.stage.control import Control
from livegen.stage.effects import Ignored, NoteStarted
from livegen.stage.events import PortId, Received
from tests.stage.virtual_stage import Stage, at, off, on, port


def ignored(stage: Stage) -> list[Received]:
    return [notice.received for notice in stage.notices if isinstance(notice, Ignored)]


def test_controls():
    stage = Stage(panic=Control("key", 21), bindings=tuple(keeping("key:108")))
    for message in (on(108), off(108), on(21)):
        stage.midi(1.0, message)
    assert [event.message for event in ignored(stage)] == [on(108), off(108), on(21)]
    assert not any(isinstance(notice, NoteStarted) for notice in stage.notices)


def test_a_key_that_goes_down_before_it_is_a_control_is_music():
    stage = Stage()
    stage.on(1.0, 108)
    stage.change(1.5, bindings=tuple(keeping("key:108")))
    stage.off(2.0, 108)
    assert not ignored(stage)


def test_our_echo_and_what_comes_after_the_end_of_its_input():
    stage = Stage(outputs=(port(),), thru=True)
    stage.on(1.0, 60)
    assert not ignored(stage)
    stage.on(1.002, 60)
    stage.on(1.5, 62, port="closed")
    assert ignored(stage) == [
        Received(on(60), at(1.002), stage.input),
        Received(on(62), at(1.5), PortId("closed")),
    ]


def test_the_setting_keep_is_a_binding():
    assert list(keeping("none")) == []
    assert list(keeping("sostenuto")) == [Binding(Control("cc", 66), "cc:66 keep")]
