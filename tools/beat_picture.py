"""Plots a call and its response over the beats of the call.

    python -m tools.beat_picture JAM.mid -o PICTURE.png [--call N]

A file that livegen wrote. The beats are those that livegen hears in the call, and continues in the response.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import click
import numpy as np

from livegen.cli.runner import PATH, module, picture_out
from livegen.config.settings import DEFAULTS
from livegen.data import midi, plots
from livegen.errors import DataError
from livegen.live.daemon import stage_settings
from livegen.note import MonotonicTime, Struck
from livegen.stage.grid import Grid
from livegen.stage.intime import InTime

SILENCE = 0.4  # s after the last onset of the call, when the grid is fitted
MARGIN = 0.3  # s
BEAT, POINT = "#999999", "#dddddd"


def turns(file: midi.MidiFile) -> list[tuple[bool, int, int]]:
    """For each turn: whether it is a call, and its first note and the one after its last."""
    called = np.array([track.name == "call" for track in file.tracks])[file.notes["track"]]
    edges = [0, *(np.flatnonzero(np.diff(called)) + 1).tolist(), len(called)]
    return [(bool(called[first]), first, end) for first, end in pairwise(edges)]


def heard(notes: midi.Table) -> Grid | None:
    """The pulse of these notes."""
    time = InTime(stage_settings(DEFAULTS))
    for note in notes:
        time.hear(Struck(int(note["pitch"]), MonotonicTime(float(note["start"])), int(note["velocity"])))
    return time.grid(MonotonicTime(float(notes["start"][-1]) + SILENCE))


@click.command()
@click.argument("file", type=PATH)
@picture_out
@click.option("--call", "number", default=1, show_default=True, help="Which call.")
def main(file: Path, out: Path, number: int) -> None:
    """Plot a call and its response over the beats of the call."""
    read = midi.read(file)
    calls = [turn for turn in pairwise(turns(read)) if turn[0][0]]
    if not 1 <= number <= len(calls):
        raise DataError(f"{file}: it has {len(calls)} calls with a response. Give one of them with --call.")
    (_, first, middle), (_, _, end) = calls[number - 1]
    grid = heard(read.notes[:middle])
    if grid is None:
        raise DataError(f"{file}: call {number} has no pulse. Give another call with --call.")
    figure = plots.roll([read])
    axes = figure.axes[0]
    shown = read.notes[first:end]
    start, stop = float(shown["start"][0]) - MARGIN, float(shown["end"].max()) + MARGIN
    for beat in np.arange(grid.beat_from(start), stop, grid.beat):
        axes.axvline(beat, color=BEAT, linewidth=0.8, zorder=0)
        for point in grid.points[1:]:
            axes.axvline(beat + point * grid.beat, color=POINT, linewidth=0.6, zorder=0)
    axes.set_xlim(start, stop)
    axes.set_ylim(int(shown["pitch"].min()) - 2, int(shown["pitch"].max()) + 2)
    axes.set_title(f"{file.stem}: {grid.tempo:.0f} beats per minute", loc="left")
    plots.save(figure, out)
    click.echo(f"Wrote {out}.")


if __name__ == "__main__":
    module(main, "tools.beat_picture")
