"""The units under a real systemd, with all their guards, with real ports."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from jack_server import JackServer, command
from jack_server import environment as jack_environment
from livegen_process import CHECKOUT
from musician import until
from nspawn import Machine
from phrases import Phrase, chord, save

CONFIG = "/etc/livegen/livegen.toml"
LEFT = "/etc/livegen/livegen@left.toml"
LIVEGEN = "/opt/livegen/.venv/bin/livegen"
SERVER = "service"
STOPS = 15.0  # s, on a busy machine; systemd kills it after 30
STARTS = 60.0  # s, likewise
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


PROGRAM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from livegen.__main__ import main
if __name__ == "__main__":  # a process that it spawns imports this file
    sys.exit(main())
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
        machine.write(LIVEGEN, PROGRAM, 0o755)
        machine.run("mount", "-t", "tmpfs", "tmpfs", "/usr/local/share")  # /usr is that of this machine
        variables = "[Service]\n" + "".join(f"Environment={variable}\n" for variable in VARIABLES)
        server = " ".join(command(SERVER))
        machine.write("/etc/systemd/system/jack.service", f"{variables}ExecStart=/usr/bin/{server}\n")
        # A checkout may be in /tmp, of which the service has its own, or in a home folder, which it cannot see.
        seen = f"ProtectHome=tmpfs\nBindReadOnlyPaths={CHECKOUT} {sys.prefix} {sys.base_prefix}\n"
        for unit in ("livegen", "livegen@"):
            machine.write(f"/etc/systemd/system/{unit}.service.d/jack.conf", variables + seen)
        machine.run("systemctl", "start", "jack")
        until(lambda: machine.try_to("env", *VARIABLES, "jack_lsp").returncode == 0, "a JACK server")
        machine.write(CONFIG, SETTINGS.format(2))
        machine.run(LIVEGEN, "service", "install")
        machine.run("systemctl", "stop", "livegen")
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

    def properties() -> dict[str, str]:
        lines = machine.run("systemctl", "show", "--property=ActiveState,MainPID", "livegen").splitlines()
        return dict(line.split("=") for line in lines)

    def up() -> bool:
        found = properties()
        return found["ActiveState"] == "active" and found["MainPID"] != other_than

    try:
        until(up, "the service is up", STARTS)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{journal(machine)}") from None
    return properties()["MainPID"]


def journal(machine: Machine) -> str:
    return machine.run("journalctl", "--no-pager", "--output=cat", "--unit=livegen")


def shown(machine: Machine, name: str, unit: str = "livegen") -> str:
    """A property of a unit."""
    return machine.run("systemctl", "show", "--value", f"--property={name}", unit).strip()


def test_the_units_raise_no_complaint(machine: Machine) -> None:
    machine.write("/etc/systemd/system/livegen@.service", machine.run("cat", "/etc/systemd/system/livegen.service"))
    for unit in ("livegen.service", "livegen@.service"):
        assert machine.run("systemd-analyze", "verify", f"/etc/systemd/system/{unit}") == ""


def test_it_answers_and_ends_well(machine: Machine, musician: Remote) -> None:
    machine.run("systemctl", "start", "livegen")  # comes back when it is ready
    assert main_process(machine)
    assert "\nReady" in journal(machine)
    assert "Ctrl-C" not in journal(machine)
    assert shown(machine, "StatusText") == "Ready"
    musician.play("call")
    musician.ask("await-response")
    assert shown(machine, "StatusText") == "Responding"
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
    began = time.monotonic()
    machine.run("systemctl", "stop", "livegen")
    assert time.monotonic() - began < STOPS
    until(lambda: musician.ask("sounding") == [], "release", 1)
    assert shown(machine, "Result") == "success"


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
    machine.write(CONFIG, "silense = 1\n")
    assert machine.try_to("systemctl", "reload", "livegen").returncode != 0
    until(lambda: "Did you mean silence" in journal(machine), "the reason is in the log")
    assert main_process(machine) == before


def test_killed_or_hanging_it_comes_back_and_ends_the_notes(machine: Machine, musician: Remote) -> None:
    drop_in = "/etc/systemd/system/livegen.service.d/watchdog.conf"
    machine.write(drop_in, "[Service]\nWatchdogSec=4\nTimeoutAbortSec=100ms\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "livegen")
    pid = ""
    for kill in ("-KILL", "-STOP"):
        pid = main_process(machine, other_than=pid)
        musician.ask("forget")
        musician.play("chord")
        musician.ask("await-response")
        machine.run("kill", kill, pid)
        until(lambda: musician.ask("sounding") == [], "release", STARTS)
    main_process(machine, other_than=pid)
    assert shown(machine, "NRestarts") == "2"
    machine.run("rm", drop_in)
    machine.run("systemctl", "daemon-reload")


def test_a_keyboard_that_comes_later_is_found(machine: Machine) -> None:
    machine.write(CONFIG, SETTINGS.format(2))
    machine.run("systemctl", "start", "livegen")  # it is ready, and says what it waits for
    before = main_process(machine)
    until(lambda: "Waiting for" in machine.run("systemctl", "show", "--property=StatusText", "livegen"), "the status")
    with Remote(machine) as musician:
        until(lambda: shown(machine, "StatusText") == "Ready", "the keyboard and the instrument are used", 10)
        musician.play("chord")
        assert musician.ask("hear-out")["notes"]
        assert main_process(machine) == before
        machine.run("systemctl", "stop", "livegen")


def test_another_instance_has_its_own_name_settings_and_state(machine: Machine) -> None:
    machine.write(LEFT, SETTINGS.format(7).replace("Keyboard", "Elsewhere"))
    machine.run(LIVEGEN, "service", "install", "--name", "left")
    assert machine.run(LIVEGEN, "--name", "left", "get", "response-channel") == "7\n"
    assert "Waiting for Listener and Elsewhere" in machine.run(LIVEGEN, "service", "status", "--name", "left")
    log = machine.run("journalctl", "--no-pager", "--output=cat", "--identifier=livegen@left")
    assert "recordings: /var/lib/livegen@left/recordings" in log
    machine.run(LIVEGEN, "service", "uninstall", "--name", "left", "--purge")
    assert machine.run("find", "/etc", "/var/lib", "/run", "-name", "livegen@*") == ""
    assert machine.run("test", "-e", "/etc/systemd/system/livegen.service") == ""


def assert_given_up(machine: Machine, status: int) -> None:
    """A start fails with this exit status, and is not tried again."""
    assert machine.try_to("systemctl", "start", "livegen").returncode != 0
    shown = machine.run("systemctl", "show", "--property=ExecMainStatus,ActiveState,NRestarts", "livegen").split()
    assert set(shown) == {f"ExecMainStatus={status}", "ActiveState=failed", "NRestarts=0"}
    machine.run("systemctl", "reset-failed")


def test_a_wrong_setting_is_not_tried_again(machine: Machine) -> None:
    machine.write(CONFIG, "silense = 1\n")
    assert_given_up(machine, 78)
    assert machine.try_to(LIVEGEN, "service", "status").returncode == 69
    status = machine.inside(LIVEGEN, "service", "status")  # an error in the journal, not only a line
    until(
        lambda: b"Did you mean silence" in subprocess.run(status, capture_output=True, check=False).stdout, "the error"
    )


def examined(machine: Machine) -> dict[str, tuple[str, str]]:
    """What the doctor finds: by check, its state and text."""
    report = json.loads(machine.try_to("env", *VARIABLES, LIVEGEN, "doctor", "--json").stdout)
    return {each["check"]: (each["state"], f"{each['what']} -> {each['remedy']}") for each in report["findings"]}


def test_the_doctor_knows_why_the_service_is_silent_and_leaves_it_alone(machine: Machine, musician: Remote) -> None:
    machine.write(CONFIG, "silense = 1\n")
    machine.try_to("systemctl", "start", "livegen")
    state, text = examined(machine)["service"]
    assert state == "problem"
    assert "livegen.service has failed (a setting is not valid, or a file cannot be written, status 78)" in text
    assert "did you mean silence" in text.lower()  # from the journal
    assert "systemctl reset-failed livegen.service && systemctl start livegen.service" in text
    machine.run("systemctl", "reset-failed")
    machine.write(CONFIG, SETTINGS.format(2))
    machine.run("systemctl", "start", "livegen")
    until(lambda: shown(machine, "StatusText") == "Ready", "the ports")
    before, found = main_process(machine), examined(machine)
    assert found["service"][1].startswith("The service livegen.service runs: Ready")
    assert (found["in"][0], found["out"][0], found["running"][0]) == ("ok", "ok", "ok")
    assert "in /var/lib/livegen/recordings" in found["recordings"][1]
    assert (main_process(machine), shown(machine, "StatusText")) == (before, "Ready")


def test_what_is_not_installed_is_not_tried_again(machine: Machine) -> None:
    machine.run("mv", LIVEGEN, f"{LIVEGEN}.away")
    try:
        assert_given_up(machine, 127)
    finally:
        machine.run("mv", f"{LIVEGEN}.away", LIVEGEN)


def test_a_user_that_does_not_exist_is_not_tried_again(machine: Machine) -> None:
    drop_in = "/etc/systemd/system/livegen.service.d/user.conf"
    machine.write(drop_in, "[Service]\nDynamicUser=no\nUser=nosuch\n")
    machine.run("systemctl", "daemon-reload")
    try:
        assert_given_up(machine, 217)
        machine.try_to("systemctl", "start", "livegen")
        state, text = examined(machine)["service"]
        assert (state, "the user of the unit does not exist" in text) == ("problem", True)
        machine.run("systemctl", "reset-failed")
    finally:
        machine.run("rm", drop_in)
        machine.run("systemctl", "daemon-reload")


def test_the_service_of_a_session(machine: Machine) -> None:
    manager = "[Service]\nPAMName=\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i HOME=/var/home\n"  # without a login
    machine.write("/etc/systemd/system/user@.service.d/login.conf", manager)
    machine.write("/var/home/.config/livegen/livegen.toml", SETTINGS.format(2))
    machine.run("systemctl", "start", "user@0.service")
    mine = ("env", "HOME=/var/home", "XDG_RUNTIME_DIR=/run/user/0", *VARIABLES)
    machine.run(*mine, "systemctl", "--user", "import-environment", *JACK)
    assert "is active: Waiting for" in machine.run(*mine, LIVEGEN, "service", "install", "--user")
    assert "with the session" in machine.run(*mine, LIVEGEN, "service", "status", "--user")
    assert machine.run(*mine, LIVEGEN, "get", "response-channel") == "2\n"
    assert "recordings: /var/home/.local/state" in machine.run(*mine, LIVEGEN, "service", "logs", "--user")
    machine.run(*mine, LIVEGEN, "service", "uninstall", "--user")
    left = machine.run("find", "/var/home", "-type", "f", "-o", "-type", "l").splitlines()
    assert [path for path in left if "/state/" not in path] == []
    machine.run("systemctl", "stop", "user@0.service")


def test_what_is_removed_leaves_only_the_recordings(machine: Machine) -> None:
    machine.run(LIVEGEN, "service", "uninstall")
    places = ("/etc", "/var/lib", "/var/cache", "/run", "/usr/local/share")
    found = machine.run("find", *places, "-name", "*livegen*").splitlines()
    assert {path for path in found if "/recordings/" not in path} <= {"/var/lib/livegen", "/var/lib/private/livegen"}
    assert machine.try_to(LIVEGEN, "service", "status").returncode == 69
