from __future__ import annotations

from math import inf

import pytest
from mido import Message

from livegen.note import INSTANT, PEDAL_UP, MonotonicTime, Pedal, SoundedNote
from livegen.stage.listener import Heard, Listener


def on(note: int, velocity: int = 64, channel: int = 0) -> Message:
    return Message("note_on", note=note, velocity=velocity, channel=channel)


def off(note: int, channel: int = 0) -> Message:
    return Message("note_off", note=note, channel=channel)


def cc(control: int, value: int, channel: int = 0) -> Message:
    return Message("control_change", control=control, value=value, channel=channel)


def at(seconds: float) -> MonotonicTime:
    return MonotonicTime(seconds)


def test_a_key_down_and_up_is_a_note():
    ear = Listener()
    assert ear.hear(on(60, 77), at(1)) is Heard.KEY_DOWN
    assert ear.keys_down
    assert ear.holds(0, 60)
    assert list(ear.finished()) == []
    assert ear.hear(off(60), at(1.5)) is Heard.KEY_UP
    assert list(ear.finished()) == [SoundedNote(60, at(1), 0.5, 77)]
    assert not ear.keys_down
    assert ear.channels == {0}


def test_velocity_0_is_a_release():
    ear = Listener()
    ear.hear(on(60), at(0))
    assert ear.hear(on(60, 0), at(1)) is Heard.KEY_UP
    assert len(list(ear.finished())) == 1


def test_a_repeated_note_on_closes_the_first():
    ear = Listener()
    ear.hear(on(60, 10), at(0))
    ear.hear(on(60, 20), at(1))
    ear.hear(off(60), at(3))
    assert list(ear.finished()) == [SoundedNote(60, at(0), 1, 10), SoundedNote(60, at(1), 2, 20)]


def test_notes_leave_in_order_of_onset():
    ear = Listener()
    ear.hear(on(40), at(0))
    ear.hear(on(60), at(1))
    ear.hear(off(60), at(2))
    assert list(ear.finished()) == []
    ear.hear(off(40), at(3))
    assert [note.pitch for note in ear.finished()] == [40, 60]


def test_a_note_of_no_length_has_one():
    ear = Listener()
    ear.hear(on(60), at(0))
    ear.hear(off(60), at(0))
    assert [note.duration for note in ear.finished()] == [INSTANT]


def test_a_release_out_of_nowhere_is_nothing():
    assert Listener().hear(off(60), at(0)) is Heard.NOTHING


@pytest.mark.parametrize(
    "message", [Message("clock"), Message("active_sensing"), Message("sysex", data=(1,)), on(36, channel=9)]
)
def test_drums_and_clock_are_nothing(message):
    ear = Listener()
    assert ear.hear(message, at(0)) is Heard.NOTHING
    assert not ear.keys_down


def test_the_chosen_channel_alone_is_heard_be_it_the_drums():
    ear = Listener(channel=9)
    assert ear.hear(on(36, channel=9), at(0)) is Heard.KEY_DOWN
    assert ear.hear(on(60, channel=0), at(0)) is Heard.NOTHING


def test_pitchwheel_is_nothing():
    assert Listener().hear(Message("pitchwheel", pitch=1), at(0)) is Heard.NOTHING


@pytest.mark.parametrize("control", [64, 66])
def test_a_pedal_that_holds_is_told_once(control):
    ear = Listener()
    assert ear.hear(cc(control, 63), at(0)) is Heard.NOTHING
    assert ear.hear(cc(control, 64), at(0)) is Heard.PEDAL
    assert ear.pedal_down
    assert ear.hear(cc(control, 127), at(0)) is Heard.NOTHING
    assert ear.hear(cc(control, 0), at(0)) is Heard.PEDAL
    assert not ear.pedal_down


@pytest.mark.parametrize("control", [1, 67])
def test_other_controllers_hold_nothing(control):
    ear = Listener()
    assert ear.hear(cc(control, 127), at(0)) is Heard.NOTHING
    assert not ear.pedal_down


@pytest.mark.parametrize("control", [120, 123])
def test_all_notes_off_releases_that_channel(control):
    ear = Listener()
    assert ear.hear(cc(control, 0), at(0)) is Heard.NOTHING
    ear.hear(on(60), at(0))
    ear.hear(on(61, channel=1), at(0))
    assert ear.hear(cc(control, 0), at(1)) is Heard.KEY_UP
    assert not ear.holds(0, 60)
    assert ear.holds(1, 61)


def test_ports_are_told_apart():
    ear = Listener()
    ear.hear(on(60), at(0), port=0)
    ear.hear(on(60), at(1), port=1)
    ear.hear(cc(64, 127), at(1), port=1)
    assert ear.release_all(at(2), port=1) is Heard.KEY_UP
    assert not ear.pedal_down
    assert ear.keys_down
    assert ear.release_all(at(2), port=1) is Heard.PEDAL
    ear.hear(off(60), at(3), port=0)
    assert [note.duration for note in ear.finished()] == [3, 1]


def pedal_at_a_stroke(ear: Listener, when: float, note: int = 60) -> Pedal:
    """What a note knows of the pedal that is struck, and let go, at a moment when no other key is down."""
    ear.hear(on(note), at(when))
    ear.hear(off(note), at(when))
    [heard] = ear.finished()
    return heard.pedal


def test_a_note_knows_where_the_pedal_was_when_it_was_struck():
    ear = Listener()
    assert pedal_at_a_stroke(ear, 1.0) == PEDAL_UP
    ear.hear(cc(64, 127), at(2.0))
    assert pedal_at_a_stroke(ear, 2.0) == Pedal(down=True, pressed=0.0)
    assert pedal_at_a_stroke(ear, 2.5) == Pedal(down=True, pressed=0.5)
    ear.hear(cc(64, 100), at(2.75))  # it moves, and is still down
    assert pedal_at_a_stroke(ear, 3.0) == Pedal(down=True, pressed=1.0)
    ear.hear(cc(64, 63), at(3.5))
    assert pedal_at_a_stroke(ear, 4.0) == Pedal(down=False, pressed=2.0, lifted=0.5)
    ear.hear(cc(64, 0), at(4.25))
    ear.hear(cc(64, 64), at(4.5))
    assert pedal_at_a_stroke(ear, 5.0) == Pedal(down=True, pressed=0.5, lifted=1.5)


def test_what_the_pedal_does_under_a_note_is_not_the_notes():
    ear = Listener()
    ear.hear(on(60), at(0))
    ear.hear(cc(64, 127), at(1))
    ear.hear(on(64), at(2))
    ear.hear(cc(64, 0), at(3))
    for note in (60, 64):
        ear.hear(off(note), at(4))
    assert [note.pedal for note in ear.finished()] == [PEDAL_UP, Pedal(down=True, pressed=1.0)]


@pytest.mark.parametrize("control", [66, 67])
def test_sostenuto_and_soft_are_not_the_pedal_of_a_note(control):
    ear = Listener()
    ear.hear(cc(control, 127), at(0))
    assert pedal_at_a_stroke(ear, 1) == PEDAL_UP
    assert not ear.sustained
    ear.hear(cc(64, 127), at(2))
    assert ear.sustained
    ear.hear(cc(control, 0), at(3))
    assert pedal_at_a_stroke(ear, 4) == Pedal(down=True, pressed=2.0)


def test_of_several_pedals_one_that_is_down_is_enough():
    ear = Listener()
    ear.hear(cc(64, 127), at(0), port=0)
    ear.hear(cc(64, 127), at(1), port=1)
    ear.hear(cc(64, 127, channel=2), at(2), port=1)
    ear.hear(cc(64, 0), at(3), port=0)
    ear.hear(cc(64, 0), at(4), port=1)
    assert pedal_at_a_stroke(ear, 5) == Pedal(down=True, pressed=5.0)
    ear.hear(cc(64, 0, channel=2), at(6), port=1)
    assert pedal_at_a_stroke(ear, 7) == Pedal(down=False, pressed=7.0, lifted=1.0)


def test_the_pedal_of_a_port_that_has_ended_is_lifted():
    ear = Listener()
    ear.hear(cc(64, 127), at(0), port=0)
    ear.hear(cc(64, 127), at(1), port=1)
    ear.release_all(at(2), port=0)
    assert ear.sustained
    assert pedal_at_a_stroke(ear, 3) == Pedal(down=True, pressed=3.0)
    ear.release_all(at(4), port=1)
    assert not ear.sustained
    assert pedal_at_a_stroke(ear, 5) == Pedal(down=False, pressed=5.0, lifted=1.0)


def test_a_pedal_on_a_channel_that_is_not_heard_is_none():
    ear = Listener(channel=0)
    assert ear.hear(cc(64, 127, channel=1), at(0)) is Heard.NOTHING
    assert pedal_at_a_stroke(ear, 1) == Pedal(down=False, pressed=inf, lifted=inf)


def test_a_pedal_that_another_port_stamped_later_has_just_moved():
    ear = Listener()
    ear.hear(cc(64, 127), at(1.0), 0)
    ear.hear(on(60), at(0.999), 1)
    ear.hear(off(60), at(2), 1)
    [note] = ear.finished()
    assert note.pedal == Pedal(down=True, pressed=0.0)
