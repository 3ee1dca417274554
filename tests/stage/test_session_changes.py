"""Settings that change, and inputs that come and go, while a conversation goes on."""

from __future__ import annotations

import pytest
from virtual_stage import RESPONSE_OF_60_64_67, at, keyboard, midi_file, on

from livegen.stage.conversation import Listening
from livegen.stage.effects import ResponseStarted
from livegen.stage.events import Received

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
