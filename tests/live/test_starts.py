"""The delays of a service that fails again and again."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from livegen.live import starts


@pytest.mark.parametrize(
    ("before", "seconds"),
    [
        ((), 0),
        ((90, 95), 0),
        ((90, 95, 97), 1),
        ((90, 92, 94, 96, 98), 4),
        (tuple(range(50, 100)), 60),
        ((-600, -590, -580), 0),  # long ago
        ((1e6,) * 9, 0),  # before the last boot
    ],
)
def test_the_delay_grows_with_the_starts_that_failed(before: Sequence[float], seconds: float) -> None:
    assert starts.delay(before, 100.0) == seconds


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_a_service_waits_and_a_good_end_is_forgiven(tmp_path: Path, slept: list[float]) -> None:
    environ = {"RUNTIME_DIRECTORY": str(tmp_path), "NOTIFY_SOCKET": str(tmp_path / "nobody")}
    for _ in range(5):
        starts.pause_before_start(environ)
    assert slept == [1, 2]
    starts.forget_starts(environ)
    starts.pause_before_start(environ)
    assert slept == [1, 2]


def test_without_a_service_manager_nothing_waits(tmp_path: Path, slept: list[float]) -> None:
    for _ in range(5):
        starts.pause_before_start({"RUNTIME_DIRECTORY": str(tmp_path)})
    assert slept == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[", '"a"', "[null]", json.dumps({"a": 1}), "\udcff"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, slept: list[float], content: str) -> None:
    (tmp_path / starts.FILE).write_text(content, errors="surrogateescape")
    starts.pause_before_start({"RUNTIME_DIRECTORY": str(tmp_path), "NOTIFY_SOCKET": "x"})
    assert slept == []
