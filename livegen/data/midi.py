"""Reads a MIDI file: its tracks, and its notes as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
from numpy.typing import NDArray

from livegen.errors import DataError
from livegen.smf import SUFFIXES
from livegen.smf.events import Events
from livegen.smf.events import read as read_events
from livegen.smf.notes import CHANNELS, Notes, notes, sustain_pedal
from livegen.smf.track import PROGRAM
from livegen.stage.pairing import DRUMS

Integers = NDArray[np.integer[Any]]
Table = NDArray[np.void]
"""Notes as a structured array with the fields `FIELDS`, by (onset, pitch). pandas.DataFrame accepts it."""

FIELDS = np.dtype(
    [
        ("pitch", np.int64),  # 0..127
        ("start", np.float64),  # s from the beginning of the file
        ("end", np.float64),  # s, when the key is released
        ("step", np.float64),  # s since the previous onset; 0 for the first note
        ("duration", np.float64),  # s, until the key is released, without the pedal
        ("velocity", np.int64),  # 1..127
        ("pedal", np.bool_),  # whether the sustain pedal is down at the onset, on any track
        ("track", np.int64),  # index among the file's tracks
    ]
)


@dataclass(frozen=True, slots=True)
class Track:
    """The notes of one channel on one track of the file."""

    name: str  # may be empty
    instrument: str  # its General MIDI name, at the first note
    drums: bool
    notes: int
    presses: int  # number of times that the sustain pedal was pressed
    held: float  # s, how long the sustain pedal was down


@dataclass(frozen=True, slots=True)
class MidiFile:
    path: Path
    seconds: float  # until its last event
    tracks: tuple[Track, ...]
    notes: Table  # of all tracks except drums, as in training
    dropped: tuple[str, ...] = ()  # what could not be read, each as a sentence without a full stop

    @property
    def losses(self) -> list[str]:
        """What could not be read, with the name of the file."""
        return [f"{self.path}: {lost}." for lost in self.dropped]


def read(path: Path) -> MidiFile:
    """Read a MIDI file.

    Raises:
        DataError: there is no such file, or it cannot be read as MIDI.
    """
    events = read_events(path)
    found = notes(events, drums=True)
    part = _part(found.track, found.channel)
    parts = np.unique(part)
    tracks = _tracks(events, found, parts)
    kept = found.channel != DRUMS
    table = np.zeros(int(kept.sum()), FIELDS)
    table["pitch"], table["velocity"], table["pedal"] = found.pitch[kept], found.velocity[kept], found.pedal[kept]
    table["start"], table["duration"] = found.onset[kept], found.duration[kept]
    table["end"] = table["start"] + table["duration"]
    table["step"][1:] = np.diff(table["start"])
    table["track"] = np.searchsorted(parts, part[kept])
    return MidiFile(path, events.end, tracks, table, events.dropped)


def _part(track: Integers, channel: Integers) -> NDArray[np.int64]:
    return track.astype(np.int64) * CHANNELS + channel


def _tracks(events: Events, found: Notes, parts: NDArray[np.int64]) -> tuple[Track, ...]:
    part = _part(events.track, events.status & 0x0F)
    kind = events.status & 0xF0
    programs = _of_parts(parts, part, np.flatnonzero(kind == PROGRAM))
    moves, pressed = sustain_pedal(events)
    pedals = _of_parts(parts, part, np.flatnonzero(moves))
    of_notes = _part(found.track, found.channel)
    order = np.argsort(of_notes, kind="stable")
    counts = np.bincount(np.searchsorted(parts, of_notes), minlength=len(parts))
    firsts = found.onset[order[np.cumsum(counts) - counts]]
    tracks = []
    for index, (each, count, first) in enumerate(zip(parts.tolist(), counts.tolist(), firsts.tolist(), strict=True)):
        drums = each % CHANNELS == DRUMS
        chosen = programs[index][events.seconds[programs[index]] <= first]
        program = int(events.data1[chosen[-1]]) if len(chosen) else 0
        instrument = "Drums" if drums else pretty_midi.program_to_instrument_name(program)
        presses, held = _pedal(events, pedals[index], pressed[pedals[index]])
        tracks.append(Track(events.names[each // CHANNELS], instrument, drums, count, presses, held))
    return tuple(tracks)


def _of_parts(parts: NDArray[np.int64], part: NDArray[np.int64], rows: Integers) -> list[Integers]:
    """The rows of each part."""
    rows = rows[np.argsort(part[rows], kind="stable")]
    edges = np.searchsorted(part[rows], parts), np.searchsorted(part[rows], parts, side="right")
    return [rows[first:last] for first, last in zip(*edges, strict=True)]


def _pedal(events: Events, rows: Integers, down: NDArray[np.bool_]) -> tuple[int, float]:
    """How often the sustain pedal is pressed, and how long [s] it is down. Before its first event it is up."""
    times = np.concatenate([[0.0], events.seconds[rows], [events.end]])
    down = np.concatenate([[False], down])
    return int(np.sum(down[1:] & ~down[:-1])), float(np.diff(times)[down].sum())


def names(pitches: Iterable[int]) -> list[str]:
    """The names of notes; MIDI note 60, middle C, is C4."""
    return [pretty_midi.note_number_to_name(pitch) for pitch in pitches]


def files(paths: Iterable[Path]) -> list[Path]:
    """Replace each folder by all MIDI files in it, sorted.

    Raises:
        DataError: a folder has no MIDI files.
    """
    found: list[Path] = []
    for path in paths:
        below = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
        if path.is_dir() and not below:
            raise DataError(f"{path}: no MIDI files ({', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}) in this folder.")
        found += below if path.is_dir() else [path]
    return found
