"""What sounds at one output: who struck what, and who may end it."""

from __future__ import annotations

import pytest
from mido import Message
from virtual_stage import at, cc, off, on

from livegen.stage.events import PortId
from livegen.stage.hands import Hands
from livegen.stage.outputs import Output

LEFT, RIGHT = PortId("left"), PortId("right")


def pedal(value: int, channel: int = 0) -> Message:
    return cc(64, value, channel)


class Rig:
    """An output, and the player whose part it may get."""

    def __init__(self, *, thru: bool, channel: int | None = None) -> None:
        self.hands = Hands()
        self.output = Output(PortId("out"), channel=channel, thru=thru)
        self.now = 0.0

    def plays(self, message: Message, port: PortId = LEFT) -> list[Message]:
        """The player does something, a second after what was before."""
        self.now += 1.0
        return self.plays_at(self.now, message, port)

    def plays_at(self, when: float, message: Message, port: PortId = LEFT) -> list[Message]:
        change = self.hands.hear(message, at(when), port)
        return self.output.forward(message, change, self.hands)

    def loses(self, port: PortId) -> list[Message]:
        change = self.hands.forget(at(self.now), port)
        return self.output.end(change.released, self.hands)

    def start(self, pitch: int) -> list[Message]:
        return self.output.start(pitch, 90)

    def stop(self, pitch: int) -> list[Message]:
        return self.output.stop(pitch, self.hands)

    def pedal(self, *, down: bool) -> list[Message]:
        return self.output.move_pedal(self.hands, down=down)

    def settle(self) -> list[Message]:
        return self.output.settle(self.hands)

    def silence(self) -> list[Message]:
        return self.output.silence(self.hands)


def test_ours_are_struck_and_let_go():
    rig = Rig(thru=False, channel=1)
    assert rig.start(60) == [on(60, 90, 1)]
    assert rig.output.sounding == {(1, 60)}
    assert rig.stop(60) == [off(60, 1)]
    assert rig.stop(60) == []
    assert rig.output.sounding == frozenset()


@pytest.mark.parametrize("thru", [True, False])
def test_a_key_the_player_holds_is_never_cut_and_does_not_hang(thru):
    rig = Rig(thru=thru, channel=0)
    rig.start(60)
    assert rig.plays(on(60)) == ([on(60)] if thru else [])
    assert rig.stop(60) == []
    assert (0, 60) in rig.output.sounding
    assert rig.plays(off(60)) == [off(60)]
    assert rig.output.sounding == frozenset()


# The channel of a response.


@pytest.mark.parametrize(("thru", "fixed", "channel"), [(True, None, 1), (False, None, 0), (True, 4, 4), (False, 4, 4)])
def test_the_channel_of_a_response(thru, fixed, channel):
    assert Rig(thru=thru, channel=fixed).output.channel == channel


def test_a_response_has_a_channel_that_the_player_does_not_use():
    rig = Rig(thru=True)
    rig.output.begin(rig.hands)
    assert rig.output.channel == 1
    for channel in (1, 0, 2):
        rig.plays(on(60, channel=channel))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 3
    for channel in range(16):
        rig.plays(on(60, channel=channel))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 3  # there is none left


def test_never_that_of_the_drums():
    rig = Rig(thru=True)
    for channel in range(9):
        rig.plays(on(60, channel=channel))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 10


def test_a_channel_that_was_chosen_stays():
    rig = Rig(thru=True, channel=1)
    rig.plays(on(60, channel=1))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 1


def test_while_something_of_ours_sounds_the_channel_stays():
    rig = Rig(thru=True)
    rig.plays(on(60, channel=1))
    rig.start(60)
    rig.output.begin(rig.hands)
    assert rig.output.channel == 1
    rig.stop(60)
    rig.plays(off(60, 1))
    rig.output.begin(rig.hands)
    assert rig.output.channel == 0


# Who ends what.


def test_our_note_is_not_cut_by_the_player_letting_go():
    rig = Rig(thru=True, channel=0)
    rig.plays(on(60))
    rig.start(60)
    assert rig.plays(off(60)) == []
    assert rig.stop(60) == [off(60)]


def test_a_key_left_to_the_player_and_struck_again_is_ours_again():
    rig = Rig(thru=False, channel=0)
    rig.start(60)
    rig.plays(on(60))
    rig.stop(60)
    rig.start(60)
    assert rig.plays(off(60)) == []
    assert rig.stop(60) == [off(60)]


def test_the_last_of_two_keyboards_ends_a_note():
    rig = Rig(thru=True)
    assert rig.plays(on(60), LEFT) == [on(60)]
    assert rig.plays(on(60), RIGHT) == [on(60)]
    assert rig.plays(off(60), LEFT) == []
    assert rig.plays(off(60), RIGHT) == [off(60)]


def test_a_note_left_to_two_keyboards_waits_for_both():
    rig = Rig(thru=True, channel=0)
    rig.start(60)
    for port in (LEFT, RIGHT):
        rig.plays(on(60), port)
    rig.stop(60)
    assert rig.plays(off(60), LEFT) == []
    assert rig.plays(off(60), RIGHT) == [off(60)]


@pytest.mark.parametrize("last", [off(60), cc(123)])
def test_a_key_down_on_another_keyboard_is_not_cut_without_thru_either(last):
    rig = Rig(thru=False, channel=0)
    rig.start(60)
    for port in (LEFT, RIGHT):
        rig.plays(on(60), port)
    assert rig.stop(60) == []  # it waits for the player's fingers
    assert rig.plays(last, LEFT) == []
    assert rig.plays(off(60), RIGHT) == [off(60)]


def test_everything_is_forwarded_where_thru_is_on():
    messages = [Message("pitchwheel", pitch=1), pedal(127), pedal(0), off(99), Message("clock"), Message("reset")]
    for thru in (True, False):
        rig = Rig(thru=thru)
        assert [sent for message in messages for sent in rig.plays(message)] == (messages if thru else [])


# A key that is struck again while it is down.


@pytest.mark.parametrize("late", [0.0, 0.004])
def test_legato_repeat_the_note_off_goes_before_the_new_note_on_and_the_late_one_nowhere(late):
    rig = Rig(thru=True)
    rig.plays_at(0, on(60, 10))
    assert rig.plays_at(1, on(60, 20)) == [off(60), on(60, 20)]
    assert rig.plays_at(1 + late, off(60)) == []
    assert rig.output.sounding == {(0, 60)}
    assert rig.plays_at(2, off(60)) == [off(60)]
    assert rig.output.sounding == frozenset()


def test_struck_again_a_key_that_another_keyboard_holds_is_not_cut():
    rig = Rig(thru=True)
    rig.plays(on(60), LEFT)
    rig.plays(on(60), RIGHT)
    assert rig.plays(on(60), LEFT) == [on(60)]


def test_struck_again_our_note_under_it_is_not_cut():
    rig = Rig(thru=True, channel=0)
    rig.plays(on(60))
    rig.start(60)
    assert rig.plays(on(60)) == [on(60)]
    assert rig.plays(off(60)) == []
    assert rig.stop(60) == [off(60)]


def test_without_thru_a_key_struck_again_is_nothing():
    rig = Rig(thru=False)
    rig.plays(on(60))
    assert rig.plays(on(60)) == []


# The octave button.


def test_a_note_off_an_octave_away_ends_the_key_that_is_held():
    rig = Rig(thru=True)
    rig.plays(on(60))
    assert set(map(str, rig.plays(off(72)))) == set(map(str, [off(72), off(60)]))
    assert rig.output.sounding == frozenset()


def test_an_octave_away_it_ends_our_note_that_waits_for_the_key():
    rig = Rig(thru=False, channel=0)
    rig.start(60)
    rig.plays(on(60))
    rig.stop(60)
    assert rig.plays(off(72)) == [off(60)]


def test_an_octave_away_our_own_note_there_is_not_cut():
    rig = Rig(thru=True, channel=0)
    rig.start(72)
    rig.plays(on(60))
    assert rig.plays(off(72)) == [off(60)]
    assert rig.output.sounding == {(0, 72)}


# Pedals.


@pytest.mark.parametrize("thru", [True, False])
def test_our_pedal_moves_on_a_separate_channel_whatever_the_players_foot_does(thru):
    rig = Rig(thru=thru, channel=1)
    rig.plays(on(50))
    rig.plays(pedal(127))
    assert rig.pedal(down=False) == []
    assert rig.pedal(down=True) == [pedal(127, 1)]
    assert rig.pedal(down=True) == []
    assert rig.pedal(down=False) == [pedal(0, 1)]
    assert rig.pedal(down=False) == []


@pytest.mark.parametrize("thru", [True, False])
def test_on_a_channel_that_is_shared_the_players_foot_has_precedence(thru):
    rig = Rig(thru=thru, channel=0)
    rig.plays(on(50))
    assert rig.pedal(down=True) == [pedal(127)]
    assert rig.pedal(down=False) == [pedal(0)]
    assert rig.plays(pedal(127)) == ([pedal(127)] if thru else [])
    assert rig.pedal(down=True) == []
    assert rig.pedal(down=False) == []
    assert rig.plays(pedal(0)) == ([pedal(0)] if thru else [])
    assert rig.pedal(down=True) == [pedal(127)]


def test_a_sostenuto_of_the_players_leaves_our_pedal_to_us():
    rig = Rig(thru=True, channel=0)
    rig.plays(on(50))
    rig.plays(cc(66, 127))
    assert rig.pedal(down=True) == [pedal(127)]
    assert rig.silence() == [pedal(0)]


def test_when_the_players_foot_leaves_our_pedal_settles():
    rig = Rig(thru=False, channel=0)
    rig.plays(on(50))
    rig.plays(pedal(127))
    assert rig.pedal(down=True) == []
    assert rig.settle() == []
    rig.plays(pedal(0))
    assert rig.settle() == [pedal(127)]
    assert rig.settle() == []
    rig.plays(pedal(127))
    assert rig.silence() == []
    rig.plays(pedal(0))
    assert rig.settle() == [pedal(0)]


# Silence: the player's first key.


def test_silence_lifts_our_pedal_first_and_ends_ours_alone():
    rig = Rig(thru=True, channel=1)
    rig.plays(on(50))
    rig.start(64)
    rig.start(60)
    assert rig.silence() == [pedal(0, 1), off(60, 1), off(64, 1)]
    assert rig.output.sounding == {(0, 50)}


def test_silence_leaves_the_players_pedal_alone():
    rig = Rig(thru=False, channel=0)
    rig.plays(on(50))
    rig.start(60)
    assert rig.silence() == [off(60)]


def test_on_a_shared_channel_silence_lifts_our_pedal_and_never_theirs():
    rig = Rig(thru=True, channel=0)
    rig.plays(on(50))
    rig.start(60)
    rig.pedal(down=True)
    assert rig.silence() == [pedal(0), off(60)]
    assert rig.silence() == []  # it is up
    rig.pedal(down=True)
    rig.plays(pedal(127))
    assert rig.silence() == []
    assert rig.pedal(down=False) == []


def test_after_silence_our_pedal_can_be_pressed_again():
    rig = Rig(thru=True)
    rig.pedal(down=True)
    assert rig.silence() == [pedal(0, 1)]
    assert rig.pedal(down=False) == []
    assert rig.pedal(down=True) == [pedal(127, 1)]


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
