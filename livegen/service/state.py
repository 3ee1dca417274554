"""What systemd knows about livegen's services. Reads only."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT = "livegen"
"""The name of the instance that has no name."""

BOOTED = Path("/run/systemd/system")
"""Where systemd runs, see sd_booted(3)."""

TIMEOUT = 10.0  # s for systemctl and journalctl

_PROPERTIES = (
    *("Id", "LoadState", "UnitFileState", "ActiveState", "SubState", "StatusText", "Result", "ExecMainStatus"),
    *("MainPID", "NRestarts", "ActiveEnterTimestamp", "FragmentPath"),
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
    shown = _output("systemctl", *_scope(user=user), "show", f"--property={','.join(_PROPERTIES)}", unit(name))
    found = dict(line.partition("=")[::2] for line in shown.splitlines())
    if found.get("LoadState") in (None, "not-found"):
        return None
    return Service(
        unit=found["Id"],
        user=user,
        file=found["FragmentPath"],
        enabled=found["UnitFileState"].startswith("enabled"),
        active=found["ActiveState"],
        sub=found["SubState"],
        status=found["StatusText"],
        result=found["Result"],
        exit_status=int(found["ExecMainStatus"] or 0),
        pid=int(found["MainPID"] or 0),
        restarts=int(found["NRestarts"] or 0),
        since=found["ActiveEnterTimestamp"],
    )


def every() -> list[Service]:
    """All services that are installed, those of the machine and those of this user."""
    found = []
    for user in (False, True):
        listed = _output("systemctl", *_scope(user=user), *_LIST, "livegen.service", "livegen@*.service")
        for line in listed.splitlines():
            name = line.split()[0].removesuffix(".service").removeprefix("livegen@")
            service = find(name, user=user)
            if service is not None:
                found.append(service)
    return found


_LIST = ("list-units", "--all", "--plain", "--no-legend", "--no-pager")


def warnings(service: Service, lines: int = 5) -> list[str]:
    """The last warnings and errors of a service since the boot, oldest first."""
    found = _output(*journal(service.unit, user=service.user), f"--lines={lines}", "-p", "warning", "-b", "-o", "cat")
    return [line for line in found.splitlines() if line != "-- No entries --"]


def journal(unit_: str, *, user: bool) -> list[str]:
    """The command that shows the log of a unit."""
    return ["journalctl", "--no-pager", f"--user-unit={unit_}" if user else f"--unit={unit_}"]


def _scope(*, user: bool) -> list[str]:
    return ["--user"] if user else []


def _output(*words: str) -> str:
    return output(words)


def output(words: Sequence[str]) -> str:
    """What a command prints; nothing if it fails or is missing."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=TIMEOUT)  # noqa: S603  (fixed programs)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
