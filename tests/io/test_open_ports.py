"""Ports that are opened, through a backend in memory."""

from __future__ import annotations

import logging
import weakref

import memory_backend
import pytest
from mido import Message

from livegen.errors import PortError
from livegen.io import ports
from livegen.io.midi_system import MidiSystem
from livegen.io.output import Output, opened
from livegen.note import MonotonicTime
from livegen.stage.effects import Send
from livegen.stage.events import OutputOpened, Part, PortId

KEYSTATION = "Keystation 49:Keystation 49 MIDI 1 28:0"
FLUID = "FLUID Synth (1234):Synth input port (1234:0) 128:0"
MEMORY = MidiSystem("memory_backend")


def test_an_input_hears_until_it_is_closed() -> None:
    heard: list[Message] = []
    port = ports.open_input(MEMORY, KEYSTATION, heard.append)
    behind = memory_backend.opened[-1]
    assert (port.name, behind.name) == (KEYSTATION, KEYSTATION)
    assert "client_name" not in behind.options  # mido would make a virtual port
    behind.callback(Message("note_on", note=60))
    port.close()
    assert heard == [Message("note_on", note=60)]
    assert behind.closed
    port.close()


class RtMidi:
    """As python-rtmidi: it frees its callback when that is cancelled, although its thread may be about to call it."""

    def __init__(self) -> None:
        self.callback: Callback | None = Callback()
        self.freed = weakref.ref(self.callback)
        self.calls: list[tuple[str, bool]] = []  # whether the callback still existed then

    def cancel_callback(self) -> None:
        self.callback = None
        self._called("cancel_callback")

    def close_port(self) -> None:
        self._called("close_port")

    def delete(self) -> None:
        self._called("delete")

    def _called(self, name: str) -> None:
        self.calls.append((name, self.freed() is not None))


class Callback:
    pass


def test_an_input_of_rtmidi_is_closed_when_no_callback_runs_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    port = ports.open_input(MEMORY, KEYSTATION, lambda _: None)
    behind = memory_backend.opened[-1]
    behind._rt = midi = RtMidi()
    monkeypatch.setattr("time.sleep", lambda _: midi._called("sleep"))
    port.close()
    calls = [("cancel_callback", True), ("sleep", True), ("close_port", False), ("delete", False)]
    assert list(dict.fromkeys(midi.calls)) == calls  # it sleeps several times
    assert behind.closed
    done = len(midi.calls)
    port.close()
    assert len(midi.calls) == done


def test_what_goes_wrong_in_a_callback_stays_there(caplog: pytest.LogCaptureFixture) -> None:
    def fails(message: Message) -> None:
        raise RuntimeError("inbox gone")

    port = ports.open_input(MEMORY, KEYSTATION, fails)
    with caplog.at_level(logging.ERROR):
        memory_backend.opened[-1].callback(Message("note_on", note=60))
    assert "inbox gone" in caplog.text
    port.close()


def test_an_output_sends() -> None:
    output: Output = ports.open_output(MEMORY, "Stage Piano 32:0")
    message = Message("note_on", note=60)
    output.send(Send(PortId("piano"), message, Part.RESPONSE, MonotonicTime(0.0)))
    assert memory_backend.opened[-1].sent == [message]
    assert output.name == "Stage Piano 32:0"
    assert opened(output) == OutputOpened(PortId("Stage Piano"), returns=True, instrument="32:0")
    output.close()
    output.close()


def test_a_broken_output_says_so() -> None:
    output = ports.open_output(MEMORY, "Unplugged")
    with pytest.raises(PortError, match="sending failed \\(no such device\\)"):
        output.send(Send(PortId("piano"), Message("note_on"), Part.RESPONSE, MonotonicTime(0.0)))


def test_a_port_whose_device_is_gone_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: object, *_: object) -> None:
        raise OSError("no such device")

    for kind, port in (
        (memory_backend.Input, ports.open_input(MEMORY, KEYSTATION, lambda _: None)),
        (memory_backend.Output, ports.open_output(MEMORY, "Stage Piano 32:0")),
    ):
        behind = memory_backend.opened[-1] if kind is memory_backend.Output else memory_backend.opened[-2]
        assert isinstance(behind, kind)
        monkeypatch.setattr(kind, "_close", gone)
        port.close()
        port.close()


def test_a_port_that_cannot_be_opened_says_so() -> None:
    with pytest.raises(PortError, match='Cannot open "Broken keys": device busy'):
        ports.open_input(MEMORY, "Broken keys", lambda _: None)


def test_virtual_ports_bear_our_name() -> None:
    for port in (ports.virtual_input(MEMORY, lambda _: None), ports.virtual_output(MEMORY)):
        behind = memory_backend.opened[-1]
        assert port.name == behind.name == behind.options["client_name"] == "livegen"
        assert behind.options["virtual"] is True
        port.close()


def test_a_system_without_virtual_ports_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(self: object, **_: object) -> None:
        raise NotImplementedError("not here")

    monkeypatch.setattr(memory_backend.Output, "_open", refuses)
    with pytest.raises(PortError, match="Cannot create a virtual port"):
        ports.virtual_output(MEMORY)


@pytest.mark.parametrize(
    ("name", "end", "client"),
    [
        ("livegen", "", "livegen"),
        ("livegen", "in", "livegen in"),
        ("left", "", "livegen left"),
        ("a.b", "out", "livegen a.b out"),
    ],
)
def test_clients_carry_the_name_of_their_livegen(name: str, end: str, client: str) -> None:
    assert ports.client(name, end) == client
    for port in (f"{client}:x", f"{client}-01:x", f"{client}:in 128:0"):
        assert ports.belongs(port, name)
        assert not ports.belongs(port, "other")
        assert ports.is_private(port) == (end != "")


@pytest.mark.parametrize("port", ["Keyboard:in", "livegen:livegen", "livegen left:livegen 128:0", "my livegen in:in"])
def test_other_ports_are_not_private(port: str) -> None:
    assert not ports.is_private(port)
