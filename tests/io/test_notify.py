from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from livegen.io import notify
from livegen.note import MonotonicTime


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


def test_a_watchdog_is_fed_often_enough_and_not_more(manager: socket.socket) -> None:
    watchdog = notify.Watchdog({"WATCHDOG_USEC": "4000000"})
    due = None
    for now in range(10, 20):
        due = watchdog.feed(MonotonicTime(now / 2), None)
        assert due == now / 2 + 1 - now % 2 / 2
    manager.settimeout(0)
    assert [manager.recv(1000) for _ in range(5)] == [b"WATCHDOG=1"] * 5
    with pytest.raises(BlockingIOError):
        manager.recv(1000)
    assert watchdog.feed(MonotonicTime(9.5), MonotonicTime(9.75)) == 9.75  # the music is due before


@pytest.mark.parametrize("environ", [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "1"}])
def test_a_watchdog_that_nobody_wants_does_nothing(manager: socket.socket, environ: dict[str, str]) -> None:
    assert notify.Watchdog(environ).feed(MonotonicTime(5.0), None) is None
    assert notify.Watchdog(environ).feed(MonotonicTime(5.0), MonotonicTime(9.0)) == 9.0
    manager.settimeout(0)
    with pytest.raises(BlockingIOError):
        manager.recv(1000)


def test_a_manager_that_does_not_read_does_not_stop_the_music(manager: socket.socket) -> None:
    watchdog = notify.Watchdog({"WATCHDOG_USEC": "1000"})
    for now in range(1000):  # more than the socket holds
        due = watchdog.feed(MonotonicTime(now), None)
        assert due is not None and due > now


def test_a_stream_to_the_journal_is_recognised(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        found = (tmp_path / "log").stat()
        assert notify.to_journal(stream, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})
        assert not notify.to_journal(stream, {"JOURNAL_STREAM": "1:2"})
        assert not notify.to_journal(stream, {})
