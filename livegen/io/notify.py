"""Tells systemd how the daemon is: the sd_notify protocol. Without systemd nothing happens."""

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
    if address.startswith("@"):  # Linux's abstract sockets are named by a leading zero byte
        address = "\0" + address[1:]
    # A manager that does not listen is no reason to stop playing.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto("\n".join(lines).encode(errors="replace"), address)


def ready() -> None:
    """Started, or reloaded."""
    notify("READY=1")


def reloading() -> None:
    notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def stopping() -> None:
    notify("STOPPING=1")


def status(text: str) -> None:
    """One line for `systemctl status`."""
    notify("STATUS=" + " ".join(text.split()))
