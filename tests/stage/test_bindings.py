"""Bound controls, and the controller that shows whose turn it is."""

from __future__ import annotations

import pytest
from mido import Message
from virtual_stage import cc, midi_file, on, own_instrument, port, recorder, synth

from livegen.stage.bindings import Binding
from livegen.stage.control import Control
from livegen.stage.effects import NoteStarted, Silenced, TurnChanged, Used
from livegen.stage.events import Turn

DIAL = Binding(Control("cc", 21), "temperature", follows=True)
BUTTON = Binding(Control("cc", 22), "keep")
KEY = Binding(Control("key", 21), "preset")
PROGRAM = Binding(Control("program", 3), "jazz")
ALL_BOUND = (DIAL, BUTTON, KEY, PROGRAM)


def used(stage):
    return [(one.action, round(one.position, 3)) for one in stage.notices if isinstance(one, Used)]


def test_a_dial_reports_every_value(stage):
    s = stage(bindings=(DIAL,))
    for when, value in enumerate((0, 64, 64, 127)):
        s.cc(when, 21, value)
    assert used(s) == [("temperature", 0.0), ("temperature", 0.504), ("temperature", 0.504), ("temperature", 1.0)]


def test_a_button_reports_each_press(stage):
    s = stage(bindings=(BUTTON,))
    for when, value in enumerate((63, 64, 127, 0, 127)):
        s.cc(when, 22, value)
    assert used(s) == [("keep", 0.504), ("keep", 1.0)]


def test_a_button_of_a_port_that_was_closed_counts_as_up(stage):
    s = stage(bindings=(BUTTON,), inputs=[midi_file("a"), midi_file("b")])
    s.cc(0, 22, 127)
    s.close_input(1)
    s.event(midi_file("a"), 2)
    s.cc(3, 22, 127)
    assert len(used(s)) == 2


def test_a_key_and_a_program_do_something(stage):
    s = stage(bindings=ALL_BOUND)
    s.on(0, 21, 127)
    s.off(0.1, 21)
    s.midi(0.2, Message("program_change", program=3))
    s.midi(0.3, Message("program_change", program=4))
    assert used(s) == [("preset", 1.0), ("jazz", 1.0)]


def test_a_key_that_follows_reports_its_velocity(stage):
    s = stage(bindings=(Binding(Control("key", 21), "silence", follows=True),))
    s.on(0, 21, 127)
    s.off(0.1, 21)
    s.on(0.2, 21, 1)
    assert used(s) == [("silence", 1.0), ("silence", 0.008)]


def test_two_actions_of_one_control(stage):
    s = stage(bindings=(DIAL, Binding(DIAL.control, "silence", follows=True)))
    s.cc(0, 21, 127)
    assert used(s) == [("temperature", 1.0), ("silence", 1.0)]


@pytest.mark.parametrize("message", [on(21), cc(21, 5), cc(22, 127), Message("program_change", program=3)])
def test_a_bound_message_is_no_music(stage, message):
    s = stage(bindings=ALL_BOUND)
    s.midi(0, message)
    s.run(5)
    assert not s.sends
    assert not s.published(NoteStarted)


def test_other_messages_are_music(stage):
    s = stage(bindings=ALL_BOUND)
    others = [cc(20, 5), Message("program_change", program=4), on(60)]
    for message in others:
        s.midi(0, message)
    assert s.forwarded() == others
    assert not used(s)


def test_a_key_that_is_bound_while_it_is_down_still_gets_its_note_off(stage):
    s = stage()
    s.on(0, 21)
    s.change(0.5, bindings=ALL_BOUND)
    s.off(1, 21)
    assert s.sounding() == set()
    s.on(2, 21)
    assert used(s) == [("preset", 0.504)]


def test_the_panic_control_comes_before_a_binding(stage):
    s = stage(panic=DIAL.control, bindings=(DIAL,))
    s.cc(0, 21, 127)
    assert not used(s)
    assert s.published(Silenced)


# Whose turn it is.


def test_turns_are_published_when_they_change(stage):
    s = stage()
    s.phrase()
    s.run(10)
    turns = [(one.turn, round(one.at, 3)) for one in s.published(TurnChanged)]
    assert turns == [(Turn.LISTENING, 0.0), (Turn.RESPONDING, 2.1), (Turn.IDLE, 3.35)]


def test_a_state_control_tells_midi_ports_only(stage):
    s = stage(outputs=[port(), own_instrument(), synth(), recorder()], state_control=9)
    s.phrase()
    s.run(10)
    told = [(when, send) for when, send in s.sends if send.message.is_cc(9)]
    states = [(round(when, 2), send.output, send.message.channel, send.message.value) for when, send in told]
    expected = [(when, value) for when, value in ((0.0, 1), (2.1, 2), (3.35, 0))]
    assert [(when, value) for when, output, _, value in states if output == "port"] == expected
    assert [(when, value) for when, output, _, value in states if output == "own"] == expected
    assert {(output, channel) for _, output, channel, _ in states} == {("port", 1), ("own", 0)}


def test_at_the_end_the_state_is_idle(stage):
    s = stage(outputs=[port()], state_control=9)
    s.phrase()
    assert [message.value for message in s.close() if message.is_cc(9)] == [0]


def test_without_a_state_control_nothing_is_sent(stage):
    s = stage(outputs=[port()], inputs=[midi_file()], thru=False)
    s.on(0, 60)
    assert not s.sends


def test_another_dial_changes_no_port(stage):
    """A sweep of a dial must not forget what was sent: it may come back just now."""
    s = stage(outputs=[port()])
    s.phrase()
    s.run(2.11)
    sent = len(s.sends)
    s.change(2.115, silence=2.0)
    s.on(2.12, 60, 80, channel=1)  # the first note of the response comes back
    assert len(s.sends) == sent
