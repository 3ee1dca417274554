"""Reports the state of the daemon to systemd, by the sd_notify protocol. Without systemd it does nothing."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from livegen.note import MonotonicTime

RETRY = 0.5
"""s until a report that the service manager had no room for is tried again."""


def notify(*lines: str, wait: bool = True) -> bool:
    """Send variable assignments such as READY=1 to the service manager, if there is one.

    Args:
        lines: the assignments.
        wait: wait until the manager has room for the message.

    Returns:
        Whether it was sent.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):  # an abstract socket, whose name begins with a zero byte
        address = "\0" + address[1:]
    # If the manager does not listen, livegen plays on.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.setblocking(wait)
        channel.sendto("\n".join(lines).encode(errors="replace"), address)
        return True
    return False


def managed(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a service manager has started this process."""
    return "NOTIFY_SOCKET" in environ


def ready() -> None:
    """Report that the start or a reload is complete."""
    notify("READY=1")


def reloading() -> None:
    """Report that a reload begins."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def stopping() -> None:
    """Report that the daemon is stopping."""
    notify("STOPPING=1")


def status(text: str) -> None:
    """Set the line that `systemctl status` shows."""
    notify("STATUS=" + " ".join(text.split()), wait=False)


def extend(seconds: float) -> None:
    """The start takes this much longer."""
    notify(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")


class Watchdog:
    """Reports that a loop is alive. If the reports end, the service manager kills this process and starts it again.

    Args:
        environ: says whether the service manager wants reports, and how often. By default it does not.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        period = environ.get("WATCHDOG_USEC", "")
        meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._every = (
            int(period) / 4e6 if meant and period.isdecimal() else None
        )  # s; sd_watchdog_enabled(3) asks for half
        self._next = MonotonicTime(0.0)

    def feed(self, now: MonotonicTime, until: MonotonicTime | None) -> MonotonicTime | None:
        """Report, if it is time. `until`: when the loop has to do something. Returns when to call this again."""
        if self._every is None:
            return until
        if now >= self._next and notify("WATCHDOG=1", wait=False):
            self._next = MonotonicTime(now + self._every)
        due = max(self._next, MonotonicTime(now + RETRY))
        return due if until is None else min(until, due)


def to_journal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream is connected to the journal, so that lines may begin with their priority, see sd-daemon(3)."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
