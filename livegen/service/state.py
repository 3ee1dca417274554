"""What systemd knows about livegen's services. Reads only."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DEFAULT = "livegen"
"""The name of the instance that has no name."""

BOOTED = Path("/run/systemd/system")
"""Where systemd runs, see sd_booted(3)."""

TIMEOUT = 10.0  # s for systemctl and journalctl

_PROPERTIES = (
    *("Id", "LoadState", "UnitFileState", "ActiveState", "SubState", "StatusText", "Result", "ExecMainStatus"),
    *("MainPID", "NRestarts", "ActiveEnterTimestamp", "FragmentPath", "User", "DynamicUser"),
)


@dataclass(frozen=True, slots=True)
class Service:
    """A service as systemd sees it.

    Attributes:
        unit: its name, such as livegen.service or livegen@left.service.
        user: it belongs to a user's manager, not to the machine's.
        file: of the unit.
        enabled: it starts at boot, or with the session.
        active: "active", "activating", "reloading", "deactivating", "inactive" or "failed".
        sub: more of that, such as "running" or "auto-restart".
        status: what it says about itself, such as "Waiting for Keyboard".
        result: "success", or why it ended: "exit-code", "signal", "watchdog", "timeout"...
        exit_status: of the last process; a signal's number if the result is "signal".
        pid: of the process that runs; 0: none.
        restarts: how often systemd has started it again by itself.
        since: when it became active, as systemd writes it.
        account: the user that it runs as; "": a dynamic one, or that of the session.
    """

    unit: str
    user: bool
    file: str
    enabled: bool
    active: str
    sub: str
    status: str
    result: str
    exit_status: int
    pid: int
    restarts: int
    since: str
    account: str = ""

    @property
    def running(self) -> bool:
        return self.active in ("active", "reloading")


def unit(name: str = DEFAULT) -> str:
    """The unit of an instance."""
    return "livegen.service" if name == DEFAULT else f"livegen@{name}.service"


def manager(*, user: bool) -> bool:
    """Whether systemd runs here, for the machine or for this user, and answers."""
    if not BOOTED.is_dir() or shutil.which("systemctl") is None:
        return False
    return bool(_output("systemctl", *_scope(user=user), "show", "--property=Version"))


def find(name: str = DEFAULT, *, user: bool = False) -> Service | None:
    """The service of an instance, or None if it is not installed or there is no systemd."""
    return next(parsed(_show(unit(name), user=user), user=user), None)


def every() -> list[Service]:
    """All services that are installed or run, those of the machine and those of this user."""
    units = ("livegen.service", "livegen@*.service")
    return [found for user in (False, True) for found in parsed(_show(*units, user=user), user=user)]


def _show(*units: str, user: bool) -> str:
    return _output("systemctl", *_scope(user=user), "show", f"--property={','.join(_PROPERTIES)}", "--", *units)


def parsed(text: str, *, user: bool) -> Iterator[Service]:
    """The services in what `systemctl show` prints: a paragraph for each, with a line NAME=VALUE for each property."""
    for paragraph in text.split("\n\n"):
        found = dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line)
        if found.get("Id") and found.get("LoadState") != "not-found":
            yield Service(
                unit=found["Id"],
                user=user,
                file=found.get("FragmentPath", ""),
                enabled=found.get("UnitFileState", "").startswith("enabled"),
                active=found.get("ActiveState", "inactive"),
                sub=found.get("SubState", ""),
                status=found.get("StatusText", ""),
                result=found.get("Result", "success"),
                exit_status=int(found.get("ExecMainStatus") or 0),
                pid=int(found.get("MainPID") or 0),
                restarts=int(found.get("NRestarts") or 0),
                since=found.get("ActiveEnterTimestamp", ""),
                account="" if found.get("DynamicUser") == "yes" else found.get("User", ""),
            )


def warnings(service: Service, lines: int = 5) -> list[str]:
    """The last warnings and errors of a service since the boot, oldest first."""
    found = _output(
        *journal(service.unit, user=service.user), f"--lines={lines}", "-p", "warning", "-b", "-o", "cat", "--quiet"
    )
    return found.splitlines()


def journal(unit_: str, *, user: bool) -> list[str]:
    """The command that shows the log of a unit."""
    return ["journalctl", "--no-pager", f"--user-unit={unit_}" if user else f"--unit={unit_}"]


def _scope(*, user: bool) -> list[str]:
    return ["--user"] if user else []


def _output(*words: str) -> str:
    """What a command prints; nothing if it fails or is missing."""
    try:
        done = subprocess.run(  # noqa: S603  (no word comes from outside)
            words, capture_output=True, text=True, check=False, timeout=TIMEOUT, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
