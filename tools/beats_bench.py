"""Measures how the pulse is followed, note by note, against annotated beats and on steady calls made here.

    python -m tools.beats_bench --data DIR [--maestro DIR] [--split validation] [--files N] [--calls N]

Steady calls first: after a call of four bars and 1.5 s of silence, the share of the grid's points over the next 8 s
that are within 30 ms of the call's own, their median error and the mean of the last, share of calls whose beat and
whose swing are right, and the mean certainty. Then annotated performances.

Everything is causal: what is compared with an onset or a beat was said from the onsets before it. The columns:

- beats, downbeats: F-measure, 70 ms to either side, from 5 s after the first onset.
- tempo: share of the onsets at which the period of the beat is right within 4 %; ~tempo: or a half, a third, twice or
  three times it.
- pulse: share of the onsets at which the certainty is above 0.5; sure: median of the seconds until it first is.
- bits: mean over the onsets that begin a chord of log2(certainty * density + 1 - certainty), the density that of
  normal distributions with the grid's spread about its points, 1 on average: what the grid tells of an onset. Below 0
  where it does harm.
- us: microseconds of one core per note: mean, median, 99th percentile, longest.
"""

from __future__ import annotations

import csv
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp, inf, log2, pi, sqrt
from pathlib import Path
from statistics import fmean, median

import click

from livegen.cli.runner import PATH, module
from livegen.errors import DataError
from livegen.library import read_notes
from livegen.note import MonotonicTime, SoundedNote
from livegen.stage.grid import Grid
from livegen.stage.pulse import Pulse
from livegen.stage.pulse.accents import TOGETHER
from livegen.stage.pulse.follower import PAUSE
from tools import beats_steady

TOLERANCE = 0.07  # s, of the F-measure
SKIPPED = 5.0  # s, at the start
RIGHT = 0.04  # of a tempo
RUNS, TIMED = 3, 300  # for the time per note: runs, and notes of each piece
COLUMNS = ("beats", "downbeats", "tempo", "~tempo", "pulse", "bits")
LEVELS = (1.0, 0.5, 2.0, 1 / 3, 3.0)


@dataclass(frozen=True, slots=True)
class Piece:
    """The notes of a performance, and its beats if they are known."""

    name: str
    notes: Sequence[SoundedNote]  # by onset
    beats: Sequence[float] = ()  # s
    downbeats: Sequence[float] = ()  # s


@dataclass
class Followed:
    """What the follower said of a piece."""

    beats: list[float] = field(default_factory=list)
    downbeats: list[float] = field(default_factory=list)
    grids: list[tuple[float, Grid | None]] = field(default_factory=list)  # before each chord, with its onset


def follow(notes: Sequence[SoundedNote], pulse: Pulse) -> Followed:
    """Play a piece to the follower, and ask for the grid before each chord, without the longer look in a pause."""
    said = Followed()
    chord, last, asked = -1.0, -1.0, notes[0].onset - 1.0
    for note in notes:
        if note.onset - chord > TOGETHER:
            chord = note.onset
            grid = pulse.grid(MonotonicTime(min(chord - 1e-6, asked + PAUSE)))
            said.grids.append((chord, grid))
            if grid is not None:
                beat = grid.origin + ((asked - 0.05 - grid.origin) // grid.beat) * grid.beat
                while beat <= chord + 0.03:
                    if beat > asked - 0.05 and beat > last + 0.6 * grid.beat:
                        said.beats.append(beat)
                        if grid.bar and round((beat - grid.origin) / grid.beat) % grid.bar == 0:
                            said.downbeats.append(beat)
                        last = beat
                    beat += grid.beat
            asked = chord
        pulse.onset(note.onset, note.pitch, note.velocity)
    return said


def cost(notes: Sequence[SoundedNote], build: Callable[[], Pulse]) -> list[float]:
    """Seconds of processor time that each note takes, the least of RUNS, for other work disturbs caches and clocks."""
    times = [inf] * len(notes)
    for _ in range(RUNS):
        pulse = build()
        for n, note in enumerate(notes):
            begin = time.thread_time()
            pulse.onset(note.onset, note.pitch, note.velocity)
            times[n] = min(times[n], time.thread_time() - begin)
    return times


def f_measure(said: Sequence[float], true: Sequence[float], start: float) -> float:
    """Share of what was said that is true and the other way round, their harmonic mean; each counts once."""
    said, true = [t for t in said if t >= start], [t for t in true if t >= start]
    hits, free = 0, 0
    for t in said:
        while free < len(true) and true[free] < t - TOLERANCE:
            free += 1
        if free < len(true) and true[free] <= t + TOLERANCE:
            hits, free = hits + 1, free + 1
    return 2 * hits / (len(said) + len(true)) if said or true else 1.0


def density(grid: Grid, at: float) -> float:
    """How dense onsets are expected at a time, relative to an even density."""
    phase, width = (at - grid.origin) / grid.beat % 1, grid.spread / grid.beat
    errors = [(phase - point + 0.5) % 1 - 0.5 for point in grid.points]
    return sum(exp(-0.5 * (error / width) ** 2) for error in errors) / (len(errors) * width * sqrt(2 * pi))


def bits(grid: Grid | None, at: float) -> float:
    """What the grid told of an onset."""
    return 0.0 if grid is None else log2(max(1e-9, grid.certainty * density(grid, at) + 1 - grid.certainty))


def tempo_right(grid: Grid, at: float, beats: Sequence[float], levels: Iterable[float]) -> bool | None:
    """Whether the period is right; None: no beats are annotated here."""
    place = bisect_left(beats, at)
    near = beats[max(0, place - 4) : place + 2]
    if len(near) < 3 or not near[0] <= at <= near[-1] + 2:
        return None
    true = median(b - a for a, b in pairwise(near))
    return any(abs(grid.beat * level / true - 1) < RIGHT for level in levels)


def report(name: str, pieces: Sequence[Piece], build: Callable[[], Pulse]) -> str:
    """One row of the table."""
    rows: dict[str, list[float]] = {}

    def add(column: str, value: float | None) -> None:
        if value is not None:
            rows.setdefault(column, []).append(value)

    times: list[float] = []
    for piece in pieces:
        said = follow(piece.notes, build())
        times += cost(piece.notes[:TIMED], build)
        start = piece.notes[0].onset
        if piece.beats:
            end = piece.beats[-1] + 1
            early = max(start + SKIPPED, piece.beats[0] - 0.1)
            add("beats", f_measure([t for t in said.beats if t < end], piece.beats, early))
            add("downbeats", f_measure([t for t in said.downbeats if t < end], piece.downbeats, early))
            for column, levels in (("tempo", LEVELS[:1]), ("~tempo", LEVELS)):
                right = [
                    False if grid is None else tempo_right(grid, at, piece.beats, levels)
                    for at, grid in said.grids
                    if at > early
                ]
                known = [float(value) for value in right if value is not None]
                add(column, fmean(known) if known else None)
        add("pulse", fmean(float(grid is not None and grid.certainty > 0.5) for _, grid in said.grids))
        sure = [at - start for at, grid in said.grids if grid is not None and grid.certainty > 0.5]
        add("sure", sure[0] if sure else 999.0)
        add("bits", fmean(bits(grid, at) for at, grid in said.grids[1:]) if len(said.grids) > 1 else None)
    times.sort()
    cells = [f"{name:20}"]
    cells += [f"{column} {fmean(rows[column]):.3f}" if column in rows else f"{column}   -  " for column in COLUMNS]
    cells.append(f"worst bits {min(rows['bits']):.3f}")
    cells.append(f"sure {median(rows['sure']):.1f} s")
    cells.append(f"us {fmean(times) * 1e6:.0f} p50 {times[len(times) // 2] * 1e6:.0f}")
    cells.append(f"p99 {times[len(times) * 99 // 100] * 1e6:.0f} max {times[-1] * 1e6:.0f}")
    return "  ".join(cells)


def beats_of(path: Path) -> tuple[list[float], list[float]]:
    """The annotated beats and downbeats, in seconds."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [float(row[0]) for row in rows], [float(row[0]) for row in rows if row[1] == "downbeat"]


def piece_of(midi: Path, beats: Path) -> Piece:
    """A performance with its annotation, if there is one."""
    notes = read_notes(midi)
    return Piece(midi.stem, notes, *beats_of(beats)) if beats.exists() else Piece(midi.stem, notes)


def sample(files: Sequence[Path], count: int) -> list[Path]:
    """At most `count` of the files, evenly spread."""
    step = max(1.0, len(files) / count)
    return [files[int(n * step)] for n in range(min(count, len(files)))]


def annotated(folder: Path, split: str, kind: str, count: int) -> list[Piece]:
    """The pieces of a kind in files.csv."""
    with (folder / "files.csv").open(encoding="utf-8") as table:
        files = [folder / row["file"] for row in csv.DictReader(table) if row["split"] == split and kind in row["kind"]]
    return [piece_of(path, path.with_suffix(".beats.txt")) for path in sample(sorted(files), count)]


def maestro(folder: Path, beats: Path, split: str, count: int, *, known: bool) -> list[Piece]:
    """The pieces of MAESTRO; `known`: only those with annotated beats."""
    table = next(iter(folder.glob("maestro-*.csv")), None)
    if table is None:
        raise DataError(f"{folder}: no table of MAESTRO. Give its folder with --maestro.")
    found = []
    with table.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            name = Path(row["midi_filename"])
            annotation = beats / name.with_suffix(".beats.txt")
            if row["split"] == split and (annotation.exists() or not known):
                found.append((folder / name, annotation))
    chosen = sample([midi for midi, _ in found], count)
    notes = dict(found)
    return [piece_of(midi, notes[midi]) for midi in chosen]


@click.command()
@click.option("--data", type=PATH, required=True, help="Folder with files.csv, MIDI files and *.beats.txt beside them.")
@click.option("--maestro", "maestro_folder", type=PATH, help="Folder of MAESTRO.")
@click.option("--split", default="validation", show_default=True)
@click.option("--calls", default=1, show_default=True, help="Steady calls of each kind.")
@click.option("--files", default=1000, show_default=True, help="At most so many of each kind.")
def main(data: Path, maestro_folder: Path | None, split: str, calls: int, files: int) -> None:
    """Measure how the pulse is followed."""
    for jitter in (0.008, 0.02):
        for row in beats_steady.table(jitter, calls):
            click.echo(row)
    click.echo(report("POP909", annotated(data, split, "pop909", files), Pulse))
    if split == "train":
        click.echo(report("ASAP", annotated(data, split, "asap", files), Pulse))
    if maestro_folder is not None:
        beats = data / "maestro-beats"
        click.echo(report("MAESTRO with beats", maestro(maestro_folder, beats, split, files, known=True), Pulse))
        click.echo(report("MAESTRO", maestro(maestro_folder, beats, split, files, known=False), Pulse))


if __name__ == "__main__":
    module(main, "tools.beats_bench")
