"""The daemon's own loop with its own threads, playing to a stopwatch."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from livegen.config.settings import Settings
from livegen.engine import card, choose
from livegen.engine.improviser import Improviser
from livegen.engine.sampling import Sampling
from livegen.io import realtime
from livegen.io.inbox import LiveInbox
from livegen.io.reporter import Reporter
from livegen.live import daemon
from livegen.stage.events import Part, Request, Send
from livegen.stage.performance import Performance


class Stopwatch:
    """An `Output` that notes how late each message of one part leaves."""

    name = "stopwatch"
    shares_synth = False
    real = False
    keeps_call = False

    def __init__(self, part: Part) -> None:
        self.late: list[float] = []  # s
        self._part = part

    def send(self, send: Send) -> None:
        now = time.monotonic()
        if send.part is self._part:
            self.late.append(now - send.at)

    def close(self) -> None:
        """There is nothing to let go of."""


@dataclass(frozen=True, slots=True)
class Rig:
    inbox: LiveInbox
    ask_model: Callable[[Request], None]
    reporter: Reporter
    refused: str  # why there is no real-time scheduling though it was wanted, or nothing

    def jam(self, performance: Performance, output: Stopwatch, ask: Callable[[Request], None]) -> None:
        """Play until the performance has finished, or a Stop is in the inbox."""
        daemon.jam(performance, self.inbox, [output], ask, self.reporter)


@contextmanager
def rig(settings: Settings, inbox: LiveInbox) -> Iterator[Rig]:
    """Everything as the daemon sets it up, but the ports.

    Raises:
        ModelError: the model cannot be played.
    """
    runtime = choose.choose(card.find(settings.model), settings.device).runtime
    improviser = Improviser(runtime, Sampling(settings.temperature, settings.top_p, settings.min_p), settings.window)
    # The log is written note by note, as at a terminal.
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        Reporter(
            nowhere, terminal=True, claim=partial(realtime.claim, settings.realtime, realtime.REPORTER)
        ) as reporter,
        daemon.in_real_time(inbox, improviser, settings, reporter) as ask_model,
    ):
        refused = realtime.claim(settings.realtime, realtime.MAIN) or ""
        yield Rig(inbox, ask_model, reporter, refused)
