"""What every job that plays in real time does with its process: signals, its log, priority, outputs that may break."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from livegen.config.settings import Settings
from livegen.io import realtime
from livegen.io.inbox import Inbox
from livegen.io.output import Output
from livegen.io.reporter import Reporter
from livegen.stage.events import Panic, Send, Stop

LAST_WORDS = 0.05  # s: JACK carries on what was sent once a period, of up to 43 ms; ports closed sooner swallow it


def reporting(settings: Settings) -> Reporter:
    """The log, on stderr. To be closed."""
    stream = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115  (None where stderr is closed; kept to the end)
    return Reporter(
        stream,
        terminal=stream.isatty(),
        verbose=settings.verbose,
        journal="JOURNAL_STREAM" in os.environ,
        claim=partial(realtime.claim, settings.realtime, realtime.REPORTER),
    )


@contextmanager
def punctual(settings: Settings, reporter: Reporter) -> Iterator[None]:
    """Priority for the calling thread, and no pauses of the interpreter's own inside."""
    with realtime.quiet_collector():
        refused = realtime.claim(settings.realtime, realtime.MAIN)
        if refused and settings.realtime == "on":
            reporter.warn(refused)
        elif refused:
            reporter.debug(refused)
        if settings.realtime != "off":
            realtime.lock_memory()
        yield


def deliver(send: Send, outputs: Sequence[Output], reporter: Reporter) -> bool:
    """Send a message. False when its output is broken."""
    try:
        outputs[send.output].send(send)
    except Exception as error:  # noqa: BLE001  (whatever breaks one output, the others must get their note_offs)
        reporter.warn(f"{outputs[send.output].name} is left out: {error}")
        return False
    return True


def let_arrive(outputs: Sequence[Output]) -> None:
    """Wait until what was sent has left the ports among the outputs."""
    if any(output.real for output in outputs):
        time.sleep(LAST_WORDS)


@contextmanager
def signals(inbox: Inbox) -> Iterator[None]:
    """SIGUSR1 silences, SIGHUP reloads if not at a terminal; it and whatever else would end the process end it well."""
    terminal = any(map(os.isatty, range(3)))  # once it is closed, it is none any more

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
    before: dict[str, Any] = {}  # of whatever signal.signal gives back
    for name, handler in handlers.items():
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:  # nohup
            before[name] = signal.signal(getattr(signal, name), handler)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
