"""`livegen bench`: how quick and how punctual it is on this machine, beside the tutorial's way in the same run."""

from __future__ import annotations

import json
import os
import platform
from contextlib import ExitStack
from dataclasses import dataclass

import click

from livegen import __version__
from livegen.bench import engine, jack, lateness, loopback, silence, startup, table, thru, tutorial
from livegen.bench.figures import MissingError, Row, Section, Tell
from livegen.config.settings import Settings
from livegen.engine import card


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    responses: int = 80  # of each engine, 24 notes each
    predictions: int = 100  # notes, the tutorial's way
    playing: float = 10.0  # s, of each way to be late
    passing: float = 6.0  # s, of each way through
    silences: int = 12  # responses silenced, in each way
    starts: int = 5


FULL = Effort()


def main(settings: Settings, *, as_json: bool, effort: Effort = FULL) -> int:
    """Measure, and print a table or JSON. Progress goes to stderr. Returns the exit status, whatever the figures.

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


def measure(settings: Settings, effort: Effort, tell: Tell) -> list[Section]:
    """All of it, one after the other: what runs at the same time would measure the other."""
    rows, best = engine.measure_all(settings, effort.responses, tell)
    rows += tutorial.compare(best, effort.predictions, tell)
    note = Section("note", "Model [ms]", tuple(rows))
    late = Section("lateness", "Notes late [ms]", tuple(lateness.measure_all(settings, effort.playing, tell)))
    passing = [thru.measure_row(settings, effort.passing, tell)]
    with ExitStack() as stack:
        try:
            server = stack.enter_context(jack.server())
        except MissingError as error:
            server = ""
            passing.append(Row("jack", "Over JACK", remark=str(error)))
            silenced = [Row("silence", "Over JACK", remark=str(error))]
        else:
            passing += loopback.measure_all(settings, effort.passing, server, tell)
            silenced = silence.measure_all(settings, effort.silences, server, tell)
        starting = startup.measure_all(settings, effort.starts, tell, jack=server != "")
    return [
        note,
        late,
        Section("thru", "What you play, passed on [ms]", tuple(passing)),
        Section("silence", "A response silenced, to its last note_off [ms]", tuple(silenced)),
        Section("start", "Start, FluidSynth loaded", tuple(starting)),
    ]
