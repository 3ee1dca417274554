"""Channel 10 is the drums', unless an MPE controller plays there."""

from __future__ import annotations

import pytest
from mido import Message
from virtual_stage import at, cc, on

from livegen.stage.events import PortId
from livegen.stage.hands import Hands
from livegen.stage.pairing import DRUMS
from livegen.stage.settings import AUTO

SEABOARD, DRUM_MACHINE = PortId("Seaboard"), PortId("Drum machine")


def bend(channel: int) -> Message:
    return Message("pitchwheel", pitch=100, channel=channel)


def configuration(channels: int, manager: int = 0) -> list[Message]:
    """The MPE configuration message: RPN 6 on a manager channel, with how many member channels it has."""
    return [cc(101, 0, manager), cc(100, 6, manager), cc(6, channels, manager)]


@pytest.fixture
def hands() -> Hands:
    return Hands(AUTO)


def hear(hands: Hands, *messages: Message, port: PortId = SEABOARD) -> None:
    for message in messages:
        hands.hear(message, at(0), port)


def counts(hands: Hands, port: PortId = SEABOARD, channel: int = DRUMS) -> bool:
    pressed = hands.hear(on(60, channel=channel), at(0), port).pressed
    assert pressed is not None
    return pressed.counts


@pytest.mark.parametrize(("manager", "channels"), [(0, 15), (0, 9), (15, 15), (15, 6)])
def test_a_configuration_message_that_covers_channel_10_shows_it(hands, manager, channels):
    hear(hands, *configuration(channels, manager))
    assert counts(hands)


@pytest.mark.parametrize(("manager", "channels"), [(0, 8), (15, 5), (3, 15)])
def test_one_that_does_not_cover_it_shows_nothing(hands, manager, channels):
    hear(hands, *configuration(channels, manager))
    assert not counts(hands)


def test_a_zone_that_is_taken_back_is_none(hands):
    hear(hands, *configuration(15), *configuration(0))
    assert not counts(hands)


@pytest.mark.parametrize(
    "messages",
    [
        [cc(6, 15)],  # no parameter
        [cc(101, 0), cc(100, 0), cc(6, 15)],  # the bend's range
        [cc(101, 0), cc(100, 6), cc(101, 127), cc(100, 127), cc(6, 15)],  # the null parameter
        [cc(101, 1), cc(100, 6), cc(6, 15)],
    ],
)
def test_data_entry_of_another_parameter_shows_nothing(hands, messages):
    hear(hands, *messages)
    assert not counts(hands)


def expression(*channels: int) -> list[Message]:
    """Pitch bend and timbre, as an MPE controller sends them before each note."""
    return [message for channel in channels for message in (bend(channel), cc(74, 64, channel))]


def test_one_that_does_not_say_so_shows_it_on_three_channels(hands):
    hear(hands, *expression(8, DRUMS))
    assert not counts(hands)
    hear(hands, *expression(10))
    assert counts(hands)


def test_three_other_channels_do_not_make_channel_10_its_own(hands):
    hear(hands, *expression(1, 2, 3))
    assert not counts(hands)


@pytest.mark.parametrize("messages", [[bend(c) for c in range(16)], [cc(74, 64, c) for c in range(16)]])
def test_a_gm_sequence_bends_or_opens_a_filter_but_keeps_its_drums(hands, messages):
    hear(hands, *messages)
    assert not counts(hands)


def test_another_port_beside_it_keeps_its_drums(hands):
    hear(hands, *configuration(15))
    assert counts(hands)
    assert not counts(hands, DRUM_MACHINE)


def test_what_was_shown_is_forgotten_with_the_port(hands):
    hear(hands, *configuration(15), *expression(8, 9, 10))
    hear(hands, *configuration(15), port=DRUM_MACHINE)
    hands.forget(at(1), SEABOARD)
    assert not counts(hands)
    assert counts(hands, DRUM_MACHINE)


def test_its_pedal_on_channel_10_holds(hands):
    hear(hands, *configuration(15), cc(64, 127, DRUMS))
    assert hands.pedals.hold
