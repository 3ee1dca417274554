"""The loop and the threads of the daemon, with an output that measures lateness."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from livegen.bench.watched import watched
from livegen.config.settings import Settings
from livegen.control.statistics import Statistics
from livegen.engine import card, choose
from livegen.engine.improviser import Improviser
from livegen.io import realtime
from livegen.io.inbox import LiveInbox
from livegen.io.output import opened
from livegen.io.publisher import Publisher
from livegen.io.reporter import Reporter
from livegen.live import daemon
from livegen.live.loop import Loop, Outputs
from livegen.record.recorder import SessionRecorder
from livegen.stage.effects import Request, Send
from livegen.stage.events import InputOpened, Part, PortId
from livegen.stage.session import Session

INPUT = PortId("bench")
"""The only input."""


class Stopwatch:
    """An `Output` that records how late each message of one part is sent."""

    port = PortId("stopwatch")
    name = "stopwatch"
    instrument = ""
    returns = False
    records = False
    attached = True

    def __init__(self, part: Part) -> None:
        self.late: list[float] = []  # s
        self._part = part

    def send(self, send: Send) -> None:
        now = time.monotonic()
        if send.part is self._part:
            self.late.append(now - send.at)

    def close(self) -> None:
        """There is nothing to close."""


@dataclass(frozen=True, slots=True)
class Rig:
    inbox: LiveInbox
    ask_model: Callable[[Request], None]
    publisher: Publisher
    refused: str  # why there is no real-time scheduling although it was requested, or empty

    def jam(self, settings: Settings, output: Stopwatch, ask: Callable[[Request], None]) -> None:
        """Play until the input is closed, or the inbox has a Stop."""
        session = Session(daemon.stage_settings(settings))
        loop = Loop(session, self.inbox, Outputs([output], self.publisher), ask, self.publisher)
        loop.open([opened(output), InputOpened(INPUT, live=False)])
        loop.run()


@contextmanager
def rig(settings: Settings, inbox: LiveInbox, *, monitors: bool = False) -> Iterator[Rig]:
    """Set up everything as in the daemon, except ports. `monitors`: attach some to the control socket.

    Raises:
        ModelError: the model cannot be played.
    """
    runtime = choose.choose(card.find(settings.model), settings.device).runtime
    # The log shows each note, as at a terminal, and everything is recorded.
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        Reporter(nowhere, terminal=True, claim=partial(realtime.claim, settings.realtime, realtime.REPORTER)) as log,
        TemporaryDirectory() as recordings,
        SessionRecorder(
            Path(recordings),
            settings,
            publisher := Publisher(log),
            partial(realtime.claim, settings.realtime, realtime.RECORDER),
        ),
        daemon.in_real_time(inbox, Improviser(runtime), settings, publisher) as model,
    ):
        publisher.subscribe(Statistics())
        with watched(settings, publisher, inbox.put) if monitors else nullcontext():
            refused = realtime.claim(settings.realtime, realtime.MAIN) or ""
            yield Rig(inbox, model.ask, publisher, refused)
