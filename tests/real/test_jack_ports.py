"""Finding and opening ports over JACK."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping

import pytest
import rtmidi
from jack_server import JackServer
from livegen_process import livegen
from mido import Message
from musician import Musician, until

from livegen.config.settings import Settings
from livegen.io import midi_system, ports, rtmidi_binding
from livegen.io.inbox import LiveInbox
from livegen.io.midi_system import MidiSystem
from livegen.io.publisher import Publisher
from livegen.io.reporter import Reporter
from livegen.io.wiring import wire
from livegen.live.daemon import stage_settings
from livegen.note import MonotonicTime
from livegen.stage.effects import Send
from livegen.stage.events import Part, PortId
from livegen.stage.session import Session


@pytest.fixture
def system(jack: JackServer) -> MidiSystem:
    assert jack.name == os.environ["JACK_DEFAULT_SERVER"]
    return midi_system.find("jack")


def sends(count: int) -> list[Send]:
    return [Send(PortId("out"), Message("note_on", note=n), Part.RESPONSE, MonotonicTime(0.0)) for n in range(count)]


def test_ports_are_found_heard_and_played(system: MidiSystem, musician: Musician) -> None:
    heard: list[Message] = []
    hearing = ports.open_input(system, "Keyboard:out", heard.append)
    playing = ports.open_output(system, "Listener:in")
    assert (hearing.name, playing.name) == ("Keyboard:out", "Listener:in")
    for send in sends(20):
        musician.send(send.message)
        playing.send(send)
    until(lambda: len(heard) == 20 and len(musician.heard) == 20, "20 notes each way")
    assert heard == [send.message for send in sends(20)]
    hearing.close()
    musician.send(Message("note_on", note=99))
    playing.send(sends(1)[0])
    until(lambda: len(musician.heard) == 21, "a note after the input was closed")
    assert len(heard) == 20
    hearing.close()
    playing.close()


def test_a_message_that_is_too_long_is_told_and_left_out(system: MidiSystem, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Message] = []
    hearing = ports.virtual_input(system, heard.append)
    for size in (10, rtmidi_binding.LONGEST - 1):
        hearing._port._callback_wrapper(([0xF0, *[1] * size, 0xF7], 0.0), None)
    hearing._port._callback_wrapper(([0xE0, 1], 0.0), None)  # a pitch wheel that ends too early
    assert [len(message.data) for message in heard] == [10]
    assert "65537 bytes is ignored" in caplog.text
    hearing.close()


def test_virtual_ports_are_there_for_others(system: MidiSystem) -> None:
    heard: list[Message] = []
    hearing = ports.virtual_input(system, lambda _: None)
    playing = ports.virtual_output(system)
    ours = ports.match("livegen", system.inputs())  # what others hear is what we play
    other = ports.open_input(system, ours, heard.append)
    assert [name for name in system.outputs() if name.startswith("livegen")]
    playing.send(sends(1)[0])
    until(lambda: heard, "what a virtual port plays")
    for port in (other, hearing, playing):
        port.close()
    assert not [name for name in system.inputs() + system.outputs() if name.startswith("livegen")]


def test_opening_and_closing_while_it_plays(system: MidiSystem, musician: Musician) -> None:
    for _ in range(5):
        heard: list[Message] = []
        port = ports.open_input(system, "Keyboard:out", heard.append)
        until(lambda heard=heard: musician.send(Message("note_on")) or heard, "a note")  # type: ignore[misc]
        port.close()


@pytest.mark.parametrize(("thru", "said"), [("auto", 1), ("off", 0)])
def test_two_instruments_whose_names_differ_by_a_number(system: MidiSystem, thru: str, said: int) -> None:
    jack_client = pytest.importorskip("jack", reason="JACK-Client missing")
    log = io.StringIO()
    settings = Settings(backend="jack", inputs=("DX7:out",), outputs=("DX21", "DX7:in"), thru=thru)
    with jack_client.Client("DX7") as dx7, jack_client.Client("DX21") as dx21:
        dx7.midi_outports.register("out")
        for client in (dx7, dx21):
            client.midi_inports.register("in")
        with Reporter(log, terminal=False) as reporter, wire(settings, LiveInbox(), Publisher(reporter)) as wiring:
            session = Session(stage_settings(settings))
            for event in wiring.opened:
                for effect in session.step(event, MonotonicTime(0.0)):
                    reporter.take(effect)  # type: ignore[arg-type]
            [player] = wiring.listening
            assert [output.name for output in wiring.outputs if output.instrument == player.instrument] == ["DX7:in"]
    assert log.getvalue().count("DX7:in is your own instrument") == said


def test_rtmidi_gives_them_the_same_names(system: MidiSystem, musician: Musician) -> None:
    with system.mido().open_output("Flügel 日本", client_name="Ж", virtual=True):
        inputs, outputs = system.names()
        assert "Ж:Flügel 日本" in inputs
        for names, kind in ((inputs, rtmidi.MidiIn), (outputs, rtmidi.MidiOut)):
            client = kind(rtapi=rtmidi.API_UNIX_JACK)
            assert names == client.get_ports()
            client.delete()


def test_programs_are_no_keyboards(system: MidiSystem, musician: Musician) -> None:
    assert "Keyboard:out" in system.inputs()
    assert ports.first_keyboard(system.inputs(), jack=True) is None


def test_the_command_line_lists_them(environment: Mapping[str, str], musician: Musician) -> None:
    done = livegen("ports", "--json", environment=environment)
    told = json.loads(done.stdout)
    assert done.stderr == ""
    assert told["systems"][0]["name"] == "JACK"
    assert "Keyboard:out" in told["systems"][0]["in"]
    assert "Listener:in" in told["systems"][0]["out"]
    assert told["used"]["in"] == ["demo"]
