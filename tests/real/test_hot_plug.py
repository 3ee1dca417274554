"""Ports that come and go while livegen plays, over JACK: keyboards, instruments, and the server itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import mido
import pytest
from jack_server import PIPEWIRE, JackServer
from livegen_process import LivegenProcess, Start
from mido import Message
from musician import Musician, until
from phrases import chord

from livegen.io import rtmidi_binding

SYSTEM = "PipeWire" if PIPEWIRE else "JACK"
NOTICED = 10.0  # s, on a busy machine; docs/reliability.md has the measured times
BACK = 10.0  # s, likewise
LONG_RESPONSE = ("--response-min", "5", "--response-max", "5")
NAMED = ("--in", "Keyboard", "--out", "Listener", "--thru", "off")


class Port:
    """A keyboard or an instrument that can be unplugged, at the side of the musician who has the rest."""

    def __init__(self, name: str, *, keyboard: bool) -> None:
        jack = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
        self.heard: list[Message] = []
        if keyboard:
            self._port = jack.open_output("out", client_name=name, virtual=True)
        else:
            self._port = jack.open_input("in", client_name=name, virtual=True, callback=self.heard.append)

    def send(self, message: Message) -> None:
        self._port.send(message)

    def begin_exclusive(self) -> None:
        """Send a system exclusive message without its end, which mido refuses."""
        self._port._rt.send_message([0xF0, 0x43, 0x10])
        time.sleep(0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._port.is_input:
            rtmidi_binding.close_input(self._port)
        self._port.close()


@pytest.fixture
def listener(jack: JackServer) -> Iterator[Port]:
    with Port("Listener", keyboard=False) as listener:
        yield listener


def passes(keyboard: Port, listener: Port, note: int) -> bool:
    """Whether thru takes this note from one to the other."""
    keyboard.send(Message("note_on", note=note))
    keyboard.send(Message("note_off", note=note))
    time.sleep(0.05)
    return note in [m.note for m in listener.heard if m.type == "note_on"]


def test_a_keyboard_comes_and_goes_again_and_again_with_keys_held(start: Start, listener: Port) -> None:
    with Port("Keyboard", keyboard=True):
        daemon = start("--in", "Keyboard", "--out", "Listener")
    held = [Message("note_on", note=note, velocity=90) for note in (60, 64)]
    held.append(Message("control_change", control=64, value=127))
    ended = [Message("note_off", note=60), Message("note_off", note=64), Message("control_change", control=64)]
    for times in range(1, 4):
        daemon.says("Keyboard:out is gone", times, within=NOTICED)
        listener.heard.clear()
        with Port("Keyboard", keyboard=True) as keyboard:
            daemon.says("in:  Keyboard:out", times + 1, within=BACK)
            for message in held:
                keyboard.send(message)
            until(lambda: all(message in listener.heard for message in held), "two keys and the pedal")
        until(lambda: all(message in listener.heard for message in ended), "keys and pedal end", NOTICED)


@pytest.mark.skipif(PIPEWIRE, reason="PipeWire's JACK hands over whole messages only")
def test_a_keyboard_that_vanished_within_a_system_exclusive_message_is_heard_when_it_is_back(
    start: Start, listener: Port
) -> None:
    """RtMidi would add all that comes later to the message, which never ends."""
    with Port("Keyboard", keyboard=True) as keyboard:
        daemon = start("--in", "Keyboard", "--out", "Listener")
        keyboard.begin_exclusive()
        assert not passes(keyboard, listener, 60), "the case that this is about"
    daemon.says("Keyboard:out is gone", within=NOTICED)
    with Port("Keyboard", keyboard=True) as again:
        daemon.says("in:  Keyboard:out", 2, within=BACK)
        until(lambda: passes(again, listener, 62), "the keyboard is heard")


def test_an_instrument_that_goes_in_mid_response_is_silenced_when_it_is_back(start: Start) -> None:
    with Port("Keyboard", keyboard=True) as keyboard:
        with Port("Listener", keyboard=False) as listener:
            daemon = start(*NAMED, *LONG_RESPONSE)
            for _, message in chord(60, 64, 67):
                keyboard.send(message)
                time.sleep(0.05)
            until(lambda: any(m.type == "note_on" for m in listener.heard), "a response")
        daemon.says("Listener:in is gone", within=NOTICED)
        daemon.says("ended early", within=NOTICED)
        assert "interrupted by you" not in daemon.log
        sounding: list[int] = []
        for message in listener.heard:
            if message.type == "note_on":
                sounding.append(message.note)
            elif message.type == "note_off" and message.note in sounding:
                sounding.remove(message.note)
        with Port("Listener", keyboard=False) as again:
            daemon.says("out: Listener:in", 2, within=BACK)
            until(
                lambda: {m.note for m in again.heard if m.type == "note_off"} >= set(sounding),
                f"note_offs of {sounding}",
                NOTICED,
            )
            assert not any(m.type == "note_on" for m in again.heard)
            for _, message in chord(60, 64, 67):
                keyboard.send(message)
                time.sleep(0.05)
            until(lambda: any(m.type == "note_on" for m in again.heard), "another response")


@pytest.mark.skipif(PIPEWIRE, reason="PipeWire numbers the clients of one name anew each time")
def test_two_keyboards_of_one_name_that_come_back_in_the_other_order(start: Start, listener: Port) -> None:
    """Each is the input that it was: JACK's names tell them apart."""
    with Port("Keys", keyboard=True), Port("Keys", keyboard=True):  # the second is Keys-01
        daemon = start("-vv", "--in", "Keys:out", "--in", "Keys-01:out", "--out", "Listener")
    daemon.says("Keys:out is gone", within=NOTICED)
    daemon.says("Keys-01:out is gone", within=NOTICED)
    with Port("Keys-01", keyboard=True) as second:
        daemon.says("in:  Keys-01:out", 2, within=BACK)
        until(lambda: passes(second, listener, 98), "a note through the second")
        daemon.says("in Keys-01:out: note_on")
        with Port("Keys", keyboard=True) as first:
            daemon.says("in:  Keys:out", 2, within=BACK)
            until(lambda: passes(first, listener, 99), "a note through the first")
            daemon.says("in Keys:out: note_on")


HUB = """
import sys, mido
jack = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
synth = jack.open_input("in", client_name=sys.argv[1], virtual=True)
keyboards = [jack.open_output("out", client_name=name, virtual=True) for name in sys.argv[2:]]
print("here", flush=True)
sys.stdin.readline()
for note, keyboard in enumerate(keyboards, 60):
    keyboard.send(mido.Message("note_on", note=note))
sys.stdin.readline()
"""


@pytest.mark.skipif(PIPEWIRE, reason="PipeWire numbers the clients of one name anew each time")
def test_a_hub_brings_everything_back_in_another_order_with_other_numbers(start: Start) -> None:
    """Three keyboards, two of one name, and the instrument: each is known again, and the held keys end."""
    names = ("Synth [28]", "Piano [32]", "Keys [36]", "Keys [40]")
    with subprocess.Popen([sys.executable, "-c", HUB, *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hub:
        assert hub.stdin is not None and hub.stdout is not None
        hub.stdout.readline()
        inputs = ("--in", "Piano", "--in", "Keys [36]:out", "--in", "Keys [40]:out")
        daemon = start("-vv", *inputs, "--out", "Synth", "--thru", "on")
        hub.stdin.write(b"keys\n")
        hub.stdin.flush()
        daemon.says("out Synth :in: note_on", 3)
        hub.kill()
    daemon.says("is gone", 4, within=NOTICED)
    with ExitStack() as back:
        names = ("Keys [60]", "Keys [64]", "Piano [68]")
        keys, others, piano = (back.enter_context(Port(name, keyboard=True)) for name in names)
        instrument = back.enter_context(Port("Synth [72]", keyboard=False))
        for port in ("in:  Keys [60]", "in:  Keys [64]", "in:  Piano [68]", "out: Synth [72]"):
            daemon.says(port, within=BACK)
        until(lambda: {m.note for m in instrument.heard if m.type == "note_off"} == {60, 61, 62}, "the keys end")
        assert "note_on" not in [m.type for m in instrument.heard]
        for keyboard, port, note in ((piano, "Piano", 97), (keys, "Keys", 98), (others, "Keys", 99)):
            until(lambda keyboard=keyboard, note=note: passes(keyboard, instrument, note), f"a note of {port}")
            daemon.says(f"in {port} :out", within=BACK)


def test_started_before_its_ports_it_waits_for_them(start: Start) -> None:
    daemon = start(*NAMED, "--wait", "on")
    daemon.says(" s. Waiting for Listener and Keyboard.")
    with Musician() as musician:
        daemon.says("in:  Keyboard:out", within=BACK)
        daemon.says("out: Listener:in", within=BACK)
        musician.play(chord(60, 64, 67))
        musician.await_response()


def test_the_demo_hands_over_to_the_first_keyboard(start: Start, listener: Port) -> None:
    daemon = start("--out", "Listener", "--thru", "on")
    daemon.says("in:  demo (no keyboard is found: connect one at any time")
    until(lambda: listener.heard, "the demo")
    with Port("a2j:Keystation 49 [28] (capture)", keyboard=True) as keyboard:
        daemon.says("in:  a2j", within=BACK)
        until(lambda: passes(keyboard, listener, 108), "thru")
    daemon.says("is gone", within=NOTICED)
    assert daemon.running


class Remote:
    """A musician in a process of its own, who outlives no server."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("remote_musician.py"))],
            env={name: value for name, value in os.environ.items() if name == "LD_PRELOAD"} | dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "here"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, *words: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> object:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@pytest.mark.parametrize("brutally", [False, True], ids=["stopped", "killed"])
def test_a_server_that_ends_and_comes_back(brutally: bool, environment: Mapping[str, str], tmp_path: Path) -> None:
    server = JackServer(tmp_path, f"-back-{int(brutally)}")
    here = {**environment, **server.environment}
    call = tmp_path / "call.mid"
    track = mido.MidiTrack(m.copy(time=0 if m.type == "note_on" else 100) for _, m in chord(60, 64, 67))
    mido.MidiFile(tracks=[track]).save(call)
    daemon = LivegenProcess(*NAMED, *LONG_RESPONSE, "--wait", "on", environment=here)
    try:
        daemon.await_ready()
        for times in range(1, 3):
            with Remote(here) as musician:
                daemon.says("in:  Keyboard:out", times, within=BACK)
                daemon.says("out: Listener:in", times, within=BACK)
                musician.ask("play", str(call))
                assert musician.ask("await-response") >= 1
                server.stop(brutally=brutally)
            daemon.says(f"Lost connection to {SYSTEM}. Waiting for it", times, within=NOTICED)
            server.start()
            daemon.says(f"{SYSTEM} is back.", times, within=BACK)
        assert "interrupted by you" not in daemon.log
        assert daemon.stop() == 0, daemon.log
        assert "Traceback" not in daemon.log
    finally:
        daemon.close()
        server.stop()
