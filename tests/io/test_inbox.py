from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from mido import Message

from livegen.io.inbox import LiveInbox, VirtualInbox
from livegen.note import MonotonicTime
from livegen.stage.events import InputClosed, Panic, PortId, Received, Stop


def at(seconds: float) -> MonotonicTime:
    return MonotonicTime(seconds)


KEYS = PortId("keys")


def received(seconds: float) -> Received:
    return Received(Message("clock"), at(seconds), KEYS)


def test_virtual_time_leaps_to_what_happens_next():
    inbox = VirtualInbox([received(1.0), InputClosed(KEYS, at(2.0))])
    assert inbox.get(at(0.5)) is None
    assert inbox.now() == 0.5
    assert inbox.get(at(3.0)) == received(1.0)
    assert inbox.now() == 1.0
    inbox.put(Stop("now"))
    assert inbox.get(at(1.5)) == Stop("now")
    assert inbox.get(None) == InputClosed(KEYS, at(2.0))
    assert inbox.get(at(9.0)) is None
    assert inbox.now() == 9.0
    assert inbox.get(at(1.0)) is None
    assert inbox.now() == 9.0, "time does not go back"


def test_an_event_comes_before_what_is_due_at_the_same_moment():
    assert VirtualInbox([received(1.0)]).get(at(1.0)) == received(1.0)


def test_virtual_time_that_nothing_can_happen_in_is_an_error():
    with pytest.raises(RuntimeError, match="no more events"):
        VirtualInbox([]).get(None)


def test_a_signal_stops_virtual_time():
    signals = LiveInbox()
    inbox = VirtualInbox([received(1.0)], signals)
    signals.put(Panic(at(0)))
    assert inbox.get(None) == received(1.0)
    signals.put(Stop("SIGINT"))
    assert inbox.get(None) == Stop("SIGINT")


def test_live_waits_until_something_comes_or_the_time_is_there():
    inbox = LiveInbox()
    start = inbox.now()
    assert inbox.get(at(start + 0.02)) is None
    assert inbox.now() >= start + 0.02
    assert inbox.get(at(start)) is None
    threading.Timer(0.02, inbox.put, [received(5)]).start()
    assert inbox.get(None) == received(5)


def test_a_signal_wakes_the_waiting_inbox():
    inbox = LiveInbox()
    before = signal.signal(signal.SIGUSR1, lambda *_: inbox.put(Panic(inbox.now())))
    try:
        threading.Timer(0.02, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        assert isinstance(inbox.get(at(time.monotonic() + 10)), Panic)
    finally:
        signal.signal(signal.SIGUSR1, before)
