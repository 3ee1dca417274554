"""What the daemon makes of its settings, of signals and of a reload."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest

from livegen.config.settings import Settings
from livegen.errors import ConfigError, LivegenError, ModelError, PortError
from livegen.io.inbox import LiveInbox
from livegen.io.publisher import Level, Line, Published, Publisher
from livegen.live import daemon, process
from livegen.live.desk import Desk
from livegen.note import MonotonicTime
from livegen.stage.control import Control
from livegen.stage.events import Command, Panic, Stop, unanswered
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


# Reload.

OLD, NEW = Settings(gain=0.5), Settings(gain=1.0)  # a change that needs the ports opened again


class Service:
    """A daemon whose parts are the test's: what is prepared, and what ends it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.prepared: list[Settings] = []
        self.fails: dict[int, BaseException] = {}  # at which preparation
        self.cannot_close: dict[int, BaseException] = {}  # which of them
        self.stops = iter([Stop("SIGHUP", reload=True), Stop("SIGTERM")])
        self._capsys = capsys

        @contextmanager
        def prepared(desk: Desk, *_: object, again: bool) -> Iterator[Callable[[], Stop]]:
            number = len(self.prepared)
            self.prepared.append(desk.settings)
            assert again is (number > 0)
            if number in self.fails:
                raise self.fails[number]
            yield partial(self._play, desk)
            if number in self.cannot_close:
                raise self.cannot_close[number]

        monkeypatch.setattr(daemon, "prepared", prepared)

    def _play(self, desk: Desk) -> Stop:
        """As the loop does: a reload that needs the ports opened again leaves it."""
        for stop in self.stops:
            outcome = desk.obey(Command("reload", {}, unanswered)) if stop.reload else stop
            if isinstance(outcome, Stop):
                return outcome
        raise AssertionError("no stop is left")

    def run(self, reload: Callable[[], Settings], *, verbose: int = 0) -> int:
        return daemon.run(replace(OLD, verbose=verbose), reload=reload)

    @property
    def log(self) -> str:
        """What was logged since it was last read."""
        return self._capsys.readouterr().err

    @property
    def used(self) -> list[float]:
        return [settings.gain for settings in self.prepared]


@pytest.fixture
def service(monkeypatch, capsys) -> Service:
    return Service(monkeypatch, capsys)


def desk_of(settings: Settings) -> Desk:
    return Desk(settings, Publisher(), None, lambda _: pytest.fail("no model"), daemon.stage_settings)


def raising(error: BaseException) -> Callable[[], Settings]:
    def reload() -> Settings:
        raise error

    return reload


FOREIGN = [PermissionError(13, "Permission denied"), ValueError("a bug"), MemoryError(), AssertionError("never")]


def test_a_reload_prepares_the_new_settings(service):
    assert service.run(lambda: NEW) == 0
    assert service.used == [0.5, 1.0]
    assert "Keeping" not in service.log


def test_a_reload_opens_only_what_has_changed(service):
    assert service.run(lambda: OLD) == 0
    assert service.used == [0.5]
    assert "The settings are reloaded." in service.log


def test_a_reload_without_settings_to_reload_changes_nothing(service):
    assert daemon.run(OLD) == 0
    assert service.used == [0.5]


@pytest.mark.parametrize("error", [ConfigError("silence must be 0.1 to 10 s."), *FOREIGN])
def test_whatever_goes_wrong_in_reading_the_settings_the_previous_ones_are_kept(service, error):
    assert service.run(raising(error)) == 0
    assert service.used == [0.5]
    what = str(error) if isinstance(error, LivegenError) else f"The reload failed ({type(error).__name__}: {error})."
    log = service.log
    assert f"{what} Keeping the previous settings.\n" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("error", [PortError("The port is gone."), *FOREIGN])
def test_whatever_goes_wrong_in_preparing_them_the_previous_ones_are_kept(service, error):
    service.fails[1] = error
    assert service.run(lambda: NEW) == 0
    assert service.used == [0.5, 1.0, 0.5]
    assert "Keeping the previous settings." in service.log


def test_with_verbose_the_traceback_is_logged(service):
    assert service.run(raising(ValueError("a bug")), verbose=1) == 0
    assert "Traceback" in service.log


ENDS_THE_PROCESS = [KeyboardInterrupt(), SystemExit(3)]


@pytest.mark.parametrize("error", ENDS_THE_PROCESS)
def test_what_is_to_end_the_process_ends_it_in_reading_the_settings(service, error):
    with pytest.raises(type(error)):
        service.run(raising(error))


@pytest.mark.parametrize("error", ENDS_THE_PROCESS)
def test_what_is_to_end_the_process_ends_it_in_preparing(service, error):
    service.fails[1] = error
    with pytest.raises(type(error)):
        service.run(lambda: NEW)


@pytest.mark.parametrize("error", [PortError("jam.mid could not be written: No space left."), *FOREIGN])
def test_what_cannot_be_closed_at_a_reload_is_reported_and_does_not_end_it(service, error):
    service.cannot_close[0] = error
    assert service.run(lambda: NEW) == 0
    assert service.used == [0.5, 1.0]
    assert str(error) in service.log


@pytest.mark.parametrize("error", [PortError("jam.mid could not be written: No space left."), *FOREIGN])
def test_what_cannot_be_closed_at_the_end_is_an_error(service, error):
    service.cannot_close[1] = error
    with pytest.raises(type(error)):
        service.run(lambda: NEW)


@pytest.mark.parametrize("error", [PortError("Every output has failed."), *FOREIGN])
def test_what_goes_wrong_in_playing_ends_it_after_a_reload_too(service, error):
    def failing():
        yield Stop("SIGHUP", reload=True)
        raise error

    service.stops = failing()
    with pytest.raises(type(error)):
        service.run(lambda: NEW)


@pytest.mark.parametrize("error", [PortError("There is no such port."), *FOREIGN])
def test_at_the_start_it_is_an_error(service, error):
    service.fails[0] = error
    with pytest.raises(type(error)):
        service.run(lambda: NEW)
    assert service.used == [0.5]


def test_where_the_previous_settings_cannot_be_prepared_either_it_tries_again(service, monkeypatch):
    monkeypatch.setattr(daemon, "RETRY", 0.0)
    gone = PortError("The old port is gone.")
    service.fails = {1: PortError("The new port is not there."), 2: gone, 3: gone}
    assert service.run(lambda: NEW) == 0
    assert service.used == [0.5, 1.0, 0.5, 0.5, 0.5]
    log = service.log
    assert "The new port is not there. Keeping the previous settings." in log
    assert log.count("The old port is gone. Trying again in 0 s.") == 2


def test_a_stop_ends_the_waiting_for_another_try(service, monkeypatch):
    service.fails = dict.fromkeys(range(1, 9), PortError("Gone."))
    monkeypatch.setattr(daemon, "wait_and_retry", lambda *_: Stop("SIGTERM"))
    assert service.run(lambda: NEW) == 0
    assert service.used == [0.5, 1.0, 0.5]


def test_a_stop_while_it_waits_is_seen_and_what_else_comes_is_not_lost_time():
    inbox = LiveInbox()
    inbox.put(Panic(inbox.now()))
    inbox.put(Stop("SIGTERM"))
    assert daemon.wait_and_retry(PortError("Gone."), inbox, Publisher(), desk_of(OLD)) == Stop("SIGTERM")


def test_while_it_waits_it_answers_and_says_for_what():
    inbox, desk, answers = LiveInbox(), desk_of(OLD), []
    inbox.put(Command("status", {}, answers.append))
    inbox.put(Command("stop", {}, answers.append))
    assert daemon.wait_and_retry(PortError("The port is gone."), inbox, Publisher(), desk) == Stop("asked to stop")
    assert answers[0]["waits_for"] == "The port is gone."
    assert answers[1] == {}


def test_a_model_that_is_gone_at_a_reload_stays_loaded(monkeypatch):
    class Log:
        def __init__(self) -> None:
            self.items: list[Published] = []

        def take(self, item: Published) -> None:
            self.items.append(item)

    log, models, found = Log(), daemon.Models(), [object(), ModelError("It is not there.")]

    def choose(*_: object) -> object:
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    monkeypatch.setattr(daemon.card, "find", lambda name: name)
    monkeypatch.setattr(daemon, "stamp_of", lambda _: stamps.pop())
    monkeypatch.setattr(daemon.choose, "choose", choose)
    stamps, mine = [(3.0, 1), (2.0, 1), (1.0, 1)], Settings(model="mine", device="cpu")
    loaded = models.load(mine, Publisher(log))
    found.pop(0)
    assert models.load(mine, Publisher(log)) is loaded
    assert log.items == [Line("It is not there. Keeping the model that is loaded.", Level.WARNING)]
    with pytest.raises(ModelError, match="not there"):
        models.load(replace(mine, model="another"), Publisher(log))


def test_a_model_is_loaded_again_only_if_its_file_has_changed(monkeypatch):
    models, loads = daemon.Models(), []
    stamps = iter([(1.0, 5), (1.0, 5), (2.0, 5)])
    monkeypatch.setattr(daemon.card, "find", lambda name: name)
    monkeypatch.setattr(daemon, "stamp_of", lambda _: next(stamps))
    monkeypatch.setattr(daemon.choose, "choose", lambda *_: loads.append(1) or object())
    first, second, third = (models.load(Settings(), Publisher()) for _ in range(3))
    assert first is second and second is not third
    assert len(loads) == 2


def test_a_second_reload_may_work(service):
    service.stops = iter([Stop("SIGHUP", reload=True), Stop("SIGHUP", reload=True), Stop("SIGTERM")])
    service.fails[1] = PortError("Not yet.")
    assert service.run(lambda: NEW) == 0
    assert service.used == [0.5, 1.0, 0.5, 1.0]
