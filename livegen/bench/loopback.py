"""MIDI thru over JACK: from an output of a client to its input, directly and through the daemon."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Any

from mido import Message

from livegen.bench import jack
from livegen.bench.apart import apart
from livegen.bench.client import Ear, keyboard
from livegen.bench.figures import MissingError, Report, Row, Spread
from livegen.bench.launched import Launched
from livegen.bench.thru import APART
from livegen.config.settings import Settings
from livegen.engine import card

SETTLED = 0.3  # s for connecting ports, and for the last messages to arrive
FIRST = -8192  # the lowest value of the pitch wheel, which is used to count messages


def measure(settings: Settings, seconds: float) -> tuple[tuple[Spread, int], tuple[Spread, int]]:
    """Measure in this process, directly and through the daemon: milliseconds, and the number of lost messages."""
    model = str(card.find(settings.model).folder.resolve())
    with Ear() as ear:
        with jack.SYSTEM.mido().open_output(next(n for n in jack.SYSTEM.outputs() if ear.name in n)) as port:
            direct = _round(port, ear, seconds)
        with keyboard() as (name, port), tempfile.TemporaryDirectory() as folder:
            words = ("--backend", "jack", "--in", f"port:{name}", "--out", f"port:{ear.name}", "--thru", "on")
            with Launched(*words, "--model", model, "--device", settings.device, folder=Path(folder)):
                through = _round(port, ear, seconds)
    return direct, through


def _round(port: Any, ear: Ear, seconds: float) -> tuple[Spread, int]:  # noqa: ANN401  (mido has no types)
    time.sleep(SETTLED)
    ear.heard.clear()
    sent: list[float] = []
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        port.send(Message("pitchwheel", pitch=FIRST + len(sent)))
        sent.append(now)
        time.sleep(random.uniform(*APART))
    time.sleep(SETTLED)
    arrived = {message.pitch: at for at, message in ear.heard if message.type == "pitchwheel"}
    late = [arrived[FIRST + i] - at for i, at in enumerate(sent) if FIRST + i in arrived]
    return Spread.of(late, 1000), len(sent) - len(late)


def measure_all(settings: Settings, seconds: float, server: str, report: Report) -> list[Row]:
    """A row each: the loopback alone, through the daemon, and the difference."""
    label = "Over JACK"
    report("MIDI thru over JACK")
    try:
        direct, through = apart(measure, settings, seconds)
    except MissingError as error:
        return [Row("jack", label, remark=str(error))]
    rows = [
        Row(key, f"{label}, {words}", spread.values("p50", "p99"), remark=_remark(server, lost))
        for key, words, (spread, lost) in (
            ("jack_loopback", "loopback only", direct),
            ("jack_thru", "through livegen", through),
        )
    ]
    added = {column: rows[1].values[column] - rows[0].values[column] for column in ("p50", "p99")}
    return [*rows, Row("jack_added", f"{label}, difference", added)]


def _remark(server: str, lost: int) -> str:
    return f"{server}; {lost} lost" if lost else server
