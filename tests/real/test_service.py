"""The systemd unit under a real systemd, with real ports."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest
from jack_server import JackServer, command
from jack_server import environment as jack_environment
from livegen_process import CHECKOUT, livegen
from musician import until
from nspawn import Machine
from phrases import Phrase, chord, save

UNIT = CHECKOUT / "systemd" / "livegen.service"
CONFIG = "/etc/livegen/livegen.toml"
LIVEGEN = "/opt/livegen/.venv/bin/livegen"
SERVER = "service"
JACK = jack_environment(SERVER) | {"JACK_PROMISCUOUS_SERVER": "audio"}  # it and the server are different users
VARIABLES = [f"{name}={value}" for name, value in JACK.items()]
SETTINGS = """
in = "Keyboard"
out = "Listener"
backend = "jack"
thru = "off"
response_min = 3
response_max = 3
response_channel = {}
"""


class Remote:
    """A musician inside the machine."""

    def __init__(self, machine: Machine) -> None:
        self._folder = machine.folder
        script = Path(__file__).with_name("remote_musician.py")
        self._process = subprocess.Popen(
            machine.inside("env", *VARIABLES, sys.executable, str(script)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "here"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def play(self, phrase: str) -> None:
        self.ask(f"play {self._folder / phrase}.mid")

    def ask(self, line: str) -> Any:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the musician in the container has failed"
        return json.loads(line)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, call: Phrase) -> Iterator[Machine]:
    """A machine with livegen installed where the unit expects it, a JACK server, and two phrases in files."""
    if lacking := Machine.missing() or JackServer.missing():
        pytest.skip(f"{lacking} missing")
    folder = tmp_path_factory.mktemp("machine")
    save(call, folder / "call.mid")
    save(chord(60, 64, 67), folder / "chord.mid")
    machine = Machine({CHECKOUT, Path(sys.prefix), Path(sys.base_prefix), folder}, folder)
    try:
        wrapper = f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {sys.executable} -m livegen "$@"\n'
        machine.write(LIVEGEN, wrapper, 0o755)
        variables = "[Service]\n" + "".join(f"Environment={variable}\n" for variable in VARIABLES)
        server = " ".join(command(SERVER))
        machine.write("/etc/systemd/system/jack.service", f"{variables}ExecStart=/usr/bin/{server}\n")
        # A container may not raise limits: the capability stands in for LimitRTPRIO.
        nice = "AmbientCapabilities=CAP_SYS_NICE\n"
        seen = f"BindReadOnlyPaths={CHECKOUT} {sys.prefix}\n"  # a checkout in /tmp, of which the service has its own
        machine.write("/etc/systemd/system/livegen.service.d/jack.conf", variables + nice + seen)
        machine.write("/etc/systemd/system/livegen.service", UNIT.read_text())
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "jack")
        until(lambda: machine.try_to("env", *VARIABLES, "jack_lsp").returncode == 0, "a JACK server")
        yield machine
    finally:
        machine.stop()


@pytest.fixture
def musician(machine: Machine) -> Iterator[Remote]:
    """A musician in it, and the service stopped before and after."""
    machine.write(CONFIG, SETTINGS.format(2))
    with Remote(machine) as musician:
        yield musician
        machine.run("systemctl", "stop", "livegen")
    machine.run("systemctl", "reset-failed")


def main_process(machine: Machine, other_than: str = "") -> str:
    """Wait until the service is up, with another main process than the one named."""

    def shown() -> dict[str, str]:
        lines = machine.run("systemctl", "show", "--property=ActiveState,MainPID", "livegen").splitlines()
        return dict(line.split("=") for line in lines)

    def up() -> bool:
        found = shown()
        return found["ActiveState"] == "active" and found["MainPID"] != other_than

    try:
        until(up, "the service is up", 40)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{journal(machine)}") from None
    return shown()["MainPID"]


def journal(machine: Machine) -> str:
    return machine.run("journalctl", "--no-pager", "--output=cat", "--unit=livegen")


def test_the_unit_raises_no_complaint(machine: Machine) -> None:
    assert machine.run("systemd-analyze", "verify", "/etc/systemd/system/livegen.service") == ""


def test_it_answers_and_ends_well(machine: Machine, musician: Remote) -> None:
    machine.run("systemctl", "start", "livegen")  # comes back when it is ready
    assert main_process(machine)
    assert "\nReady" in journal(machine)
    musician.play("call")
    heard = musician.ask("hear-out")
    assert len(heard["notes"]) > 1
    assert {channel for channel, _ in heard["notes"]} == {1}
    assert heard["sounding"] == []
    machine.run("systemctl", "stop", "livegen")
    assert machine.run("systemctl", "show", "--value", "--property=Result", "livegen").strip() == "success"
    listed = machine.run("env", "STATE_DIRECTORY=/var/lib/livegen", LIVEGEN, "recordings", "--json")
    assert all(notes > 1 for notes in json.loads(listed)[-1]["notes"].values())
    assert machine.run("stat", "--format=%a", "/var/lib/livegen/recordings").strip() == "700"


def test_a_stop_in_mid_response_leaves_nothing_sounding(machine: Machine, musician: Remote) -> None:
    machine.run("systemctl", "start", "livegen")
    musician.play("chord")
    musician.ask("await-response")
    machine.run("systemctl", "stop", "livegen")
    until(lambda: musician.ask("sounding") == [], "release", 1)
    assert machine.run("systemctl", "show", "--value", "--property=Result", "livegen").strip() == "success"


def test_a_reload_takes_new_settings_and_can_be_asked_for(machine: Machine, musician: Remote) -> None:
    machine.run("systemctl", "start", "livegen")
    before = main_process(machine)
    musician.play("chord")
    musician.ask("await-response")
    machine.write(CONFIG, SETTINGS.format(5))
    machine.run("systemctl", "reload", "livegen")
    until(lambda: "\nThe settings are reloaded." in journal(machine), "the reload")
    assert machine.run(LIVEGEN, "get", "response-channel") == "5\n"  # by root, who finds the socket of the service
    machine.run(LIVEGEN, "panic")
    until(lambda: musician.ask("sounding") == [], "release", 1)
    assert main_process(machine) == before
    musician.ask("forget")
    musician.play("chord")
    assert {channel for channel, _ in musician.ask("hear-out")["notes"]} == {4}


def test_killed_it_comes_back_and_answers(machine: Machine, musician: Remote) -> None:
    machine.run("systemctl", "start", "livegen")
    before = main_process(machine)
    machine.run("systemctl", "kill", "--signal=KILL", "livegen")
    main_process(machine, other_than=before)
    musician.play("chord")
    heard = musician.ask("hear-out")
    assert heard["notes"]
    assert heard["sounding"] == []


def test_a_keyboard_that_comes_later_is_found(machine: Machine) -> None:
    machine.write(CONFIG, SETTINGS.format(2))
    machine.run("systemctl", "start", "livegen")  # it is ready, and says what it waits for
    before = main_process(machine)
    until(lambda: "Waiting for" in machine.run("systemctl", "show", "--property=StatusText", "livegen"), "the status")
    with Remote(machine) as musician:
        until(lambda: "in:  Keyboard" in journal(machine), "the keyboard is used", 10)
        musician.play("chord")
        assert musician.ask("hear-out")["notes"]
        assert main_process(machine) == before
        machine.run("systemctl", "stop", "livegen")


def assert_given_up(machine: Machine, status: int) -> None:
    """A start fails with this exit status, and is not tried again."""
    assert machine.try_to("systemctl", "start", "livegen").returncode != 0
    shown = machine.run("systemctl", "show", "--property=ExecMainStatus,ActiveState,NRestarts", "livegen").split()
    assert set(shown) == {f"ExecMainStatus={status}", "ActiveState=failed", "NRestarts=0"}
    machine.run("systemctl", "reset-failed")


def test_a_wrong_setting_is_not_tried_again(machine: Machine) -> None:
    machine.write(CONFIG, "silense = 1\n")
    assert_given_up(machine, 78)
    log = machine.run("journalctl", "--no-pager", "--output=cat", "--identifier=livegen")  # its name in every line
    assert "did you mean silence" in log.lower()


def test_what_is_not_installed_is_not_tried_again(machine: Machine) -> None:
    machine.run("mv", LIVEGEN, f"{LIVEGEN}.away")
    try:
        assert_given_up(machine, 127)
    finally:
        machine.run("mv", f"{LIVEGEN}.away", LIVEGEN)


def test_the_example_settings_are_valid(environment: Mapping[str, str]) -> None:
    done = livegen("--config", str(UNIT.with_name("livegen.toml")), "config", environment=environment)
    assert done.returncode == 0, done.stderr
