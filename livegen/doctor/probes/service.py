"""Asks systemd about the units of livegen. `show` is the only place that reads `systemctl`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from livegen.doctor.facts import Service, Unit

UNITS = ("livegen.service", "livegen@*.service")
PROPERTIES = (
    *("Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "Result"),
    *("StatusText", "ExecMainStatus", "NRestarts"),
)
BOOTED = Path("/run/systemd/system")  # see sd_booted(3)
PATIENCE = 5.0  # s for an answer
LINES = 3  # of the log


def look() -> Service:
    """The units that are installed or run, of the system and of this user."""
    if not BOOTED.is_dir():
        return Service()
    return Service(True, tuple(_logged(unit) for user in (False, True) for unit in parsed(show(user=user), user=user)))


def show(*, user: bool) -> str:
    """What `systemctl show` prints about the units; empty if the manager does not answer."""
    return _output("systemctl", *_manager(user), "show", f"--property={','.join(PROPERTIES)}", "--", *UNITS)


def parsed(text: str, *, user: bool) -> Iterator[Unit]:
    """The units in what `systemctl show` prints: a paragraph for each, with a line NAME=VALUE for each property."""
    for paragraph in text.split("\n\n"):
        found = dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line)
        if found.get("Id") and found.get("LoadState") != "not-found":
            yield _unit(found, user=user)


def _unit(found: Mapping[str, str], *, user: bool) -> Unit:
    return Unit(
        name=found["Id"],
        user=user,
        active=found.get("ActiveState", ""),
        sub=found.get("SubState", ""),
        enabled=found.get("UnitFileState", ""),
        result=found.get("Result", ""),
        status=found.get("StatusText", ""),
        exit_status=int(found.get("ExecMainStatus") or 0),
        restarts=int(found.get("NRestarts") or 0),
    )


def _logged(unit: Unit) -> Unit:
    """A unit with the last lines of its log that need a person."""
    words = ("--quiet", "--no-pager", "--output=cat", "--priority=warning", f"--lines={LINES}", "--boot")
    text = _output("journalctl", *_manager(unit.user), *words, "--unit", unit.name)
    return replace(unit, warnings=tuple(dict.fromkeys(text.splitlines())))


def _manager(user: bool) -> tuple[str, ...]:  # noqa: FBT001  (systemd has two)
    return ("--user",) if user else ()


def _output(*words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  (no word comes from outside)
            words, capture_output=True, text=True, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
