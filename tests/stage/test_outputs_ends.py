"""What ends many notes of an output at once: all notes off, a reset, a lost port, the end, panic."""

from __future__ import annotations

import pytest
from mido import Message
from output_rig import LEFT, RIGHT, Rig, pedal
from virtual_stage import cc, off, on

# All notes off, and reset.


def test_a_key_let_go_by_all_notes_off_holds_no_other():
    rig = Rig(thru=True)
    rig.plays(on(60), LEFT)
    rig.plays(cc(123), LEFT)
    rig.plays(on(60), RIGHT)
    assert rig.plays(off(60), RIGHT) == [off(60)]


@pytest.mark.parametrize("thru", [True, False])
@pytest.mark.parametrize("control", [120, 123, 124, 125, 126, 127])
def test_all_notes_off_lets_go_of_ours_that_wait_on_that_channel_alone(thru, control):
    rig = Rig(thru=thru, channel=0)
    for pitch in (64, 60, 67):
        rig.start(pitch)
    for pitch in (60, 64):
        rig.plays(on(pitch))
        rig.stop(pitch)
    elsewhere, here = (cc(control, channel=channel) for channel in (1, 0))
    assert rig.plays(elsewhere) == ([elsewhere] if thru else [])
    assert rig.plays(here) == ([here] if thru else []) + [off(60), off(64)]
    assert rig.output.sounding == {(0, 67)}  # of the response still
    assert rig.plays(here) == ([here] if thru else [])


@pytest.mark.parametrize("control", [120, 123, 124, 125, 126, 127])
def test_keys_that_all_notes_off_ends_get_their_note_offs(control):
    """FluidSynth ignores 124 to 127, and other instruments more of them."""
    rig = Rig(thru=True)
    for pitch in (60, 64):
        rig.plays(on(pitch))
    assert rig.plays(cc(control)) == [cc(control), off(60), off(64)]
    assert rig.output.sounding == set()


def test_all_notes_off_of_one_keyboard_leaves_a_note_to_the_other():
    rig = Rig(thru=True, channel=0)
    rig.start(60)
    for port in (LEFT, RIGHT):
        rig.plays(on(60), port)
    rig.stop(60)
    assert rig.plays(cc(123), LEFT) == [cc(123)]
    assert rig.plays(off(60), RIGHT) == [off(60)]


def test_reset_all_controllers_is_forwarded_and_leaves_no_pedal_to_lift():
    rig = Rig(thru=True)
    rig.plays(on(60))
    rig.plays(pedal(127))
    assert rig.plays(cc(121)) == [cc(121)]
    assert rig.output.close() == [off(60)]


def test_after_reset_all_controllers_our_pedal_settles_on_a_shared_channel():
    rig = Rig(thru=False, channel=0)
    rig.plays(on(50))
    rig.plays(pedal(127))
    assert rig.pedal(down=True) == []
    rig.plays(cc(121))
    assert rig.settle() == [pedal(127)]


def test_a_system_reset_is_forwarded_and_what_was_forwarded_is_ended():
    rig = Rig(thru=True)
    rig.plays(on(60))
    rig.plays(pedal(127))
    rig.start(72)
    assert rig.plays(Message("reset")) == [Message("reset"), pedal(0), off(60)]
    assert rig.output.sounding == {(1, 72)}


def test_a_reset_of_general_midi_is_as_the_systems():
    rig = Rig(thru=True)
    rig.plays(on(60))
    reset = Message("sysex", data=(0x7E, 0x7F, 0x09, 0x01))
    assert rig.plays(reset) == [reset, off(60)]


def test_a_system_reset_does_not_cut_what_another_keyboard_holds():
    rig = Rig(thru=True)
    for port in (LEFT, RIGHT):
        rig.plays(on(60), port)
        rig.plays(pedal(127), port)
    assert rig.plays(Message("reset"), LEFT) == [Message("reset")]
    assert rig.plays(off(60), RIGHT) == [off(60)]


# A port that is lost.


def test_a_port_that_is_lost_ends_its_keys_and_pedals_and_no_others():
    rig = Rig(thru=True)
    for port, pitch, channel in ((LEFT, 60, 0), (LEFT, 61, 0), (RIGHT, 61, 0), (RIGHT, 62, 3)):
        rig.plays(on(pitch, channel=channel), port)
        rig.plays(pedal(127, channel), port)
    assert rig.loses(LEFT) == [off(60)]  # the right foot is down on the same channel
    assert rig.loses(RIGHT) == [pedal(0), pedal(0, 3), off(61), off(62, 3)]
    assert rig.output.close() == []


def test_a_port_that_is_lost_ends_our_note_that_waits_for_it():
    rig = Rig(thru=False, channel=0)
    rig.start(60)
    rig.plays(on(60))
    assert rig.stop(60) == []
    assert rig.loses(LEFT) == [off(60)]


# Every way out.


def test_the_end_lifts_what_was_left_to_the_players_foot():
    rig = Rig(thru=False, channel=0)
    rig.plays(on(50))
    rig.pedal(down=True)
    rig.plays(pedal(127))
    assert rig.pedal(down=False) == []
    assert rig.output.close() == [pedal(0)]


@pytest.mark.parametrize("channel", [0, 1])
def test_the_end_lifts_our_pedal_though_nothing_sounds(channel):
    rig = Rig(thru=False, channel=channel)
    rig.plays(on(50))
    rig.pedal(down=True)
    assert rig.output.close() == [pedal(0, channel)]
    assert rig.output.close() == []
    assert rig.pedal(down=True) == [pedal(127, channel)]


def test_the_end_releases_theirs_too():
    rig = Rig(thru=True)
    rig.plays(on(50))
    rig.plays(pedal(100))
    rig.start(60)
    assert rig.output.close() == [pedal(0), pedal(0, 1), off(50), off(60, 1)]
    assert rig.output.close() == []


def everything_off(channel: int) -> list[Message]:
    return [cc(64, 0, channel), cc(66, 0, channel), cc(123, 0, channel), cc(120, 0, channel)]


def test_panic_ends_all_and_what_may_hang_on_every_channel_that_was_used():
    rig = Rig(thru=True)
    rig.plays(on(50))
    rig.plays(cc(66, 127, channel=5))
    rig.plays(on(52, channel=3))
    rig.plays(off(52, 3))
    rig.start(60)
    sent = rig.output.panic()
    assert sent[:4] == [cc(64, 0, 1), cc(66, 0, 5), off(50), off(60, 1)]
    assert sent[4:] == [message for channel in (0, 1, 3, 5) for message in everything_off(channel)]
    assert rig.output.sounding == frozenset()


def test_panic_does_so_again_and_on_no_other_channel():
    rig = Rig(thru=True)
    assert rig.output.panic() == []
    rig.plays(on(50))
    rig.output.panic()
    assert rig.output.panic() == everything_off(0)


def test_with_other_settings_it_begins_anew_and_panic_still_covers_what_was():
    rig = Rig(thru=True)
    rig.plays(on(50, channel=7))
    rig.start(60)
    assert rig.output.change(channel=None, thru=False) == [cc(64, 0, 1), off(60, 1), off(50, 7)]
    assert (rig.output.thru, rig.output.channel) == (False, 0)
    assert rig.plays(off(50, 7)) == []
    assert rig.output.panic() == [*everything_off(1), *everything_off(7)]
