"""Calls cut from songs whose beats are known: a MIDI file, and beside it its beats in NAME.beats.txt."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livegen.bench.intime.calls import Call
from livegen.data.sets import SETS
from livegen.errors import DataError, unreadable
from livegen.io import notes as reading
from livegen.note import MonotonicTime, SoundedNote
from livegen.stage.grid import Grid

BEATS = ".beats.txt"
TABLES = {"files.csv": "file", "splits.csv": "midi_filename"} | {each.table: "midi_filename" for each in SETS}
"""Tables in the folder or above it with the splits of its files, and their columns of paths."""
BARS = (4, 8)
"""Lengths of calls, in turn."""
CALLS = 4
"""From each song."""
BEFORE = 8.0  # s of beats before the end of a call that give its tempo
STEADY = 0.03  # a song whose beats vary more than this, relative to their length, has no grid to compare with
FEWEST_NOTES = 20
KEPT = 0.75
"""Share of a call's own onsets that must be on its sixteenths. Fewer: its annotated beats are not those it keeps."""
FEWEST_BEATS = 8
SIXTEENTHS = (0.0, 0.25, 0.5, 0.75)


def files(folder: Path, split: str) -> list[Path]:
    """The MIDI files of a split, by name; all of the folder if no table names splits.

    Raises:
        DataError: there are none.
    """
    listed = _listed(folder, split)
    found = sorted(path for pattern in ("*.mid", "*.midi") for path in folder.rglob(pattern))
    chosen = [path for path in found if listed is None or path.resolve() in listed]
    if not chosen:
        raise DataError(f"{folder}: there is no MIDI file{'' if listed is None else f' of the {split} split'}.")
    return chosen


def _listed(folder: Path, split: str) -> set[Path] | None:
    for place in (folder, folder.parent):
        for pattern, column in TABLES.items():
            for path in sorted(place.glob(pattern)):
                with path.open(encoding="utf-8", newline="") as table:
                    return {(place / row[column]).resolve() for row in csv.DictReader(table) if row["split"] == split}
    return None


def has_beats(path: Path) -> bool:
    """Whether the beats of a MIDI file are beside it."""
    return path.with_name(path.stem + BEATS).is_file()


def beats(path: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The beats of a MIDI file in s, and which of them are downbeats.

    Raises:
        DataError: the file of its beats cannot be read.
    """
    source = path.with_name(path.stem + BEATS)
    try:
        rows = [line.split() for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
        return np.array([float(at) for at, _ in rows]), np.array([kind == "downbeat" for _, kind in rows], np.bool_)
    except OSError as error:
        raise unreadable(source, error) from error
    except ValueError:
        raise DataError(f"{source}: each line must be a time in seconds, then beat or downbeat.") from None


def cut(paths: Sequence[Path], seed: int) -> Iterator[Call]:
    """Calls of these files that end at a bar line, at random places of each. A file without beats gives none.

    Args:
        paths: MIDI files.
        seed: of the places.

    Raises:
        DataError: a file cannot be read.
    """
    for path in paths:
        if has_beats(path):
            yield from _of_song(path, np.random.default_rng([seed, sum(path.stem.encode())]))


def _of_song(path: Path, random: np.random.Generator) -> Iterator[Call]:
    notes, (at, down) = reading.read(path), beats(path)
    bars = np.flatnonzero(down)
    cuts = [k for k in range(max(BARS), len(bars) - 1) if unsteadiness(at, float(at[bars[k]])) <= STEADY]
    for turn, k in enumerate(sorted(random.permutation(cuts)[:CALLS].tolist())):
        length = BARS[turn % len(BARS)]
        start, end = float(at[bars[k - length]]), float(at[bars[k]])
        played = [note for note in notes if start - 0.03 <= note.onset < end - 0.03]
        if len(played) >= FEWEST_NOTES:
            before = at[(at > end - BEFORE) & (at <= end)]
            beat = float(np.median(np.diff(before)))
            grid = Grid(end - start + 1.0, beat, SIXTEENTHS, 0.0, int(bars[k] - bars[k - 1]), 1.0)
            call = Call(f"{path.stem}, bar {k + 1}", "songs", _shifted(played, 1.0 - start), grid)
            if call.on_grid >= KEPT:
                yield call


def unsteadiness(beats: NDArray[np.float64], moment: float) -> float:
    """The standard deviation of the beats up to a moment, relative to their length; infinite if they are few."""
    gaps = np.diff(beats[(beats > moment - BEFORE) & (beats <= moment)])
    return float(gaps.std() / np.median(gaps)) if len(gaps) >= FEWEST_BEATS else inf


def _shifted(notes: Sequence[SoundedNote], seconds: float) -> tuple[SoundedNote, ...]:
    return tuple(note._replace(onset=MonotonicTime(note.onset + seconds)) for note in notes)
