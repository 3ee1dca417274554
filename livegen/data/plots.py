"""Plots of piano rolls and of the distributions of note values. This does not change the state of pyplot."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

from livegen.data import midi
from livegen.data.midi import MidiFile, Table, names
from livegen.errors import DataError
from livegen.files import drafted, unwritable

BLUE, ORANGE = "#3b6ea5", "#d9822b"
OTHERS = ("#5b8c5a", "#8e6c8a", "#777777")
IN_TWO_ROWS = 4  # from this number of panels
COLOURS = {"call": BLUE, "response": ORANGE}  # of the tracks that livegen writes
BINS = 20
OUTLIERS = 2.5  # percent of the notes: the longest steps and durations are not shown
UNITS = {"pitch": "MIDI number", "step": "s", "duration": "s", "velocity": "1..127"}


@dataclass(frozen=True, slots=True)
class NoteSet:
    """The notes of one or more files, with a label."""

    label: str
    notes: Table
    skipped: tuple[str, ...] = ()  # the reason, for each file that cannot be read
    dropped: tuple[str, ...] = ()  # what is lost of the other files


def note_set(paths: Sequence[Path]) -> NoteSet:
    """The notes of MIDI files, and of all MIDI files in folders.

    Raises:
        DataError: a file in `paths` cannot be read, or none of the files in the folders.
    """

    def attempt(path: Path) -> MidiFile | DataError:
        try:
            return midi.read(path)
        except DataError as error:
            if path in paths:
                raise
            return error

    found = midi.files(paths)
    with ThreadPoolExecutor() as pool:  # numpy releases the GIL
        read = list(pool.map(attempt, found))
    files = [each for each in read if not isinstance(each, DataError)]
    skipped = tuple(str(each) for each in read if isinstance(each, DataError))
    dropped = tuple(lost for each in files for lost in each.losses)
    if not files:
        raise DataError(f"none of the {len(found)} MIDI files can be read. {skipped[0]}")
    label = paths[0].resolve().name if len(paths) == 1 else f"{len(files)} files"
    return NoteSet(label, np.concatenate([each.notes for each in files]), skipped, dropped)


def roll(files: Sequence[MidiFile], count: int | None = None) -> Figure:
    """Piano rolls side by side, with the same pitch axis. Four or more are in two rows. Louder notes are darker.

    Args:
        files: one or more.
        count: show only the first notes of each file; by default all.

    Raises:
        DataError: a file has no notes.
    """
    rows = 1 if len(files) < IN_TWO_ROWS else 2
    columns = -(-len(files) // rows)
    figure = Figure(figsize=(10 if columns == 1 else 7 * columns, 3.6 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    panels, rest = np.split(grid.ravel(), [len(files)])
    for axes in rest:
        axes.set_visible(False)
    for axes, file in zip(panels, files, strict=True):
        if not len(file.notes):
            raise DataError(f"{file.path}: the file has no notes.")
        _roll(axes, file, file.notes[:count])
    for axes in grid[:, 0]:
        axes.set_ylabel("Pitch")
    panels[0].yaxis.set_major_locator(MultipleLocator(12))
    panels[0].yaxis.set_major_formatter(FuncFormatter(lambda pitch, _: names([round(pitch)])[0]))
    return figure


def _roll(axes: Axes, file: MidiFile, notes: Table) -> None:
    part = "" if len(notes) == len(file.notes) else f": the first {len(notes)} notes"
    axes.set_title(_short(file.path.stem) + part, loc="left")
    tracks, places = np.unique(notes["track"], return_inverse=True)
    labels = [file.tracks[track].name or f"track {track}" for track in tracks]
    rest = iter((BLUE, ORANGE, *OTHERS))
    colours = [COLOURS.get(label) or next(rest, OTHERS[-1]) for label in labels]
    if len(tracks) > 1:
        counts = np.bincount(places)
        keys = [
            Patch(color=c, label=f"{label}: {n} notes") for c, label, n in zip(colours, labels, counts, strict=True)
        ]
        axes.legend(handles=keys, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False)
    faces = np.array([to_rgba(colour) for colour in colours])[places]
    faces[:, 3] = 0.25 + notes["velocity"] / 170  # 127 is opaque
    # The edge keeps notes visible that are narrower than a pixel.
    boxes = list(_boxes(notes))
    axes.add_collection(PolyCollection(boxes, facecolors=faces, edgecolors=faces, linewidths=0.5, snap=False))
    axes.set_xlabel("Time [s]")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.01)
    axes.autoscale_view()


def _boxes(notes: Table) -> NDArray[np.float64]:
    """The corners of the notes, shape (n, 4, 2): time [s], pitch."""
    left, right, low, high = notes["start"], notes["end"], notes["pitch"] - 0.45, notes["pitch"] + 0.45
    return np.stack([left, low, right, low, right, high, left, high], axis=-1).reshape(-1, 4, 2)


def distributions(sets: Sequence[NoteSet]) -> Figure:
    """The distributions of pitch, step, duration and velocity. Up to five sets have different colours.

    Raises:
        DataError: a set has no notes.
    """
    for each in sets:
        if not len(each.notes):
            raise DataError(f"{each.label}: there are no notes.")
    figure = Figure(figsize=(14, 3.6), layout="constrained")
    panels = figure.subplots(1, len(UNITS))
    colours = list(islice(cycle((BLUE, ORANGE, *OTHERS)), len(sets)))
    for axes, (field, unit) in zip(panels, UNITS.items(), strict=True):
        edges = _edges(np.concatenate([each.notes[field] for each in sets]))
        for each, colour in zip(sets, colours, strict=True):
            counts, _ = np.histogram(each.notes[field], edges)
            shares = 100 * counts / len(each.notes)
            axes.stairs(shares, edges, fill=True, color=colour, alpha=0.35 if len(sets) > 1 else 0.8)
            axes.stairs(shares, edges, color=colour, linewidth=1.5)
        axes.set(xlabel=f"{field.capitalize()} [{unit}]")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("Notes [%]")
    labels = [f"{_short(each.label)}: {len(each.notes):,} notes" for each in sets]
    keys = [Patch(color=colour, label=label) for colour, label in zip(colours, labels, strict=True)]
    figure.legend(handles=keys, loc="outside upper left", ncols=len(sets), frameon=False)
    return figure


def _edges(values: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    """The edges of the bins. Bins of integers have equal widths; for times the longest values are left out."""
    if np.issubdtype(values.dtype, np.integer):
        low, high = int(values.min()), int(values.max())
        width = -(-(high - low + 1) // BINS)
        return np.arange(low, high + width + 1, width, dtype=np.float64) - 0.5
    longest = float(np.percentile(values, 100 - OUTLIERS))
    return np.linspace(0, longest or 1.0, BINS + 1)


def _short(name: str) -> str:
    """Shorten a name to 41 letters. The names in MAESTRO are long, and differ at the end."""
    return name if len(name) <= 40 else f"{name[:20]}…{name[-20:]}"


def save(figure: Figure, picture: Path) -> None:
    """Write a figure as PNG or SVG, as the name of the picture ends.

    Raises:
        ConfigError: the picture cannot be written. An existing file is kept.
        StorageError: the disk is full.
    """
    try:
        with drafted(picture) as draft:
            figure.savefig(draft, dpi=110)
    except OSError as error:
        raise unwritable(picture, error) from error
