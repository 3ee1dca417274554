"""MIDI thru inside the daemon: from the callback of a port until the message is sent."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from itertools import cycle

from mido import Message

from livegen.bench.apart import apart
from livegen.bench.figures import MissingError, Report, Row, Spread, Target
from livegen.bench.rig import INPUT, Stopwatch, rig
from livegen.bench.watched import MONITORS
from livegen.config.settings import Settings
from livegen.io.inbox import LiveInbox
from livegen.stage.events import Part, Received, Stop

TARGETS = {"p99": Target("<", 0.3)}  # ms
APART = (0.005, 0.015)  # s between two messages, at random


def measure(settings: Settings, seconds: float, *, monitors: bool = False) -> tuple[Spread, str]:
    """Measure in this process; `monitors`: with some at the control socket.

    Returns milliseconds, and why there was no real-time scheduling (or an empty text).
    """
    patient = replace(settings, silence=10.0, thru="on")  # so that there is no response
    inbox, output = LiveInbox(), Stopwatch(Part.CALL)
    with rig(settings, inbox, monitors=monitors) as playing:
        keyboard = threading.Thread(target=_play, args=(inbox, seconds))
        keyboard.start()
        playing.jam(patient, output, playing.ask_model)
        keyboard.join()
    return Spread.of(output.late, 1000), playing.refused


def _play(inbox: LiveInbox, seconds: float) -> None:
    """Do what the callback of a port does, in a thread as there."""
    end = time.monotonic() + seconds
    for kind in cycle(("note_on", "note_off")):
        time.sleep(random.uniform(*APART))
        message = Message(kind, note=60)
        inbox.put(Received(message, inbox.now(), INPUT))
        if time.monotonic() > end:
            inbox.put(Stop("the measurement is complete"))
            return


def measure_all(settings: Settings, seconds: float, report: Report) -> list[Row]:
    """Two rows: alone, and with monitors at the control socket."""
    return [
        _row("callback_to_send", "Callback to send, real time", settings, seconds, report),
        _row(
            "callback_to_send_monitors",
            f"Callback to send, real time, {MONITORS} monitors",
            settings,
            seconds,
            report,
            monitors=True,
        ),
    ]


def _row(key: str, label: str, settings: Settings, seconds: float, report: Report, *, monitors: bool = False) -> Row:
    report(f"MIDI thru: {label.lower()}")
    try:
        spread, refused = apart(measure, replace(settings, realtime="auto"), seconds, monitors=monitors)
    except MissingError as error:
        return Row(key, label, remark=str(error))
    return Row(key, label, spread.values("p50", "p99"), TARGETS, refused)
