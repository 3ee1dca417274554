from __future__ import annotations

import gc
import os
import sys
import threading

import pytest

from livegen.io import realtime

LINUX = sys.platform == "linux"


def in_a_thread(priority: int, wanted: str = "auto") -> tuple[str | None, int, int]:
    """What a fresh thread gets: the refusal, its policy and its priority."""
    got: list[tuple[str | None, int, int]] = []

    def ask() -> None:
        refused = realtime.claim(wanted, priority)
        got.append((refused, os.sched_getscheduler(0), os.sched_getparam(0).sched_priority))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return got[0]


@pytest.mark.skipif(not LINUX, reason="Linux's scheduler missing")
def test_a_thread_gets_its_priority_or_is_told_why_not() -> None:
    refused, policy, priority = in_a_thread(realtime.PREDICTOR)
    if refused is None:
        assert policy == os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        assert priority == realtime.PREDICTOR
    else:
        assert "limits.conf" in refused
        assert policy == os.SCHED_OTHER
    assert os.sched_getscheduler(0) == os.SCHED_OTHER  # this thread asked for nothing


@pytest.mark.skipif(not LINUX, reason="Linux's scheduler missing")
def test_off_asks_for_nothing() -> None:
    assert in_a_thread(realtime.MAIN, "off") == (None, os.SCHED_OTHER, 0)


def test_a_refusal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse, raising=False)
    assert "Operation not permitted" in (realtime.raise_priority(60) or "") or not LINUX


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Linux" in (realtime.raise_priority(60) or "")
    assert "Linux" in (realtime.lock_memory() or "")


@pytest.mark.skipif(not LINUX, reason="Linux's limits missing")
@pytest.mark.parametrize(("limit", "granted"), [(65536, True), (-1, True), (-1, False)])
def test_memory_is_locked_only_without_a_limit(limit: int, granted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes
    import resource

    class Library:
        flags = 0

        def __init__(self, *_: object, **__: object) -> None: ...

        def mlockall(self, flags: int) -> int:
            Library.flags = flags
            return 0 if granted else -1

    assert resource.RLIM_INFINITY == -1
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    monkeypatch.setattr(ctypes, "CDLL", Library)
    refused = realtime.lock_memory()
    assert (refused is None) == (limit == -1 and granted)
    assert Library.flags == (7 if limit == -1 else 0)


def test_the_collector_rests_and_is_put_back() -> None:
    interval = sys.getswitchinterval()
    with realtime.quiet_collector():
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() == pytest.approx(realtime.SWITCH_INTERVAL)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == pytest.approx(interval)
