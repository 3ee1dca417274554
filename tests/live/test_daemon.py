"""What the daemon makes of its settings and of signals, and how it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from livegen.config.settings import Settings
from livegen.errors import PortError
from livegen.io.inbox import LiveInbox
from livegen.live import daemon, process
from livegen.note import MonotonicTime
from livegen.stage.control import Control
from livegen.stage.events import Panic, Stop
from livegen.stage.settings import ALL, AUTO, Sampling


def test_settings_become_those_of_the_stage():
    settings = Settings(
        channel=3,
        window_of="player",
        panic="soft",
        silence=1.5,
        pedal_silence=3.0,
        response_min=2.0,
        response_max=4.0,
        window=7,
        response_channel=16,
        temperature=0.5,
        top_p=0.6,
        min_p=0.1,
    )
    stage = daemon.stage_settings(settings)
    assert (stage.silence, stage.pedal_silence, stage.response_min, stage.response_max) == (1.5, 3.0, 2.0, 4.0)
    assert (stage.window, stage.window_of_both) == (7, False)
    assert (stage.channel, stage.response_channel) == (2, 15)
    assert stage.panic == Control("cc", 67)
    assert stage.sampling == Sampling(0.5, 0.6, 0.1)


@pytest.mark.parametrize(("thru", "stage"), [("auto", None), ("on", True), ("off", False)])
def test_thru(thru, stage):
    assert daemon.stage_settings(Settings(thru=thru)).thru is stage


@pytest.mark.parametrize(("channel", "stage"), [("auto", AUTO), ("all", ALL), (1, 0), (10, 9)])
def test_channel(channel, stage):
    assert daemon.stage_settings(Settings(channel=channel)).channel == stage


def test_without_a_response_channel_and_a_panic_control_there_is_none():
    stage = daemon.stage_settings(Settings())
    assert stage.response_channel is None
    assert stage.panic is None
    assert stage.window_of_both


# Signals.


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR2", "SIGXCPU", "SIGHUP", "SIGUSR1"])
def test_signals_become_events(name, monkeypatch):
    inbox = LiveInbox()
    monkeypatch.setattr(os, "isatty", lambda _: False)
    before = signal.getsignal(getattr(signal, name))
    with process.signals(inbox):
        os.kill(os.getpid(), getattr(signal, name))
        event = inbox.get(MonotonicTime(inbox.now() + 10))
    if name == "SIGUSR1":
        assert isinstance(event, Panic)
    else:
        assert event == Stop(name, reload=name == "SIGHUP")
    assert signal.getsignal(getattr(signal, name)) == before


def test_a_hangup_of_a_terminal_ends_it(monkeypatch):
    inbox = LiveInbox()
    monkeypatch.setattr(os, "isatty", lambda descriptor: descriptor == 0)
    with process.signals(inbox):
        os.kill(os.getpid(), signal.SIGHUP)
        assert inbox.get(MonotonicTime(inbox.now() + 10)) == Stop("SIGHUP", reload=False)


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGQUIT"])  # by nohup, or by a shell in its background
def test_an_ignored_signal_stays_ignored(name):
    number = getattr(signal, name)
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with process.signals(LiveInbox()):
            assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


# The start and the end.


class Service:
    """A daemon whose preparation is the test's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fails: BaseException | None = None
        self.cannot_close: BaseException | None = None
        self.plays: Callable[[], Stop] = lambda: Stop("SIGTERM")

        @contextmanager
        def prepared(*_: object) -> Iterator[Callable[[], Stop]]:
            if self.fails is not None:
                raise self.fails
            yield self.plays
            if self.cannot_close is not None:
                raise self.cannot_close

        monkeypatch.setattr(daemon, "prepared", prepared)


@pytest.fixture
def service(monkeypatch) -> Service:
    return Service(monkeypatch)


FOREIGN = [PermissionError(13, "Permission denied"), ValueError("a bug"), MemoryError(), AssertionError("never")]


def test_a_stop_ends_it(service):
    assert daemon.run(Settings()) == 0


@pytest.mark.parametrize("error", [PortError("There is no such port."), *FOREIGN])
def test_at_the_start_it_is_an_error(service, error):
    service.fails = error
    with pytest.raises(type(error)):
        daemon.run(Settings())


@pytest.mark.parametrize("error", [PortError("Every output has failed."), *FOREIGN])
def test_what_goes_wrong_in_playing_ends_it(service, error):
    def failing() -> Stop:
        raise error

    service.plays = failing
    with pytest.raises(type(error)):
        daemon.run(Settings())


@pytest.mark.parametrize("error", [PortError("jam.mid could not be written: No space left."), *FOREIGN])
def test_what_cannot_be_closed_at_the_end_is_an_error(service, error):
    service.cannot_close = error
    with pytest.raises(type(error)):
        daemon.run(Settings())
