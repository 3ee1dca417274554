"""Setup of a process that plays in real time: signals, log and priority."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from livegen.config.settings import Settings
from livegen.io import notify, realtime
from livegen.io.inbox import Inbox
from livegen.io.publisher import Publisher
from livegen.io.reporter import Reporter
from livegen.stage.events import Panic, Stop


@contextmanager
def reporting(settings: Settings) -> Iterator[Publisher]:
    """A publisher whose first listener is the log, on stderr."""
    stream = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115  (stderr is None if closed; open until the end)
    with Reporter(
        stream,
        terminal=stream.isatty(),
        verbose=settings.verbose,
        journal=notify.to_journal(stream),
        claim=partial(realtime.claim, settings.realtime, realtime.REPORTER),
    ) as log:
        yield Publisher(log)


@contextmanager
def recording(settings: Settings, publisher: Publisher) -> Iterator[None]:
    """Record what is played, except in virtual time."""
    if settings.fast:
        yield
        return
    from livegen.record.folder import folder
    from livegen.record.recorder import SessionRecorder

    claim = partial(realtime.claim, settings.realtime, realtime.RECORDER)
    with SessionRecorder(folder(os.environ), settings, publisher, claim):
        yield


@contextmanager
def real_time(settings: Settings, publisher: Publisher) -> Iterator[None]:
    """Real-time priority for the calling thread, and no automatic garbage collection inside."""
    with realtime.quiet_collector():
        refused = realtime.claim(settings.realtime, realtime.MAIN)
        unlocked = None if settings.realtime == "off" else realtime.lock_memory()
        tell = publisher.warn if settings.realtime == "on" or notify.managed() else publisher.debug
        if refused:
            tell(f'{refused} Under load, notes may be late. To do without it: realtime = "off".')
        if unlocked:
            (publisher.say if notify.managed() else publisher.debug)(unlocked)
        yield


@contextmanager
def signals(inbox: Inbox) -> Iterator[None]:
    """Handle signals: SIGUSR1 silences, SIGHUP reloads (at a terminal it stops), others that end a process stop."""
    terminal = any(map(os.isatty, range(3)))  # now, because a closed terminal is no longer one

    def stop(number: int, _: FrameType | None) -> None:
        inbox.put(Stop(signal.Signals(number).name))

    def hang_up(*_: object) -> None:
        inbox.put(Stop("SIGHUP", reload=not terminal))

    def panic(*_: object) -> None:
        inbox.put(Panic(inbox.now()))

    handlers: dict[str, Callable[[int, FrameType | None], None]] = {
        **dict.fromkeys(("SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR2", "SIGALRM", "SIGXCPU"), stop),
        "SIGHUP": hang_up,
        "SIGUSR1": panic,
    }
    before: dict[str, Any] = {}  # what signal.signal returns
    for name, handler in handlers.items():
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:  # nohup
            before[name] = signal.signal(getattr(signal, name), handler)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
