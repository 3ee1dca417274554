"""Inputs and outputs that change while livegen plays, over JACK: what stays plays on, what goes ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import mido
import pytest
from jack_server import JackServer
from livegen_process import LivegenProcess, Start
from mido import Message
from musician import Heard, Musician, sounding, until
from phrases import chord

from livegen.control.client import Client
from livegen.errors import LivegenError
from livegen.io import rtmidi_binding

LONG_RESPONSE = ("--response-min", "5", "--response-max", "5")
SETTLE = 0.3  # s for a message that should not come

Set = Callable[..., Any]


@pytest.fixture
def set_(environment: Mapping[str, str]) -> Iterator[Set]:
    """Change settings of the livegen that runs."""
    with ExitStack() as stack:
        clients: list[Client] = []

        def set_(**values: object) -> Any:
            if not clients:
                clients.append(stack.enter_context(Client("livegen", environment)))
            return clients[0].ask("set", values={name.replace("_", "-"): value for name, value in values.items()})

        yield set_


class Port:
    """Another keyboard or instrument."""

    def __init__(self, name: str, *, keyboard: bool = False) -> None:
        jack = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
        self.heard: list[Heard] = []
        if keyboard:
            self._port = jack.open_output("out", client_name=name, virtual=True)
        else:
            self._port = jack.open_input("in", client_name=name, virtual=True, callback=self._hear)

    def _hear(self, message: Message) -> None:
        self.heard.append(Heard(message, time.monotonic()))

    def send(self, message: Message) -> None:
        self._port.send(message)

    def close(self) -> None:
        if self._port.is_input:
            rtmidi_binding.close_input(self._port)
        self._port.close()


@pytest.fixture
def another(jack: JackServer) -> Iterator[Port]:
    port = Port("Another")
    yield port
    port.close()


def closed(daemon: LivegenProcess) -> int:
    return daemon.log.count(" is closed") + daemon.log.count(" is gone")


def opened(daemon: LivegenProcess) -> int:
    """How often the synth was opened."""
    return sum("out: FluidSynth (jack" in line and "closed" not in line for line in daemon.log.splitlines())


def response(musician: Musician) -> int:
    """Play, and wait for the response. Returns the number of its notes up to now."""
    musician.play(chord(60, 64, 67))
    musician.await_response()
    return len(musician.strikes())


def test_a_response_goes_on_while_an_output_comes_and_goes(
    between: Start, musician: Musician, another: Port, set_: Set, tmp_path: Path
) -> None:
    daemon = between(*LONG_RESPONSE)
    before = response(musician)
    set_(out=["Listener", "Another", str(tmp_path / "jam.mid")])
    until(lambda: any(one.strikes for one in another.heard), "the response there too")
    set_(out=["Listener"])
    until(lambda: not sounding(another.heard), "its end there")
    assert mido.MidiFile(tmp_path / "jam.mid").tracks
    after, heard = len(musician.strikes()), len(another.heard)
    until(lambda: len(musician.strikes()) > after > before, "the response goes on")
    assert len(another.heard) == heard
    assert "ended early" not in daemon.log
    musician.hear_out()
    daemon.says(" is closed", 2)
    assert closed(daemon) == 2
    assert daemon.log.count("Ready") == 1


def test_a_held_key_stays_down_where_nothing_changes_and_ends_where_it_goes(
    start: Start, musician: Musician, another: Port, set_: Set
) -> None:
    start("--in", "Keyboard", "--out", "Listener", "--out", "Another", "--thru", "on")
    musician.send(Message("note_on", note=60))
    musician.send(Message("control_change", control=64, value=127))
    until(lambda: len(another.heard) == 2 and len(musician.heard) == 2, "the key and the pedal")
    set_(out=["Listener"])
    until(lambda: not sounding(another.heard), "the key ends")
    assert another.heard[-2].message.is_cc(64) and another.heard[-2].message.value == 0
    assert another.heard[-1].message == Message("note_off", note=60)
    set_(out=["Listener", "Another"])
    assert [one.message.type for one in musician.heard] == ["note_on", "control_change"]
    musician.send(Message("note_off", note=60))
    until(lambda: not musician.sounding(), "the key goes up")


def test_a_keyboard_that_is_removed_lets_go_of_its_keys_only(
    start: Start, musician: Musician, set_: Set, jack: JackServer
) -> None:
    other = Port("Other", keyboard=True)
    try:
        daemon = start("--in", "Keyboard", "--out", "Listener", "--thru", "on")
        musician.send(Message("note_on", note=60))
        set_(**{"in": ["Keyboard", "Other"]})
        other.send(Message("note_on", note=72))
        until(lambda: len(musician.sounding()) == 2, "both keys")
        set_(**{"in": ["Keyboard"]})
        until(lambda: musician.sounding() == [(0, 60)], "one key")
        other.send(Message("note_on", note=74))
        musician.send(Message("note_off", note=60))
        until(lambda: not musician.sounding(), "no key")
        assert 74 not in [one.message.note for one in musician.strikes()]
        daemon.says(" is closed")
        assert closed(daemon) == 1
        assert not jack.ports("livegen in-", "input")
    finally:
        other.close()


def test_a_change_that_fails_leaves_what_was_there(
    between: Start, musician: Musician, another: Port, set_: Set, tmp_path: Path
) -> None:
    daemon = between(*LONG_RESPONSE)
    before = response(musician)
    for values in (
        {"out": ["Listener", "Another", "Nobody"]},
        {"in": ["Nobody"], "out": ["Listener", "Another"]},
        {"out": ["Another", str(tmp_path / "no" / "jam.mid")], "silence": 2.0},
        {"out": ["Listener", "Listener:in"]},
        {"out": ["Listener", "FluidSynth"], "soundfont": "no.sf2"},
        {"backend": "alsa"},
    ):
        with pytest.raises(LivegenError):
            set_(**values)
    until(lambda: len(musician.strikes()) > before, "the response goes on")
    assert not another.heard
    assert closed(daemon) == 0
    assert "ended early" not in daemon.log
    assert set_(out=["Listener", "Another"], seed=1)["values"]["seed"] == 1
    musician.play(chord(60, 64, 67))
    until(lambda: any(one.strikes for one in another.heard), "an output that is added later")


def test_the_synth_alone_is_opened_again_and_its_gain_changes_at_once(
    start: Start, musician: Musician, set_: Set, jack: JackServer
) -> None:
    daemon = start("--in", "Keyboard", "--out", "Listener", "--out", "synth:", "--audio-driver", "jack", "--thru", "on")
    musician.send(Message("note_on", note=60))
    until(musician.sounding, "the key")
    assert set_(gain=0.2)["applies"] == {"gain": "at once"}
    assert closed(daemon) == 0
    set_(audio_buffers=4)
    assert (closed(daemon), opened(daemon)) == (1, 2)
    with pytest.raises(LivegenError):
        set_(audio_driver="nonsense")
    until(lambda: (closed(daemon), opened(daemon)) == (2, 3), "the synth with the driver from before")
    assert jack.ports("livegen:", "output")
    assert musician.sounding() == [(0, 60)]


def test_another_name_of_the_same_port_opens_nothing(between: Start, musician: Musician, set_: Set) -> None:
    daemon = between(*LONG_RESPONSE)
    before = response(musician)
    set_(**{"in": ["Keyboard:out"], "out": ["Listener:in"], "backend": "auto", "wait": "on"})
    until(lambda: len(musician.strikes()) > before, "the response goes on")
    daemon.says("set: in = ")
    assert (closed(daemon), daemon.log.count("out: Listener")) == (0, 1)


def test_an_output_that_is_not_there_yet_is_waited_for(between: Start, musician: Musician, set_: Set) -> None:
    daemon = between("--wait", "on")
    set_(out=["Listener", "Later"])
    daemon.says("Waiting for it.")
    later = Port("Later")
    try:
        daemon.says("out: Later:in")
        response(musician)
        until(lambda: any(one.strikes for one in later.heard), "the response there too")
    finally:
        later.close()


def test_changes_that_come_all_at_once_are_made_one_after_another(
    between: Start, musician: Musician, another: Port, environment: Mapping[str, str]
) -> None:
    daemon = between()

    def change(number: int) -> None:
        with Client("livegen", environment) as client:
            client.ask("set", values={"out": ["Listener", "Another"] if number % 2 else ["Listener"]})

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert daemon.running
    response(musician)
    musician.hear_out()
