"""A running livegen is asked and told what to do: by the command line as a user types it, and by its protocol."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import mido
import pytest
from livegen_process import CHECKOUT, LivegenProcess, Start, livegen
from mido import Message
from musician import Musician, until
from phrases import chord

from livegen.control.client import Client
from livegen.errors import ConfigError, ModelError, PortError

LONG_RESPONSE = ("--response-min", "5", "--response-max", "5")
PROMPT = 0.25  # s, on a busy machine

Connect = Callable[..., Client]
Type = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def type_(environment: Mapping[str, str]) -> Type:
    """Run a command for the livegen that runs."""

    def type_(*words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = livegen(*words, environment=environment)
        assert done.returncode == status, (words, done)
        assert "Traceback" not in done.stderr
        return done

    return type_


@pytest.fixture
def connect(environment: Mapping[str, str]) -> Iterator[Connect]:
    """Connect to the livegen that runs."""
    with ExitStack() as stack:
        yield lambda name="livegen": stack.enter_context(Client(name, environment))


def test_the_command_line_changes_and_shows(
    between: Start, musician: Musician, type_: Type, environment: Mapping[str, str]
) -> None:
    daemon = between("--name", "left", "--thru", "on", *LONG_RESPONSE)
    left = ("--name", "left")
    assert type_(*left, "set", "temperature", "0.5").stdout == "temperature = 0.5 (from the next response on)\n"
    refused = type_(*left, "set", "temperature", "99", status=78)
    assert refused.stderr == "livegen: temperature must be 0.05 to 3, not 99.\n"
    assert "temperature must be 0.05 to 3, not -1" in type_(*left, "set", "temperature", "-1", status=78).stderr
    assert type_(*left, "get", "temperature").stdout == "0.5\n"
    assert "Nothing is kept: nothing has been played yet." in type_(*left, "keep", status=66).stderr
    assert 'in = ["Keyboard"]\n' in type_(*left, "get").stdout
    musician.play(chord(60, 64, 67))
    until(lambda: any(one.message.channel == 1 for one in musician.strikes()), "a response")
    assert type_(*left, "panic").stdout == "All sound is ended.\n"
    musician.await_silence(PROMPT)
    until(lambda: '"state": "recording"' in type_(*left, "status", "--json").stdout, "a recording")
    status = json.loads(type_(*left, "status", "--json").stdout)
    assert type_(*left, "keep").stdout == f"The recording {status['recording']['id']} is kept.\n"
    assert (status["name"], status["turn"], status["responses"], status["notes"]["heard"]) == ("left", "idle", 1, 3)
    assert [port["name"] for port in status["inputs"]] == ["Keyboard:out"]
    assert [port["name"] for port in status["outputs"]] == ["Listener:in"]
    assert status["thru_ms"]["count"] == 6
    assert 600 < status["response_delay_ms"]["max"] < 5000
    assert 20 < status["memory_mb"] < 2000
    assert "notes           3 heard" in type_(*left, "status").stdout
    assert "Running: left (choose one with --name)" in type_("status", status=69).stderr
    second = livegen(*left, "--in", "demo", "--out", "x.mid", environment=environment)
    assert (second.returncode, "A livegen named left is running already." in second.stderr) == (69, True)
    assert type_(*left, "stop").stdout == "livegen is stopping.\n"
    assert daemon.wait() == 0


def test_it_stops_when_it_is_asked_in_mid_response(between: Start, musician: Musician, connect: Connect) -> None:
    daemon = between(*LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    connect().ask("stop")
    assert daemon.wait() == 0
    musician.await_silence(PROMPT)
    with pytest.raises(PortError, match="Start one: livegen"):
        connect()


def test_after_kill_9_the_next_one_takes_its_place(start: Start, connect: Connect) -> None:
    first = start("--virtual")
    first.send(signal.SIGKILL)
    first.wait()
    start("--virtual")
    assert connect().ask("hello")["protocol"] == 1


def test_a_change_at_once_does_not_cut_the_response(between: Start, musician: Musician, connect: Connect) -> None:
    between(*LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    before = len(musician.strikes())
    client = connect()
    client.ask("set", values={"silence": 0.5, "seed": 5})
    with pytest.raises(ConfigError, match="next start"):
        client.ask("set", values={"realtime": "off"})
    until(lambda: len(musician.strikes()) > before, "the response goes on")


def test_a_model_is_changed_while_it_plays(between: Start, musician: Musician, connect: Connect) -> None:
    daemon = between(*LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    client = connect()
    before = len(musician.strikes())
    client.ask("set", values={"model": str(CHECKOUT / "models" / "livegen")})
    with pytest.raises(ModelError, match="Did you mean livegen"):
        client.ask("set", values={"model": "livegn"})
    until(lambda: len(musician.strikes()) > before, "the response goes on")
    musician.hear_out()
    musician.forget()
    musician.play(chord(62, 65))
    musician.await_response()
    daemon.says("model: ", 2)


def test_bound_controls_and_presets(
    start: Start, musician: Musician, connect: Connect, type_: Type, tmp_path: Path
) -> None:
    config = tmp_path / "livegen.toml"
    config.write_text(
        'in = "Keyboard"\nout = "Listener"\nthru = "on"\nresponse-channel = 3\n'
        'bind = ["cc:21 temperature 0.1..2.0", "program:3 preset calm"]\nstate-control = "cc:9"\n'
        "[presets.calm]\ntemperature = 0.6\nresponse-min = 2\n[presets.wild]\ntemperature = 1.5\n"
    )
    start("--config", str(config))
    client = connect()

    def value(name: str) -> Any:
        return client.ask("get", name=name)["value"]

    for position, temperature in ((127, 2.0), (0, 0.1)):
        musician.send(Message("control_change", control=21, value=position))
        until(lambda temperature=temperature: value("temperature") == temperature, "the dial")
    musician.send(Message("program_change", program=3))
    until(lambda: value("response-min") == 2, "the preset")
    assert value("temperature") == 0.6
    assert type_("preset", "wild").stdout == "temperature = 1.5 (from the next response on)\n"
    assert not musician.heard  # bound messages are not forwarded
    musician.play(chord(60, 64))
    musician.hear_out()
    assert [one.message.value for one in musician.heard if one.message.is_cc(9)] == [1, 2, 0]


def test_a_wrong_binding_is_an_error_with_its_place(type_: Type, tmp_path: Path) -> None:
    config = tmp_path / "livegen.toml"
    config.write_text('bind = ["cc:21 temprature 0.1..2.0"]\n')
    refused = type_("--config", str(config), status=78).stderr
    assert f"{config}, line 1: " in refused
    assert "Did you mean temperature?" in refused


def test_listeners_hear_what_is_played(between: Start, musician: Musician, connect: Connect) -> None:
    between()
    listener = connect()
    listener.subscribe("note_on", "turn")
    musician.play(chord(60))
    events: list[dict[str, Any]] = []
    while not events or events[-1].get("turn") != "idle":
        more = listener.pending(30.0)
        assert more
        events += more
    assert [event["turn"] for event in events if event["event"] == "turn"] == ["listening", "responding", "idle"]
    notes = [(event["part"], event["note"]) for event in events if event["event"] == "note_on"]
    assert notes == [("call", 60), *(("response", one.message.note) for one in musician.strikes())]


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_the_monitor_shows_what_is_played(
    between: Start, musician: Musician, connect: Connect, environment: Mapping[str, str], terminal: bool
) -> None:
    between()
    client = connect()
    watching = LivegenProcess("monitor", environment=environment, terminal=terminal)
    try:
        until(lambda: "keep: " in watching.log or client.ask("keep") is None, "it listens")
        musician.play(chord(60))
        until(lambda: ("█" if terminal else "you     C4 (80)") in watching.log, "the note of the player")
        until(lambda: ("▓" if terminal else "livegen ") in watching.log, "a note of the response")
        if terminal:
            client.ask("stop")
        assert (watching.wait() if terminal else watching.stop(signal.SIGINT)) == (0 if terminal else 130)
        assert "Traceback" not in watching.log
    finally:
        watching.close()


def test_a_reload_opens_only_what_has_changed(
    start: Start, musician: Musician, connect: Connect, tmp_path: Path
) -> None:
    config = tmp_path / "livegen.toml"
    ports = 'in = "Keyboard"\nout = "Listener"\nthru = "off"\n'
    config.write_text(ports)
    daemon = start("--config", str(config), *LONG_RESPONSE)
    client = connect()
    musician.play(chord(60, 64, 67))
    musician.await_response()
    before = len(musician.strikes())
    config.write_text(f"{ports}patience = 2\n")
    client.ask("reload")
    until(lambda: len(musician.strikes()) > before, "the response goes on")
    assert client.ask("get", name="patience")["value"] == 2
    config.write_text("patience = 99\n")
    with pytest.raises(ConfigError, match=r"line 1: patience must be 0\.1 to 20"):
        client.ask("reload")
    assert client.ask("get", name="patience")["value"] == 2
    assert daemon.log.count("Ready") == 1


def test_in_virtual_time_bindings_work_too_and_there_is_no_socket(type_: Type, tmp_path: Path) -> None:
    call, track = mido.MidiFile(), mido.MidiTrack()
    track += [Message("program_change", program=3), Message("note_on", note=60), Message("note_off", note=60, time=99)]
    call.tracks.append(track)
    call.save(tmp_path / "call.mid")
    files = ("--in", str(tmp_path / "call.mid"), "--out", str(tmp_path / "out.mid"), "--fast", "--name", "fast")
    done = type_(*files, "--bind", "program:3 preset four", "--presets", "four: response-channel = 4")
    assert "set: response-channel = 4" in done.stderr
    played = mido.MidiFile(tmp_path / "out.mid").tracks[-1]
    assert {message.channel for message in played if message.type == "note_on"} == {3}
    assert not (Path(os.environ["XDG_RUNTIME_DIR"]) / "livegen" / "fast.sock").exists()
