from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from livegen.io import notify


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd listens on."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@livegen-test-{tmp_path.name}-{id(tmp_path)}"
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0"))
        manager.settimeout(10)
        yield manager


def test_the_manager_is_told(manager: socket.socket) -> None:
    notify.ready()
    assert manager.recv(1000) == b"READY=1"
    notify.stopping()
    assert manager.recv(1000) == b"STOPPING=1"
    notify.status("waits for\na call")
    assert manager.recv(1000) == b"STATUS=waits for a call"
    notify.status("plays Fl\udcfcgel.mid")  # a name that is not UTF-8, as Python reads it
    assert manager.recv(1000) == b"STATUS=plays Fl?gel.mid"


def test_a_reload_says_when_it_began(manager: socket.socket) -> None:
    before = time.monotonic_ns() // 1000
    notify.reloading()
    first, second = manager.recv(1000).decode().splitlines()
    assert first == "RELOADING=1"
    name, _, microseconds = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(microseconds) <= time.monotonic_ns() // 1000


def test_nobody_to_tell_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.ready()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify.ready()
