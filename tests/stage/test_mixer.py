"""Which output gets what. What a session makes of it: test_session_outputs.py."""

from __future__ import annotations

import pytest
from virtual_stage import at, cc, keyboard, midi_file, off, on, own_instrument, port, stage_settings, synth

from livegen.stage.effects import Effect, Effects, Send, ThruChanged
from livegen.stage.events import OutputOpened, Part
from livegen.stage.hands import Hands
from livegen.stage.held import NOTHING
from livegen.stage.mixer import Mixer

NOW = at(1.0)


class Desk:
    def __init__(self, *outputs: OutputOpened) -> None:
        self.effects = Effects()
        self.hands = Hands()
        self.mixer = Mixer(stage_settings(), self.hands, self.effects)
        self.mixer.open_input(keyboard(), NOW)
        for output in outputs:
            self.mixer.open_output(output, NOW)

    def taken(self) -> list[Effect]:
        return self.effects.take()

    def sent(self) -> list[tuple[str, object]]:
        return [(effect.output, effect.message) for effect in self.taken() if isinstance(effect, Send)]


@pytest.fixture
def desk() -> Desk:
    desk = Desk(synth(), own_instrument())
    desk.taken()
    return desk


def test_which_ports_are_open():
    desk = Desk()
    assert desk.mixer.has_inputs and not desk.mixer.has_outputs
    assert desk.mixer.is_open("keys") and desk.mixer.is_live("keys")
    desk.mixer.open_input(midi_file(), NOW)
    assert desk.mixer.is_open("call.mid") and not desk.mixer.is_live("call.mid")
    assert not desk.mixer.is_open("nothing") and not desk.mixer.is_live("nothing")
    desk.mixer.close_input("keys", NOTHING, NOW)
    assert not desk.mixer.is_open("keys")
    assert desk.mixer.has_inputs
    desk.mixer.close_input("call.mid", NOTHING, NOW)
    assert not desk.mixer.has_inputs


def test_each_output_is_announced():
    desk = Desk(synth(), port(), own_instrument())
    assert desk.taken() == [
        ThruChanged("synth", True, 1, False),
        ThruChanged("port", True, 1, True),
        ThruChanged("own", False, 0, True, own=True),
    ]


def test_the_players_part_goes_where_thru_is_on(desk):
    change = desk.hands.hear(on(60), NOW, "keys")
    desk.mixer.forward(on(60), change, NOW)
    assert desk.taken() == [Send("synth", on(60), Part.CALL, NOW)]


def test_a_response_goes_everywhere_on_the_channel_of_each_output(desk):
    desk.mixer.begin()
    desk.mixer.move_pedal(NOW, down=True)
    desk.mixer.start(60, 80, NOW)
    desk.mixer.stop(60, NOW)
    assert desk.taken() == [
        Send(output, message, Part.RESPONSE, NOW)
        for synths, own in ((cc(64, 127, 1), cc(64, 127)), (on(60, 80, 1), on(60, 80)), (off(60, 1), off(60)))
        for output, message in (("synth", synths), ("own", own))
    ]


@pytest.mark.parametrize("way_out", [Mixer.silence, Mixer.panic, Mixer.close])
def test_every_way_out_ends_what_is_ours(desk, way_out):
    desk.mixer.start(60, 80, NOW)
    desk.taken()
    way_out(desk.mixer, NOW)
    sent = desk.sent()
    assert ("synth", off(60, 1)) in sent and ("own", off(60)) in sent


def test_an_output_that_is_closed_gets_its_note_offs_and_no_more(desk):
    desk.mixer.start(60, 80, NOW)
    desk.taken()
    desk.mixer.close_output("own", NOW)
    assert desk.sent() == [("own", cc(64)), ("own", off(60))]
    desk.mixer.start(62, 80, NOW)
    assert desk.sent() == [("synth", on(62, 80, 1))]


def test_new_settings_touch_only_the_outputs_that_they_change(desk):
    desk.mixer.start(60, 80, NOW)
    desk.taken()
    desk.mixer.change(stage_settings(thru=True), NOW)
    assert desk.taken() == [
        Send("own", cc(64), Part.RESPONSE, NOW),
        Send("own", off(60), Part.RESPONSE, NOW),
        ThruChanged("own", True, 1, True),
    ]
    desk.mixer.change(stage_settings(thru=True, silence=2.0), NOW)
    assert desk.taken() == []


# Echoes.


def test_what_was_sent_to_a_port_may_come_back_and_what_was_sent_elsewhere_not():
    desk = Desk(port(), synth())
    for output, expected in (("port", True), ("synth", False), ("closed", False)):
        desk.mixer.remember([Send(output, on(60), Part.RESPONSE, NOW)], NOW)
        assert desk.mixer.echo.heard(on(60), at(1.01), "keys", desk.hands) is expected


@pytest.mark.parametrize(
    "change",
    [
        lambda mixer: mixer.panic(NOW),
        lambda mixer: mixer.open_input(keyboard("another"), NOW),
        lambda mixer: mixer.close_input("keys", NOTHING, NOW),
    ],
)
def test_when_everything_changes_echoes_are_forgotten(change):
    desk = Desk(port())
    desk.mixer.remember([Send("port", on(60), Part.RESPONSE, NOW)], NOW)
    change(desk.mixer)
    assert not desk.mixer.echo.heard(on(60), at(1.01), "keys", desk.hands)
