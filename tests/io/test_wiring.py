"""What is opened, and by which names the stage knows it. Ports of a backend in memory, and files."""

from __future__ import annotations

from pathlib import Path

import memory_backend
import pytest
from mido import Message, MidiFile, MidiTrack

from livegen.config.settings import Settings
from livegen.errors import ConfigError
from livegen.io.inbox import LiveInbox
from livegen.io.publisher import PortOpened, Published, Publisher
from livegen.io.wiring import Wiring, wire
from livegen.stage.events import InputOpened, OutputOpened, Received

ONE, OTHER = "Keystation 49:Keystation 49 MIDI 1 28:0", "Keystation 49:Keystation 49 MIDI 1 32:0"
PIANO, ANOTHER_PIANO = "Stage Piano 32:0", "Stage Piano 36:0"


@pytest.fixture(autouse=True)
def two_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keyboards of one make, and two pianos."""
    monkeypatch.setattr(memory_backend, "INPUTS", [ONE, OTHER])
    monkeypatch.setattr(memory_backend, "OUTPUTS", [PIANO, ANOTHER_PIANO])


@pytest.fixture
def call(tmp_path: Path) -> str:
    path = tmp_path / "call.mid"
    MidiFile(tracks=[MidiTrack([Message("note_on", note=60), Message("note_off", note=60, time=480)])]).save(path)
    return str(path)


class Kept:
    def __init__(self) -> None:
        self.items: list[Published] = []

    def take(self, item: Published) -> None:
        self.items.append(item)


class Scene:
    def __init__(self) -> None:
        self.inbox = LiveInbox()
        self.kept = Kept()

    def wire(self, inputs: tuple[str, ...], outputs: tuple[str, ...], **settings: object):
        wanted = Settings(inputs=inputs, outputs=outputs, backend="memory_backend", realtime="off", **settings)
        return wire(wanted, self.inbox, Publisher(self.kept))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_one_that_waits_plays_no_demo(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_backend, "INPUTS", [])
    with scene.wire((), (PIANO,), wait="on") as wiring:
        assert wiring.timelines == []
        assert wiring.waiting_for == ("a keyboard",)
        assert wiring.lasting


def inputs(wiring: Wiring) -> list[str]:
    return [event.port for event in wiring.opened if isinstance(event, InputOpened)]


def test_two_ports_of_one_name_have_two_identities(scene, tmp_path):
    with scene.wire((ONE, OTHER), (PIANO, ANOTHER_PIANO)) as wiring:
        assert inputs(wiring) == ["Keystation 49:Keystation 49 MIDI 1", "Keystation 49:Keystation 49 MIDI 1 #2"]
        outputs = [event.port for event in wiring.opened if isinstance(event, OutputOpened)]
        assert outputs == ["Stage Piano", "Stage Piano #2"]
        for port in memory_backend.opened[-4:]:
            if isinstance(port, memory_backend.Input):
                port.callback(Message("note_on", note=60))
        heard = [scene.inbox.get(scene.inbox.now()) for _ in range(2)]
    assert {event.port for event in heard if isinstance(event, Received)} == {
        "Keystation 49:Keystation 49 MIDI 1",
        "Keystation 49:Keystation 49 MIDI 1 #2",
    }
    assert [item.name for item in scene.kept.items if isinstance(item, PortOpened) and item.direction == "in"] == [
        ONE,
        OTHER,
    ]


def test_a_file_that_is_played_twice_has_two_identities(scene, call, tmp_path):
    with scene.wire((call, call, "demo"), (str(tmp_path / "jam.mid"),), fast=True) as wiring:
        assert inputs(wiring) == [call, f"{call} #2", "demo"]
        assert {event.port for event in wiring.events} == set(inputs(wiring))


def test_inputs_are_opened_before_outputs(scene, call, tmp_path):
    """So that it is known whose instrument an output is when it is opened, and announced once."""
    with scene.wire((ONE, call), (PIANO, str(tmp_path / "jam.mid"))) as wiring:
        assert wiring.opened == [
            InputOpened("Keystation 49:Keystation 49 MIDI 1", live=True, instrument="28:0"),
            InputOpened(call, live=False),
            OutputOpened("Stage Piano", returns=True, instrument="32:0"),
            OutputOpened(str(tmp_path / "jam.mid"), records=True),
        ]


def test_one_file_is_not_read_and_written(scene, call):
    with pytest.raises(ConfigError, match="named twice"), scene.wire((call,), (call,)):
        pass


def test_what_a_port_hears_before_it_is_open_is_nothing(scene, monkeypatch):
    def plays_at_once(self: memory_backend.Input, **options: object) -> None:
        options["callback"](Message("note_on", note=60))  # type: ignore[operator]
        memory_backend.opened.append(self)

    monkeypatch.setattr(memory_backend.Input, "_open", plays_at_once)
    with scene.wire((ONE,), (PIANO,)):
        assert scene.inbox.get(scene.inbox.now()) is None
