"""A running livegen is asked and told what to do, by the command line as a user types it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import mido
import pytest
from jack_server import JackServer
from livegen_process import CHECKOUT, LivegenProcess, Start, livegen
from mido import Message
from musician import Musician, strikes, until
from phrases import chord

from livegen.control.client import Client

LONG_RESPONSE = ("--response-min", "5", "--response-max", "5")
PROMPT = 0.25  # s, on a busy machine

Ask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ask(environment: Mapping[str, str]) -> Ask:
    """Run a command for the livegen that runs."""

    def ask(*words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = livegen(*words, environment=environment)
        assert done.returncode == status, (words, done)
        assert "Traceback" not in done.stderr
        return done

    return ask


@pytest.fixture
def client(environment: Mapping[str, str]) -> Iterator[Callable[[], Client]]:
    """Connect to the livegen that runs."""
    opened: list[Client] = []

    def client() -> Client:
        opened.append(Client("livegen", environment))
        return opened[-1]

    yield client
    for each in opened:
        each.__exit__()


def test_settings_change_while_it_plays(between: Start, musician: Musician, ask: Ask) -> None:
    daemon = between("--response-channel", "3", *LONG_RESPONSE)
    assert ask("set", "temperature", "0.5").stdout == "temperature = 0.5 (from the next response on)\n"
    assert ask("get", "temperature").stdout == "0.5\n"
    refused = ask("set", "temperature", "99", status=78)
    assert refused.stderr == "livegen: temperature must be 0.05 to 3, not 99.\n"
    assert "Did you mean temperature?" in ask("set", "temprature", "1", status=78).stderr
    assert "next start" in ask("set", "realtime", "off", status=78).stderr
    assert 'in = ["Keyboard"]\n' in ask("get").stdout
    assert json.loads(ask("get", "silence", "--json").stdout)["value"] == 0.7
    musician.play(chord(60, 64, 67))
    musician.await_response()
    ask("set", "response-channel", "7")  # the response ends, or goes on there
    ask("panic")
    musician.await_silence(PROMPT)
    musician.forget()
    musician.play(chord(60, 64, 67))
    musician.await_response()
    assert {one.message.channel for one in musician.strikes()} == {6}
    assert "set: response-channel = 7" in daemon.log


def test_the_status_tells_what_plays_and_how_well(between: Start, musician: Musician, ask: Ask) -> None:
    between("--name", "left", "--thru", "on")
    musician.play(chord(60, 64, 67))
    musician.hear_out()
    status = json.loads(ask("--name", "left", "status", "--json").stdout)
    assert (status["name"], status["turn"], status["responses"]) == ("left", "idle", 1)
    assert status["notes"]["heard"] == 3
    assert status["notes"]["played"] + status["notes"]["dropped"] >= 1
    assert [port["name"] for port in status["inputs"]] == ["Keyboard:out"]
    assert [port["name"] for port in status["outputs"]] == ["Listener:in"]
    assert status["thru_ms"]["count"] == 6
    assert 600 < status["response_delay_ms"]["max"] < 2000
    assert 20 < status["memory_mb"] < 2000
    shown = ask("--name", "left", "status").stdout
    assert "in              Keyboard:out" in shown
    assert "notes           3 heard" in shown
    assert ask("status", status=69).stderr == (
        "livegen: No livegen named livegen is running. Running: left (choose one with --name).\n"
    )


def test_it_stops_when_it_is_asked_and_a_second_one_is_refused(
    between: Start, musician: Musician, ask: Ask, environment: Mapping[str, str]
) -> None:
    daemon = between(*LONG_RESPONSE)
    second = livegen("--in", "demo", "--out", "x.mid", environment=environment)
    assert second.returncode == 69
    assert "A livegen named livegen is running already." in second.stderr
    musician.play(chord(60, 64, 67))
    musician.await_response()
    assert ask("stop").stdout == "livegen is stopping.\n"
    assert daemon.wait() == 0
    musician.await_silence(PROMPT)
    assert "Start one: livegen." in ask("stop", status=69).stderr


def test_after_kill_9_the_next_one_takes_its_place(start: Start, ask: Ask) -> None:
    first = start("--virtual")
    first.send(signal.SIGKILL)
    first.wait()
    start("--virtual")
    ask("status")


def test_an_output_that_is_changed_is_opened_and_the_old_one_is_silent(
    between: Start, musician: Musician, ask: Ask, tmp_path: Path
) -> None:
    between(*LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    recording = tmp_path / "jam.mid"
    assert ask("set", "out", f"Listener;{recording}").stdout.endswith("(the ports are open again)\n")
    musician.await_silence(PROMPT)
    missing = ask("set", "in", "Nobody", status=69)
    assert "Nobody" in missing.stderr
    musician.forget()
    musician.play(chord(62, 65))
    musician.await_response()
    assert json.loads(ask("get", "in", "--json").stdout)["value"] == ["Keyboard"]


def test_a_model_is_changed_while_it_plays(between: Start, musician: Musician, ask: Ask) -> None:
    daemon = between(*LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    assert ask("set", "model", str(CHECKOUT / "models" / "livegen")).stdout.endswith("(the model is loaded)\n")
    assert "Did you mean" in ask("set", "model", "livegn", status=65).stderr
    assert musician.sounding() or len(musician.strikes()) > 3  # the response was not cut
    musician.hear_out()
    musician.forget()
    musician.play(chord(62, 65))
    musician.await_response()
    assert daemon.log.count("model: ") == 2


def test_bound_controls_and_presets(between: Start, musician: Musician, ask: Ask, tmp_path: Path) -> None:
    config = tmp_path / "livegen.toml"
    config.write_text(
        'bind = ["cc:21 temperature 0.1..2.0", "program:3 preset calm", "cc:22 thru off"]\n'
        'state-control = "cc:9"\n'
        "[presets.calm]\ntemperature = 0.6\nresponse-min = 5\n[presets.wild]\ntemperature = 1.5\n"
    )
    between("--config", str(config), "--thru", "on", "--response-channel", "3")
    value = lambda name: json.loads(ask("get", name, "--json").stdout)["value"]  # noqa: E731
    for position, temperature in ((127, 2.0), (0, 0.1)):
        musician.send(Message("control_change", control=21, value=position))
        until(lambda temperature=temperature: value("temperature") == temperature, "the dial")
    musician.send(Message("program_change", program=3))
    until(lambda: value("response-min") == 5, "the preset")
    assert value("temperature") == 0.6
    assert ask("preset", "wild").stdout == "temperature = 1.5 (from the next response on)\n"
    assert "There is no preset wil. Did you mean wild?" in ask("preset", "wil", status=78).stderr
    assert not musician.heard  # bound messages are not forwarded
    musician.play(chord(60, 64))
    musician.hear_out()
    states = [one.message.value for one in musician.heard if one.message.is_cc(9)]
    assert states == [1, 2, 0]


def test_a_wrong_binding_is_an_error_with_its_place(environment: Mapping[str, str], tmp_path: Path) -> None:
    config = tmp_path / "livegen.toml"
    config.write_text('bind = ["cc:21 temprature 0.1..2.0"]\n')
    done = livegen("--config", str(config), environment=environment)
    assert done.returncode == 78
    assert f"{config}, line 1:" in done.stderr
    assert "Did you mean temperature?" in done.stderr


def test_listeners_hear_what_is_played(between: Start, musician: Musician, client: Callable[[], Client]) -> None:
    between()
    listener = client()
    listener.subscribe("note_on", "turn", "response_end")
    musician.play(chord(60))
    events: list[dict[str, Any]] = []
    while not events or events[-1]["event"] != "turn" or events[-1]["turn"] != "idle":
        more = listener.pending(30.0)
        assert more
        events += more
    assert [event["turn"] for event in events if event["event"] == "turn"] == ["listening", "responding", "idle"]
    assert next(event for event in events if event["event"] == "note_on")["note"] == 60
    played = [event["note"] for event in events if event["event"] == "note_on" and event["part"] == "response"]
    assert played == [one.message.note for one in musician.strikes()]


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_the_monitor_shows_what_is_played(
    between: Start, musician: Musician, ask: Ask, environment: Mapping[str, str], terminal: bool
) -> None:
    between()
    watching = LivegenProcess("monitor", environment=environment, terminal=terminal)
    try:
        until(lambda: "keep: the last minutes are marked" in watching.log or ask("keep") is None, "it listens")
        musician.play(chord(60))
        until(lambda: "response:" in watching.log, "the response")
        until(lambda: ("█" if terminal else "you     C4 (80)") in watching.log, "the note of the player")
        until(lambda: ("▓" if terminal else "livegen ") in watching.log, "a note of the response")
        ask("stop")
        assert watching.wait() == 0
    finally:
        watching.close()


def test_a_monitor_is_ended_by_ctrl_c(start: Start, environment: Mapping[str, str], ask: Ask) -> None:
    start("--virtual")
    watching = LivegenProcess("monitor", environment=environment)
    try:
        until(lambda: "keep:" in watching.log or ask("keep") is None, "it listens")
        assert watching.stop(signal.SIGINT) == 130
        assert "Traceback" not in watching.log
    finally:
        watching.close()


def test_without_a_place_for_the_socket_it_plays_without_one(
    environment: Mapping[str, str], jack: JackServer, tmp_path: Path
) -> None:
    own = {**environment, "XDG_RUNTIME_DIR": str(tmp_path / "missing")}
    daemon = LivegenProcess("--virtual", environment=own)
    try:
        daemon.await_ready()
        assert "There is no control socket: No such file or directory." in daemon.log
        assert daemon.stop() == 0
    finally:
        daemon.close()


def test_the_reload_of_the_command_line_opens_only_what_has_changed(
    start: Start, musician: Musician, ask: Ask, tmp_path: Path
) -> None:
    config = tmp_path / "livegen.toml"
    ports = 'in = "Keyboard"\nout = "Listener"\nthru = "off"\n'
    config.write_text(ports)
    daemon = start("--config", str(config), *LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    config.write_text(f"{ports}silence = 2\n")
    assert ask("reload").stdout == "The settings are reloaded.\n"
    assert musician.sounding() or len(musician.strikes()) > 3
    assert ask("get", "silence").stdout == "2.0\n"
    assert daemon.log.count("Ready") == 1
    config.write_text("silence = 99\n")
    assert "line 1: silence must be 0.1 to 10 s" in ask("reload", status=78).stderr
    assert ask("get", "silence").stdout == "2.0\n"


def test_in_virtual_time_bindings_work_too_and_there_is_no_socket(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    call = mido.MidiFile()
    track = mido.MidiTrack()
    track += [Message("program_change", program=3), *(m.copy(time=480 * (m.type == "note_off")) for _, m in chord(60))]
    call.tracks.append(track)
    call.save(tmp_path / "call.mid")
    words = ("--in", str(tmp_path / "call.mid"), "--out", str(tmp_path / "out.mid"), "--fast", "--name", "fast")
    preset = ("--bind", "program:3 preset four", "--presets", "four: response-channel = 4")
    done = subprocess.run(
        [sys.executable, "-m", "livegen", *words, *preset],
        env=dict(environment),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "set: response-channel = 4" in done.stderr
    played = mido.MidiFile(tmp_path / "out.mid").tracks[-1]
    assert {message.channel for message in played if message.type == "note_on"} == {3}
    assert not (Path(environment["XDG_RUNTIME_DIR"]) / "livegen" / "fast.sock").exists()


def test_strikes_of_a_response_are_not_cut_by_a_change_at_once(between: Start, musician: Musician, ask: Ask) -> None:
    between(*LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    before = len(strikes(musician.heard))
    ask("set", "silence", "0.5")
    ask("set", "seed", "5")
    until(lambda: len(musician.strikes()) > before, "the response goes on")
