"""The lateness of notes while the model computes all the time, on an idle and on a busy machine."""

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
from livegen.bench.figures import MissingError, Report, Row, Spread, Target
from livegen.bench.rig import INPUT, Stopwatch, rig
from livegen.bench.watched import MONITORS
from livegen.config.settings import Settings
from livegen.io.inbox import Item, LiveInbox
from livegen.io.realtime import MAIN, raise_priority
from livegen.note import MonotonicTime
from livegen.stage.effects import Ask, MakePlan, Request
from livegen.stage.events import InputClosed, Part, Predicted, Received, ResponseNote
from livegen.stage.settings import AS_IS

TARGETS = {"p99": Target("<", 0.5), "p99.9": Target("<", 1.0)}  # ms
COLUMNS = ("p50", "p99", "p99.9", "max")
BARE = 0.4  # share of the time, for the timer alone

APART = 0.005  # s between two notes
LENGTH = 0.0125  # s, of each note
TICK = APART / 2  # s between two messages
IDLY = Ask(id=0, context=PHRASE, gap=0.5, length=8.0, longest=8.0, response=0, sampling=AS_IS, window=len(PHRASE))
"""A request that no session waits for: sessions count their requests from 1."""
REST = 1 / 8
"""Pause between two requests, as a share of the time that the last one took. Without a pause, the kernel stops a
real-time thread for 50 ms in each second. No real response is long enough for this."""

_BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


@dataclass(frozen=True, slots=True)
class Lateness:
    spread: Spread  # ms
    dropped: int  # number of notes, more than 100 ms late
    refused: str  # why there was no real-time scheduling, or empty


class _Restless(LiveInbox):
    """Requests `IDLY` again and again, once `ask` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.ask: Callable[[Request], None] | None = None
        self._ask_at = 0.0

    def get(self, until: MonotonicTime | None) -> Item | None:
        event = super().get(until)
        now = self.now()
        if isinstance(event, Predicted) and event.request == IDLY.id:
            self._ask_at = now + REST * event.seconds
        if self.ask is not None and now >= self._ask_at:
            self._ask_at = inf
            self.ask(IDLY)
        return event


def measure(settings: Settings, seconds: float, *, loaded: bool, monitors: bool = False) -> Lateness:
    """Play a dense response of `seconds`, in this process. `monitors`: with some at the control socket."""
    count = round(seconds / APART)
    notes = tuple(ResponseNote(21 + i % 88, i * APART, LENGTH, 64) for i in range(count))
    quick = replace(settings, silence=0.1, pedal_silence=0.1, thru="off")
    inbox, output = _Restless(), Stopwatch(Part.RESPONSE)
    with busy_cores() if loaded else nullcontext(), rig(settings, inbox, monitors=monitors) as playing:
        inbox.ask = playing.ask_model
        now = inbox.now()
        for kind in ("note_on", "note_off"):
            inbox.put(Received(Message(kind, note=60), now, INPUT))
        inbox.put(InputClosed(INPUT, now))

        def answer(request: Request) -> None:
            inbox.put(request.answer() if isinstance(request, MakePlan) else Predicted(request.id, notes, 0.0))

        playing.jam(quick, output, answer)
    return Lateness(Spread.of(output.late, 1000), count - len(output.late) // 2, playing.refused)


def measure_bare(seconds: float, *, loaded: bool) -> Spread:
    """The lateness of the machine: wake up as often, with the same priority, and do nothing, in this process."""
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
    """Run one busy program per core, with normal priority. They end with this process."""
    words = [sys.executable, "-c", _BUSY]
    programs = [subprocess.Popen(words) for _ in range(os.cpu_count() or 1)]  # noqa: S603  (all arguments are constants)
    try:
        yield programs
    finally:
        for program in programs:
            program.kill()
            program.wait()


def measure_all(settings: Settings, seconds: float, report: Report) -> list[Row]:
    """A row each: idle and loaded, with and without real-time scheduling, with monitors, and a timer alone."""
    rows: list[Row] = []
    for realtime in (True, False):
        for loaded in (False, True):
            key = f"{'loaded' if loaded else 'idle'}{'_realtime' if realtime else ''}"
            label = f"{'All cores busy' if loaded else 'Idle'}, {'real time' if realtime else 'normal priority'}"
            report(f"lateness: {label.lower()}")
            asked = replace(settings, realtime="auto" if realtime else "off")
            rows.append(_row(key, label, asked, seconds, loaded=loaded))
            if realtime:
                rows.append(_bare_row(f"{key}_bare", f"{label}: timer only", seconds * BARE, loaded=loaded))
            if realtime and not loaded:
                label = f"{label}, {MONITORS} monitors"
                report(f"lateness: {label.lower()}")
                rows.append(_row(f"{key}_monitors", label, asked, seconds, monitors=True))
    return rows


def _row(
    key: str, label: str, settings: Settings, seconds: float, *, loaded: bool = False, monitors: bool = False
) -> Row:
    try:
        late = apart(measure, settings, seconds, loaded=loaded, monitors=monitors)
    except MissingError as error:
        return Row(key, label, remark=str(error))
    dropped = f"{late.dropped} notes dropped, more than 100 ms late" if late.dropped else ""
    remark = "; ".join(part for part in (late.refused, dropped) if part)
    targets = TARGETS if settings.realtime != "off" else {}
    return Row(key, label, late.spread.values(*COLUMNS), targets, remark)


def _bare_row(key: str, label: str, seconds: float, *, loaded: bool) -> Row:
    try:
        return Row(key, label, apart(measure_bare, seconds, loaded=loaded).values(*COLUMNS))
    except MissingError as error:
        return Row(key, label, remark=str(error))
