from __future__ import annotations

import pytest
from mido import Message

from livegen.stage.control import Control


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("none", None),
        ("sustain", Control("cc", 64)),
        ("sostenuto", Control("cc", 66)),
        ("soft", Control("cc", 67)),
        ("cc:20", Control("cc", 20)),
        ("key:21", Control("key", 21)),
    ],
)
def test_parse(text, control):
    assert Control.parse(text) == control


@pytest.mark.parametrize("text", ["", "cc", "cc:", "cc:128", "cc:-1", "key:x", "pedal:4"])
def test_parse_refuses(text):
    with pytest.raises(ValueError, match="not a pedal"):
        Control.parse(text)


def test_a_controller_is_pressed_from_64_on():
    control = Control("cc", 20)
    assert control.mine(Message("control_change", control=20, value=0))
    assert not control.mine(Message("control_change", control=21, value=127))
    assert not control.mine(Message("note_on", note=20))
    assert control.pressed(Message("control_change", control=20, value=64))
    assert not control.pressed(Message("control_change", control=20, value=63))


def test_a_key_is_pressed_by_its_note_on():
    control = Control("key", 21)
    assert control.mine(Message("note_off", note=21))
    assert not control.mine(Message("note_on", note=22))
    assert not control.mine(Message("control_change", control=21))
    assert control.pressed(Message("note_on", note=21, velocity=1))
    assert not control.pressed(Message("note_on", note=21, velocity=0))
    assert not control.pressed(Message("note_off", note=21))
