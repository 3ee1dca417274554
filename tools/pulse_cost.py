"""Measures what the pulse costs: following it at each note, the grid of a response, and sampling a step on it.

    python -m tools.pulse_cost [FILES...]

The demo pieces and steady calls of an inexact player (or these MIDI files), in microseconds of processor time: mean,
median, ninth decile, 99th percentile and longest; the least of some runs for each note, for other work disturbs caches
and clocks. The first row is a yardstick, to compare machines and moments: a loop of
1,000 additions and multiplications.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from math import inf
from pathlib import Path

import click
import numpy as np

from livegen.bench.intime import calls
from livegen.cli.runner import PATH, module
from livegen.config.settings import DEFAULTS
from livegen.encoding import TIME_BINS, bin_time
from livegen.engine.drawing import Drawing
from livegen.io import notes as reading
from livegen.live.daemon import stage_settings
from livegen.note import MonotonicTime, SoundedNote, Struck
from livegen.stage.intime import InTime

RUNS = 7
FIRST = 5.0  # s of a call that are its first ones
NOTES = 300  # of each piece
EVERY = 7  # of the steady calls
STEPS = 200  # of a response


def yardstick() -> None:
    """Some work that is always the same."""
    total = 0
    for n in range(1000):
        total += n * n


def least(work: Callable[[], object]) -> float:
    """Seconds of processor time that a piece of work takes."""
    found = inf
    for _ in range(RUNS):
        begin = time.thread_time()
        work()
        found = min(found, time.thread_time() - begin)
    return found


def following(notes: Sequence[SoundedNote]) -> tuple[list[float], InTime]:
    """Seconds that each note takes, and what has heard them."""
    times = [inf] * len(notes)
    for _ in range(RUNS):
        heard = InTime(stage_settings(DEFAULTS))
        for n, note in enumerate(notes):
            struck = Struck(note.pitch, note.onset, note.velocity)
            begin = time.thread_time()
            heard.hear(struck)
            times[n] = min(times[n], time.thread_time() - begin)
    return times, heard


def sampling(heard: InTime, now: MonotonicTime) -> tuple[float, float] | None:
    """Seconds that a step takes with the grid, and without. None: there is no grid."""
    grid = heard.grid(now)
    if grid is None:
        return None
    random, logits = np.random.default_rng(1), np.zeros(TIME_BINS, np.float32)

    def on_grid() -> None:
        drawing = Drawing(grid.since(now))
        for _ in range(STEPS):
            drawing.draw(logits, random)

    def free() -> None:
        for _ in range(STEPS):
            bin_time(20, random.random())

    return least(on_grid) / STEPS, least(free) / STEPS


def row(name: str, seconds: Sequence[float]) -> str:
    """A row of the table."""
    micro = 1e6 * np.array(seconds)
    cells = [micro.mean(), *np.percentile(micro, (50, 90, 99)), micro.max()]
    return f"{name:36}{len(micro):7}" + "".join(f"{cell:9.1f}" for cell in cells)


def pieces(files: Sequence[Path]) -> Iterator[Sequence[SoundedNote]]:
    """The notes to follow."""
    demo = sorted(Path(str(resources.files("livegen.demo"))).glob("*.mid"))
    for path in files or demo:
        yield reading.read(path)[:NOTES]
    if not files:
        for call in [call for call in calls.steady(1) if call.group == "steady, 20 ms"][::EVERY]:
            yield call.notes


@click.command()
@click.argument("files", type=PATH, nargs=-1)
def main(files: tuple[Path, ...]) -> None:
    """Measure what the pulse costs."""
    first, later, grids, on_grid, free = list[float](), list[float](), list[float](), list[float](), list[float]()
    for notes in pieces(files):
        times, heard = following(notes)
        for seconds, note in zip(times, notes, strict=True):
            (first if note.onset < notes[0].onset + FIRST else later).append(seconds)
        now = MonotonicTime(notes[-1].end + 0.35)
        known = heard.heard(now)
        grids.append(least(known.grid))
        if sampled := sampling(heard, now):
            on_grid.append(sampled[0])
            free.append(sampled[1])
    click.echo(f"{'':36}{'count':>7}{'mean':>9}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}  [us]")
    click.echo(row("yardstick", [least(yardstick)]))
    click.echo(row(f"a note, in the first {FIRST:.0f} s", first))
    click.echo(row("a note, later", later))
    click.echo(row("the grid of a response", grids))
    click.echo(row("a step of a response, on a grid", on_grid))
    click.echo(row("a step of a response, free", free))


if __name__ == "__main__":
    module(main, "tools.pulse_cost")
