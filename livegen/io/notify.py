"""Reports the state of the daemon to systemd, by the sd_notify protocol. Without systemd it does nothing."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress


def notify(*lines: str) -> None:
    """Send variable assignments such as READY=1 to the service manager, if there is one."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket, whose name begins with a zero byte
        address = "\0" + address[1:]
    # If the manager does not listen, livegen plays on.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto("\n".join(lines).encode(errors="replace"), address)


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
    notify("STATUS=" + " ".join(text.split()))
