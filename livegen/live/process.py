"""Setup of a process that plays in real time: signals, log and priority."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from livegen.config.settings import Settings
from livegen.io import notify, realtime
from livegen.io.inbox import Inbox
from livegen.io.publisher import Publisher
from livegen.io.reporter import Reporter
from livegen.live.memory import Memory
from livegen.stage.events import Panic, Stop

LOGGER = __name__.partition(".")[0]


class _Warnings(logging.Handler):
    """Publishes what the modules log that have no publisher: they are called on threads of RtMidi."""

    def __init__(self, publisher: Publisher) -> None:
        super().__init__(logging.WARNING)
        self._publisher = publisher

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._publisher.warn(record.getMessage() if error is None else f"{record.getMessage()} ({error!r})")


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
        publisher = Publisher(log)
        warnings = _Warnings(publisher)
        logger = logging.getLogger(LOGGER)
        logger.addHandler(warnings)
        try:
            yield publisher
        finally:
            logger.removeHandler(warnings)


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
def remembering(settings: Settings, publisher: Publisher) -> Iterator[Memory]:
    """The memory of the player, a listener; kept between evenings if the settings say so, except in virtual time."""
    with ExitStack() as stack:
        memory = Memory()
        if settings.remember == "always" and not settings.fast:
            from livegen.live.kept import Kept, place

            claim = partial(realtime.claim, settings.realtime, realtime.RECORDER)
            kept = Kept(place(settings.name, os.environ), publisher.warn, claim)
            memory = Memory(kept.load(), stack.enter_context(kept))
            publisher.say(f"memory: {len(memory.passages):,} notes from before, {kept.path}")
        publisher.subscribe(memory)
        yield memory


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
