"""`livegen bench`: measures speed and timing on this machine, and compares with the tutorial in the same run."""

from __future__ import annotations

import json
import os
import platform
from contextlib import ExitStack
from dataclasses import dataclass

import click

from livegen import __version__
from livegen.bench import engine, jack, lateness, loopback, silence, startup, table, thru, tutorial
from livegen.bench.figures import MissingError, Report, Row, Section
from livegen.config.settings import Settings
from livegen.engine import card


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    responses: int = 80  # per engine, 24 notes each
    predictions: int = 100  # notes, with the tutorial's method
    playing: float = 10.0  # s, per measurement of lateness
    passing: float = 6.0  # s, per measurement of MIDI thru
    silences: int = 12  # responses to silence, per method
    starts: int = 5


FULL = Effort()


def main(settings: Settings, *, as_json: bool, effort: Effort = FULL) -> int:
    """Measure, and print a table or JSON. Progress goes to stderr. Returns 0, even if a target is missed.

    Raises:
        ModelError: there is no such model.
    """
    found = card.find(settings.model)
    sections = measure(settings, effort, lambda what: click.echo(f"measuring: {what}", err=True))
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    if as_json:
        about = {"version": __version__, "model": found.name, "machine": machine}
        click.echo(json.dumps(about | table.plain(sections), indent=2))
    else:
        click.echo(table.text(f"livegen {__version__}, model {found.name} ({found.title}); {machine}", sections))
    return 0


def measure(settings: Settings, effort: Effort, report: Report) -> list[Section]:
    """Run all measurements, one after another: simultaneous ones would disturb each other."""
    rows, best = engine.measure_all(settings, effort.responses, report)
    rows += tutorial.compare(best, effort.predictions, report)
    note = Section("note", "Model [ms]", tuple(rows))
    late = Section("lateness", "Lateness of notes [ms]", tuple(lateness.measure_all(settings, effort.playing, report)))
    passing = thru.measure_all(settings, effort.passing, report)
    with ExitStack() as stack:
        try:
            server = stack.enter_context(jack.server())
        except MissingError as error:
            server = ""
            passing.append(Row("jack", "Over JACK", remark=str(error)))
            silenced = [Row("silence", "Over JACK", remark=str(error))]
        else:
            passing += loopback.measure_all(settings, effort.passing, server, report)
            silenced = silence.measure_all(settings, effort.silences, server, report)
        starting = startup.measure_all(settings, effort.starts, report, jack=server != "")
    return [
        note,
        late,
        Section("thru", "MIDI thru [ms]", tuple(passing)),
        Section("silence", "Silencing a response, until its last note_off [ms]", tuple(silenced)),
        Section("start", "Start, with FluidSynth", tuple(starting)),
    ]
