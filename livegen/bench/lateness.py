"""How late scheduled notes leave while the model works all the time, on an idle machine and beside busy programs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from math import inf

from mido import Message

from livegen.bench.apart import apart
from livegen.bench.engine import PHRASE
from livegen.bench.figures import MissingError, Row, Spread, Target, Tell
from livegen.bench.rig import Stopwatch, rig
from livegen.config.settings import Settings
from livegen.io.inbox import LiveInbox
from livegen.io.realtime import MAIN, raise_priority
from livegen.note import MonotonicTime
from livegen.stage.events import Ended, Event, Part, Predicted, Received, Request, ResponseNote
from livegen.stage.performance import Manners, Performance
from livegen.stage.voice import Voice

TARGETS = {"p99": Target("<", 0.5), "p99.9": Target("<", 1.0)}  # ms
COLUMNS = ("p50", "p99", "p99.9", "max")
BARE = 0.4  # of the time, for the bare timer

APART = 0.005  # s between two notes
LASTING = 0.0125  # s that each sounds
TICK = APART / 2  # s between two sends, of a press or of a release
IDLY = Request(id=0, context=PHRASE, gap=0.5, length=8.0, response=0)
"""The performance counts its own requests from 1: nobody waits for this one's answer."""
REST = 1 / 8
"""Of the time that an answer took, what passes until the model is asked again. Without any rest a thread with real-time
priority is stopped by the kernel for 50 ms in each second, which no real response is long enough for."""

_BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


@dataclass(frozen=True, slots=True)
class Lateness:
    spread: Spread  # ms
    dropped: int  # notes, for being over 100 ms late
    refused: str  # why there was no real-time scheduling, or nothing


class _Restless(LiveInbox):
    """Has the model answer `IDLY` again and again, once `ask` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.ask: Callable[[Request], None] | None = None
        self._ask_at = 0.0

    def get(self, until: MonotonicTime | None) -> Event | None:
        event = super().get(until)
        now = self.now()
        if isinstance(event, Predicted) and event.request == IDLY.id:
            self._ask_at = now + REST * event.seconds
        if self.ask is not None and now >= self._ask_at:
            self._ask_at = inf
            self.ask(IDLY)
        return event


def measure(settings: Settings, seconds: float, *, loaded: bool) -> Lateness:
    """Play a dense response of `seconds`, in this process."""
    count = round(seconds / APART)
    notes = tuple(ResponseNote(21 + i % 88, i * APART, LASTING, 64) for i in range(count))
    performance = Performance(Manners(silence=0.1, pedal_silence=0.1), [Voice(thru=False, channel=0)])
    inbox, output = _Restless(), Stopwatch(Part.RESPONSE)
    with busy_cores() if loaded else nullcontext(), rig(settings, inbox) as playing:
        inbox.ask = playing.ask_model
        now = inbox.now()
        for kind in ("note_on", "note_off"):
            inbox.put(Received(Message(kind, note=60), now))
        inbox.put(Ended(now))
        playing.jam(performance, output, lambda request: inbox.put(Predicted(request.id, notes, 0.0)))
    return Lateness(Spread.of(output.late, 1000), count - len(output.late) // 2, playing.refused)


def measure_bare(seconds: float, *, loaded: bool) -> Spread:
    """What the machine itself is late: wake up as often, with the same priority, and do nothing; in this process."""
    late: list[float] = []
    with busy_cores() if loaded else nullcontext():
        raise_priority(MAIN)
        due = time.monotonic()
        for _ in range(round(seconds / TICK)):
            due += TICK
            time.sleep(max(0.0, due - time.monotonic()))
            late.append(time.monotonic() - due)
    return Spread.of(late, 1000)


@contextmanager
def busy_cores() -> Iterator[list[subprocess.Popen[bytes]]]:
    """As many busy programs as there are cores, at normal priority. They end with this process, at the latest."""
    words = [sys.executable, "-c", _BUSY]
    programs = [subprocess.Popen(words) for _ in range(os.cpu_count() or 1)]  # noqa: S603  (all words are ours)
    try:
        yield programs
    finally:
        for program in programs:
            program.kill()
            program.wait()


def measure_all(settings: Settings, seconds: float, tell: Tell) -> list[Row]:
    """A row each: idle and loaded, with real-time scheduling and without, and what the machine itself is late."""
    rows: list[Row] = []
    for realtime in (True, False):
        for loaded in (False, True):
            key = f"{'loaded' if loaded else 'idle'}{'_realtime' if realtime else ''}"
            label = f"{'All cores busy' if loaded else 'Idle'}, {'real time' if realtime else 'normal priority'}"
            tell(f"lateness: {label.lower()}")
            asked = replace(settings, realtime="auto" if realtime else "off")
            rows.append(_row(key, label, asked, seconds, loaded=loaded))
            if realtime:
                rows.append(_bare_row(f"{key}_bare", f"{label}: a bare timer", seconds * BARE, loaded=loaded))
    return rows


def _row(key: str, label: str, settings: Settings, seconds: float, *, loaded: bool) -> Row:
    try:
        late = apart(measure, settings, seconds, loaded=loaded)
    except MissingError as error:
        return Row(key, label, remark=str(error))
    dropped = f"{late.dropped} notes dropped, over 100 ms late" if late.dropped else ""
    remark = "; ".join(part for part in (late.refused, dropped) if part)
    targets = TARGETS if settings.realtime != "off" else {}
    return Row(key, label, late.spread.values(*COLUMNS), targets, remark)


def _bare_row(key: str, label: str, seconds: float, *, loaded: bool) -> Row:
    try:
        return Row(key, label, apart(measure_bare, seconds, loaded=loaded).values(*COLUMNS))
    except MissingError as error:
        return Row(key, label, remark=str(error))
