"""MIDI files as arrays of notes, and crops of them as batches."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import symusic
from numpy.typing import NDArray

from livegen import features
from livegen.errors import DataError

Notes = NDArray[np.float64]
"""Shape (n, 4): step [s], pitch, velocity, duration [s], in order of (onset, pitch)."""

PIANO_LOW, PIANO_HIGH = 21, 108  # the keys of a piano: transposition stays on them
MAX_VELOCITY = 127
HELD_OUT_EVERY = 32  # one training piece in 32 is held out to choose by; validation is opened only to report


@dataclass(frozen=True, slots=True)
class Piece:
    """One file: its name below the data folder, its notes, and the hash of its bytes."""

    name: str
    notes: Notes
    sha256: str


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of a crop that leave it music. Each is drawn uniformly, once a crop."""

    semitones: int = 2  # transposition by up to this many, either way
    tempo: float = 0.05  # ln of the factor on all times, either way
    velocity: float = 4.0  # added to all velocities, either way


def read_notes(path: Path) -> Notes:
    """All notes of a MIDI file, drums left out.

    Raises:
        DataError: the file cannot be read as MIDI.
    """
    try:
        score = symusic.Score(str(path), ttype="second")
    except Exception as error:  # symusic raises RuntimeError, ValueError and its own kinds
        raise DataError(f"{path}: not a MIDI file that can be read ({error})") from error
    columns = [track.notes.numpy() for track in score.tracks if not track.is_drum and len(track.notes)]
    if not columns:
        return np.empty((0, 4))
    onset, duration, pitch, velocity = (
        np.concatenate([c[key] for c in columns]).astype(np.float64)
        for key in ("time", "duration", "pitch", "velocity")
    )
    order = np.lexsort((pitch, onset))
    steps = np.diff(onset[order], prepend=onset[order][0])
    notes = np.stack([steps, pitch[order], velocity[order], np.maximum(duration[order], 1e-3)], axis=-1)
    return notes[notes[:, 2] > 0]


def maestro_split(folder: Path, split: str) -> list[Piece]:
    """The pieces of one official split of MAESTRO, in the order of its csv.

    Raises:
        DataError: the folder holds no MAESTRO csv, or a file of the split is missing.
    """
    tables = sorted(folder.glob("maestro-v*.csv"))
    if not tables:
        raise DataError(f"{folder}: no maestro-v*.csv in it; is it the unpacked folder of MAESTRO?")
    with tables[0].open(newline="", encoding="utf-8") as table:
        names = [row["midi_filename"] for row in csv.DictReader(table) if row["split"] == split]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{folder}: {len(missing)} files of the {split} split are missing, first {missing[0]}")

    def read(name: str) -> Piece:
        path = folder / name
        return Piece(name, read_notes(path), hashlib.sha256(path.read_bytes()).hexdigest())

    with ThreadPoolExecutor() as pool:  # symusic parses outside the GIL
        return list(pool.map(read, names))


def hold_out(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Split training pieces into those trained on and those chosen by, by the hash of their names."""
    kept: list[Piece] = []
    held: list[Piece] = []
    for piece in pieces:
        digest = int(hashlib.sha256(piece.name.encode()).hexdigest()[:8], 16)
        (held if digest % HELD_OUT_EVERY == 0 else kept).append(piece)
    return kept, held


def crops(
    pieces: Sequence[Piece], *, length: int, batch: int, seed: int, augmentation: Augmentation | None
) -> Iterator[NDArray[np.int32]]:
    """Random crops without end, drawn uniformly over all places in all pieces.

    Yields:
        Tokens, shape (batch, length, 4); the first note of each crop has the step START.
    """
    pieces = [piece for piece in pieces if len(piece.notes) >= length]
    if not pieces:
        raise DataError(f"no piece has the {length} notes that a crop needs")
    notes = np.concatenate([piece.notes for piece in pieces])
    starts = np.concatenate(
        [
            offset + np.arange(len(piece.notes) - length + 1)
            for piece, offset in zip(pieces, np.cumsum([0] + [len(p.notes) for p in pieces[:-1]]), strict=True)
        ]
    )
    random = np.random.default_rng(seed)
    span = np.arange(length)
    while True:
        crop = notes[random.choice(starts, batch)[:, None] + span]
        if augmentation is not None:
            crop = augment(crop, augmentation, random)
        tokens = features.tokens(crop)
        tokens[:, 0, 0] = features.START
        yield tokens


def augment(crop: Notes, augmentation: Augmentation, random: np.random.Generator) -> Notes:
    """Transpose, stretch and shade each crop, shape (batch, length, 4). At the edge of the piano pitch stays."""
    n = len(crop)
    crop = crop.copy()
    shift = random.integers(-augmentation.semitones, augmentation.semitones + 1, n)
    low, high = crop[..., 1].min(axis=1), crop[..., 1].max(axis=1)
    shift = np.where((low + shift < PIANO_LOW) | (high + shift > PIANO_HIGH), 0, shift)
    crop[..., 1] += shift[:, None]
    tempo = np.exp(random.uniform(-augmentation.tempo, augmentation.tempo, n))
    crop[..., 0] *= tempo[:, None]
    crop[..., 3] *= tempo[:, None]
    shade = random.uniform(-augmentation.velocity, augmentation.velocity, n)
    crop[..., 2] = np.clip(np.rint(crop[..., 2] + shade[:, None]), 1, MAX_VELOCITY)
    return crop
