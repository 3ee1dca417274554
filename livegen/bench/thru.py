"""Thru: from a port's callback to what is sent on, inside the daemon."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from itertools import cycle

from mido import Message

from livegen.bench.apart import apart
from livegen.bench.figures import MissingError, Row, Spread, Target, Tell
from livegen.bench.rig import Stopwatch, rig
from livegen.config.settings import Settings
from livegen.io.inbox import LiveInbox
from livegen.stage.events import Part, Received, Stop
from livegen.stage.performance import Manners, Performance
from livegen.stage.voice import Voice

TARGETS = {"p99": Target("<", 0.3)}  # ms
APART = (0.005, 0.015)  # s between two messages, at random


def measure(settings: Settings, seconds: float) -> tuple[Spread, str]:
    """Milliseconds, and why there was no real-time scheduling (or nothing); in this process."""
    performance = Performance(Manners(silence=60.0), [Voice(thru=True, channel=1)])
    inbox, output = LiveInbox(), Stopwatch(Part.CALL)
    with rig(settings, inbox) as playing:
        keyboard = threading.Thread(target=_play, args=(inbox, seconds))
        keyboard.start()
        playing.jam(performance, output, playing.ask_model)
        keyboard.join()
    return Spread.of(output.late, 1000), playing.refused


def _play(inbox: LiveInbox, seconds: float) -> None:
    """What a port's callback does, from a thread as it has."""
    end = time.monotonic() + seconds
    for kind in cycle(("note_on", "note_off")):
        time.sleep(random.uniform(*APART))
        message = Message(kind, note=60)
        inbox.put(Received(message, inbox.now()))
        if time.monotonic() > end:
            inbox.put(Stop("all has been measured"))
            return


def measure_row(settings: Settings, seconds: float, tell: Tell) -> Row:
    key, label = "callback_to_send", "Callback to send, real time"
    tell("thru")
    try:
        spread, refused = apart(measure, replace(settings, realtime="auto"), seconds)
    except MissingError as error:
        return Row(key, label, remark=str(error))
    return Row(key, label, spread.values("p50", "p99"), TARGETS, refused)
