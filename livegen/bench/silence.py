"""The time to silence a response over JACK, until its last note_off arrives."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mido import Message

from livegen.bench.apart import apart
from livegen.bench.client import Ear, keyboard
from livegen.bench.figures import MissingError, Report, Row, Spread, Target
from livegen.bench.launched import Launched
from livegen.config.settings import Settings
from livegen.encoding import PITCHES
from livegen.engine import card
from livegen.io import realtime

TARGETS = {"max": Target("<", 10.0)}  # ms

CALL = (60, 64, 67)
PANIC = 20  # a controller
SILENCE = 0.2  # s of silence that end a call
RESPONSE = 4.0  # s
LISTEN = 0.15  # s to wait into the response, and again after silencing it, for hanging notes
PATIENCE = 3.0  # s to wait for a note of the response
TRIES = 3  # for each response to silence: some end too soon


def measure(settings: Settings, rounds: int) -> dict[str, Spread]:
    """Measure in this process. Returns milliseconds by method."""
    model = str(card.find(settings.model).folder.resolve())
    realtime.raise_priority(realtime.MAIN)  # else the input would wait for this thread, and miss messages
    with Ear() as ear, keyboard() as (name, port), tempfile.TemporaryDirectory() as folder:
        words = ["--backend", "jack", "--in", f"port:{name}", "--out", f"port:{ear.name}", "--thru", "off"]
        words += ["--model", model, "--device", settings.device, "--panic", f"cc:{PANIC}"]
        words += ["--silence", str(SILENCE), "--response-min", str(RESPONSE)]
        with Launched(*words, folder=Path(folder)) as daemon:
            methods: dict[str, Callable[[int], None]] = {
                "key": lambda key: port.send(Message("note_on", note=key)),
                "panic": lambda _: port.send(Message("control_change", control=PANIC, value=127)),
                "signal": lambda _: daemon.signal(signal.SIGUSR1),
            }

            return {name: Spread.of(_times(ear, port.send, silence, rounds), 1000) for name, silence in methods.items()}


def _times(ear: Ear, send: Callable[[Message], object], silence: Callable[[int], None], rounds: int) -> list[float]:
    times: list[float] = []
    for _ in range(TRIES * rounds):
        ear.heard.clear()
        for kind in ("note_on", "note_off"):
            for note in CALL:
                send(Message(kind, note=note))
        deadline = time.monotonic() + PATIENCE
        while not _sounding(ear) and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(LISTEN)
        while not _sounding(ear) and time.monotonic() < deadline:
            time.sleep(0.001)
        if not _sounding(ear):
            continue
        # A key that is not in the response: keys that the player holds are not released.
        key = max(set(range(PITCHES)) - {message.note for _, message in ear.heard if message.type == "note_on"})
        before, start = len(ear.heard), time.monotonic()
        silence(key)
        time.sleep(LISTEN)
        if hanging := _sounding(ear):
            raise MissingError(f"{len(hanging)} notes still sound after {LISTEN:g} s")
        offs = [at for at, message in ear.heard[before:] if message.type == "note_off"]
        times += [max(offs) - start] if offs else []
        send(Message("note_off", note=key))  # the next call replaces the call that this key began
        if len(times) == rounds:
            break
    return times


def _sounding(ear: Ear) -> set[int]:
    pitches: set[int] = set()
    for _, message in list(ear.heard):
        if message.type == "note_on":
            pitches.add(message.note)
        elif message.type == "note_off":
            pitches.discard(message.note)
    return pitches


def measure_all(settings: Settings, rounds: int, server: str, report: Report) -> list[Row]:
    """A row for each method: the first key, a panic controller, SIGUSR1."""
    report("silencing a response")
    labels = {"key": "The first key", "panic": "A panic controller", "signal": "SIGUSR1"}
    try:
        found = apart(measure, settings, rounds)
    except MissingError as error:
        return [Row("silence", "Over JACK", remark=str(error))]
    return [Row(name, labels[name], spread.values("p50", "max"), TARGETS, server) for name, spread in found.items()]
