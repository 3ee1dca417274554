"""What is in a MIDI file: its tracks, and its notes as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
import symusic
from numpy.typing import NDArray

from livegen.errors import DataError, unreadable
from livegen.note import INSTANT
from livegen.stage.control import DOWN, PEDALS

SUFFIXES = (".mid", ".midi")

Table = NDArray[np.void]
"""Notes as a structured array, in order of (onset, pitch), with the fields of `FIELDS`. pandas.DataFrame takes it."""

FIELDS = np.dtype(
    [
        ("pitch", np.int64),  # 0..127
        ("start", np.float64),  # s from the beginning of the file
        ("end", np.float64),  # s, when the key is let go
        ("step", np.float64),  # s since the onset before; the first note's is 0
        ("duration", np.float64),  # s, of the key, never extended by the pedal
        ("velocity", np.int64),  # 1..127
        ("pedal", np.bool_),  # whether the sustain pedal is down as the note begins
        ("track", np.int64),  # index among the file's tracks
    ]
)


@dataclass(frozen=True, slots=True)
class Track:
    """One track that has notes."""

    name: str  # may be empty
    instrument: str  # as General MIDI names it
    drums: bool
    notes: int
    presses: int  # of the sustain pedal
    held: float  # s, how long the sustain pedal was down


@dataclass(frozen=True, slots=True)
class MidiFile:
    path: Path
    seconds: float  # until its last event
    tracks: tuple[Track, ...]
    notes: Table  # of all tracks but drums: what a model is trained on


def read(path: Path) -> MidiFile:
    """Read a MIDI file.

    Raises:
        DataError: there is no such file, or it cannot be read as MIDI.
    """
    try:
        score = symusic.Score.from_midi(path.read_bytes(), ttype="second")
    except Exception as error:  # symusic raises RuntimeError, ValueError and its own kinds
        raise unreadable(path, error) from error
    seconds = float(score.end())
    pairs = [_track(each, index, seconds) for index, each in enumerate(t for t in score.tracks if len(t.notes))]
    tables = [notes for track, notes in pairs if not track.drums]
    notes = np.concatenate(tables) if tables else np.empty(0, FIELDS)
    notes = notes[np.lexsort((notes["pitch"], notes["start"]))]
    notes["step"][1:] = np.diff(notes["start"])
    return MidiFile(path, seconds, tuple(track for track, _ in pairs), notes)


def _track(track: Any, index: int, seconds: float) -> tuple[Track, Table]:  # noqa: ANN401  (symusic has no types)
    columns = track.notes.numpy()
    notes = np.zeros(len(track.notes), FIELDS)
    notes["pitch"], notes["velocity"], notes["track"] = columns["pitch"], columns["velocity"], index
    notes["start"], notes["duration"] = columns["time"], columns["duration"]
    notes["duration"] = np.maximum(notes["duration"], INSTANT)
    notes["end"] = notes["start"] + notes["duration"]

    controls = track.controls.numpy()
    pedal = controls["number"] == PEDALS["sustain"]
    # The pedal is up before its first event and stays as its last event leaves it.
    times = np.concatenate([[0.0], controls["time"][pedal], [seconds]])
    down = np.concatenate([[False], controls["value"][pedal] >= DOWN])
    notes["pedal"] = down[np.searchsorted(times[1:-1], notes["start"], side="right")]
    presses = int(np.sum(down[1:] & ~down[:-1]))
    held = float(np.diff(times)[down].sum())
    name = "".join(letter for letter in track.name if letter.isprintable())
    instrument = "Drums" if track.is_drum else pretty_midi.program_to_instrument_name(track.program)
    return Track(name, instrument, track.is_drum, len(notes), presses, held), notes


def names(pitches: Iterable[int]) -> list[str]:
    """The notes' names; middle C, MIDI note 60, is C4."""
    return [pretty_midi.note_number_to_name(pitch) for pitch in pitches]


def files(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and in place of a folder all MIDI files below it, sorted.

    Raises:
        DataError: a folder holds no MIDI file.
    """
    found: list[Path] = []
    for path in paths:
        below = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
        if path.is_dir() and not below:
            raise DataError(f"{path}: no MIDI file ({' or '.join(SUFFIXES)}) in this folder.")
        found += below if path.is_dir() else [path]
    return found
