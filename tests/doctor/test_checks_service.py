"""What the doctor says about services of systemd."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_checks import FINE, RUNNING, STATUS, found

from livegen.doctor.facts import Daemon, Midi, Program, Services, Unit
from livegen.doctor.findings import State
from livegen.service.state import Service

FAILED = replace(
    RUNNING,
    unit="livegen@left.service",
    active="failed",
    sub="failed",
    status="",
    result="exit-code",
    exit_status=78,
    pid=0,
)
SAID = ("No port.", "Again.")
RETRYING = replace(FAILED, exit_status=69, active="activating", sub="auto-restart")


@pytest.mark.parametrize(
    ("unit", "state", "what", "remedy"),
    [
        (FAILED, State.PROBLEM, "(a setting is not valid, or a file cannot be written, status 78)", "reset-failed"),
        (
            RETRYING,
            State.PROBLEM,
            "It said: No port. / Again.",
            "journalctl --unit=livegen@left.service",
        ),
        (replace(FAILED, result="watchdog", exit_status=0), State.PROBLEM, "(watchdog, status 0)", "start"),
        (replace(FAILED, user=True), State.PROBLEM, "has failed", "systemctl --user reset-failed"),
        (replace(RUNNING, active="activating", sub="start"), State.WARNING, "is starting", "Wait"),
        (replace(RUNNING, active="activating", restarts=2), State.PROBLEM, "started again 2 times", "correct what"),
        (replace(FAILED, exit_status=217), State.PROBLEM, "user of the unit does not exist, status 217", "Read its"),
        (replace(RUNNING, restarts=3), State.WARNING, "restarted 3 times", "journalctl"),
        (
            replace(RUNNING, enabled=False),
            State.WARNING,
            "not start by itself",
            "systemctl enable livegen.service",
        ),
        (replace(RUNNING, active="inactive", sub="dead"), State.WARNING, "does not run", "systemctl start"),
    ],
)
def test_what_is_wrong_with_a_service(unit: Service, state: State, what: str, remedy: str) -> None:
    (finding,) = found(replace(FINE, services=Services(True, (Unit(unit, SAID),))))["service"]
    assert finding.state is state
    assert what in finding.what
    assert remedy in finding.remedy


def test_what_is_not_wrong() -> None:
    stopped = replace(RUNNING, active="inactive", sub="dead", enabled=False)
    for units in ((RUNNING,), (stopped,), ()):
        assert found(replace(FINE, services=Services(True, tuple(map(Unit, units))))) == {}


def test_a_service_of_the_system_cannot_reach_the_sound_of_a_desktop() -> None:
    midi = Midi(systems=FINE.midi.systems, servers=(Program("pipewire", "anna"),))
    where = replace(
        FINE, midi=midi, services=Services(True, (Unit(RUNNING),)), daemon=Daemon(STATUS | {"waits_for": "x"}, 1)
    )
    (finding,) = found(where)["service-user"]
    assert "pipewire runs as anna" in finding.what
    assert "livegen service install --user" in finding.remedy
    assert "service-user" not in found(replace(where, daemon=Daemon(STATUS, 1)))
    as_anna = replace(RUNNING, account="anna")
    assert "service-user" not in found(replace(where, services=Services(True, (Unit(as_anna),))))
    waiting = replace(RUNNING, status="Waiting for Keystation")
    assert "service-user" in found(replace(where, daemon=None, services=Services(True, (Unit(waiting),))))
