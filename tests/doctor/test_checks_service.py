"""Units of systemd: what `systemctl show` prints, and what follows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_checks import FINE, STATUS, found

from livegen.doctor.facts import Daemon, Midi, Program, Service, Unit
from livegen.doctor.findings import State
from livegen.doctor.probes import service

SHOWN = """\
Result=success
NRestarts=0
ExecMainStatus=0
StatusText=Ready
Id=livegen.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled

Result=exit-code
NRestarts=2
ExecMainStatus=78
StatusText=
Id=livegen@left.service
LoadState=loaded
ActiveState=failed
SubState=failed
UnitFileState=enabled

Result=success
NRestarts=0
ExecMainStatus=0
Id=livegen@right.service
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
"""
RUNNING = Unit("livegen.service", False, "active", "running", "enabled", status="Ready")
FAILED = Unit("livegen@left.service", False, "failed", "failed", "enabled", "exit-code", exit_status=78, restarts=2)


def test_units_are_read() -> None:
    assert list(service.parsed(SHOWN, user=False)) == [RUNNING, FAILED]
    assert list(service.parsed("", user=True)) == []


@pytest.mark.parametrize(
    ("unit", "state", "what", "remedy"),
    [
        (FAILED, State.PROBLEM, "(a setting is not valid, or a file cannot be written, status 78)", "reset-failed"),
        (
            replace(FAILED, exit_status=69, active="activating", sub="auto-restart", warnings=("No port.", "Again.")),
            State.PROBLEM,
            "It said: No port. / Again.",
            "journalctl -u livegen@left.service",
        ),
        (replace(FAILED, result="watchdog", exit_status=0), State.PROBLEM, "(watchdog, status 0)", "start"),
        (replace(FAILED, user=True), State.PROBLEM, "has failed", "systemctl --user reset-failed"),
        (replace(RUNNING, active="activating", sub="start"), State.WARNING, "is starting", "Wait"),
        (replace(RUNNING, restarts=3), State.WARNING, "restarted 3 times", "journalctl"),
        (
            replace(RUNNING, enabled="disabled"),
            State.WARNING,
            "not start by itself",
            "systemctl enable livegen.service",
        ),
        (replace(RUNNING, active="inactive", sub="dead"), State.WARNING, "does not run", "systemctl start"),
    ],
)
def test_what_is_wrong_with_a_unit(unit: Unit, state: State, what: str, remedy: str) -> None:
    (finding,) = found(replace(FINE, service=Service(True, (unit,))))["service"]
    assert finding.state is state
    assert what in finding.what
    assert remedy in finding.remedy


def test_what_is_not_wrong() -> None:
    stopped = replace(RUNNING, active="inactive", sub="dead", enabled="disabled")
    for units in ((RUNNING,), (stopped,), ()):
        assert found(replace(FINE, service=Service(True, units))) == {}


def test_a_service_of_the_system_cannot_reach_the_sound_of_a_desktop() -> None:
    midi = Midi(systems=FINE.midi.systems, servers=(Program("pipewire", "anna"),))
    where = replace(FINE, midi=midi, service=Service(True, (RUNNING,)), daemon=Daemon(STATUS | {"waits_for": "x"}, 1))
    (finding,) = found(where)["service-user"]
    assert "pipewire runs as anna" in finding.what
    assert "user unit" in finding.remedy
    assert "service-user" not in found(replace(where, daemon=Daemon(STATUS, 1)))
    waiting = replace(RUNNING, status="Waiting for Keystation")
    assert "service-user" in found(replace(where, daemon=None, service=Service(True, (waiting,))))
