"""MIDI files as arrays of notes, and random training sequences (crops) from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livegen import encoding_arrays
from livegen.encoding import ROUNDING
from livegen.errors import DataError
from livegen.note import INSTANT
from livegen.smf.events import Events, read
from livegen.smf.notes import notes

Notes = NDArray[np.float64]
"""Shape (n, 7), as `encoding_arrays.tokens` reads them: pitch, step [s], duration [s], velocity, whether the sustain
pedal is down at the onset, and how long ago [s] it was pressed and lifted; in order of (onset, pitch)."""

COLUMNS = 7
PITCH, STEP, DURATION, VELOCITY, IS_DOWN, PRESSED, LIFTED = range(COLUMNS)
TIMES = (STEP, DURATION, PRESSED, LIFTED)

PIANO_LOW, PIANO_HIGH = 21, 108  # the keys of a piano: transposition stays on them
MAX_VELOCITY = 127
WHOLE = slice(None)
DOUBLED = 0.015
"""s: a key that is struck twice within this is struck once, by two tracks."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of a training sequence, each sampled uniformly, once per sequence."""

    semitones: int = 6  # largest transposition, up or down
    tempo: float = 0.1  # largest |ln| of the factor on all times
    velocity: float = 8.0  # largest change of all velocities, up or down


def read_notes(path: Path, but: str | None = None) -> Notes:
    """All notes of a MIDI file, without drums.

    Args:
        path: of the file.
        but: the name of a track to skip.

    Raises:
        DataError: the file cannot be read as MIDI.
    """
    return notes_of(read(path), but)


def notes_of(events: Events, but: str | None = None) -> Notes:
    """The notes of a MIDI file that has been read: as `read_notes`."""
    found = notes(events, but=but)
    table = np.empty((len(found.onset), COLUMNS))
    table[:, PITCH] = found.pitch
    table[:, STEP] = np.diff(found.onset, prepend=found.onset[:1])
    table[:, DURATION] = found.duration
    table[:, VELOCITY] = found.velocity
    table[:, IS_DOWN], table[:, PRESSED], table[:, LIFTED] = found.pedal, found.pressed, found.lifted
    return table


def one_keyboard(notes: Notes) -> Notes:
    """The notes of several tracks as one keyboard plays them.

    A key that two tracks strike within DOUBLED is struck once: as loudly as the louder, until the later end. A key that
    is struck while it is down goes up first.
    """
    onset = np.cumsum(notes[:, STEP])
    end = onset + notes[:, DURATION]
    order = np.lexsort((onset, notes[:, PITCH]))
    key = notes[order, PITCH]
    again = np.append(False, key[1:] == key[:-1])
    first = ~(again & (np.diff(onset[order], prepend=0.0) <= DOUBLED))
    at = np.flatnonzero(first)
    if not len(at):
        return notes
    last = np.maximum.reduceat(end[order], at)
    following = np.append(np.where(again[at[1:]], onset[order][at[1:]], np.inf), np.inf)
    cut = last > following + ROUNDING
    if first.all() and not cut.any():
        return notes
    kept = notes[order[at]]
    kept[:, VELOCITY] = np.maximum.reduceat(notes[order, VELOCITY], at)
    kept[:, DURATION] = np.maximum(np.where(cut, following, last) - onset[order[at]], INSTANT)
    place = np.argsort(order[at])  # as the first note of each was
    kept = kept[place]
    kept[:, STEP] = np.diff(onset[order[at]][place], prepend=0.0)
    return kept


def runs(pieces: Sequence[Notes], length: int) -> tuple[Notes, NDArray[np.int64]]:
    """The notes of all pieces, concatenated, and each index at which `length` notes of one piece begin.

    Args:
        pieces: shorter ones are skipped.
        length: in notes.

    Raises:
        DataError: no piece is long enough.
    """
    pieces = [notes for notes in pieces if len(notes) >= length]
    if not pieces:
        raise DataError(
            f"no piece has the {length} notes that a training sequence needs. Use longer files, or a smaller --window."
        )
    first = np.cumsum([0] + [len(notes) for notes in pieces[:-1]])
    starts = [offset + np.arange(len(notes) - length + 1) for notes, offset in zip(pieces, first, strict=True)]
    return np.concatenate(pieces), np.concatenate(starts)


def crops(
    pieces: Sequence[Notes],
    *,
    length: int,
    batch: int,
    seed: int,
    augmentation: Augmentation | None,
    start: int = 0,
    share: slice = WHOLE,
) -> Iterator[NDArray[np.int32]]:
    """Random training sequences without end, sampled uniformly over all places in all pieces. None spans two pieces.

    Args:
        pieces: those shorter than a sequence are skipped.
        length: notes of a sequence.
        batch: number of sequences.
        seed: together with the number of a batch it determines that batch.
        augmentation: of each sequence.
        start: the number of the first batch.
        share: the part of each batch to return.

    Yields:
        Tokens, shape (batch or its share, length, 5). The first of each sequence is encoded as the first of a context.

    Raises:
        DataError: no piece is long enough.
    """
    joined, starts = runs(pieces, length)
    span = np.arange(length)
    for number in count(start):
        random = np.random.default_rng([seed, number])
        crop = joined[random.choice(starts, batch)[:, None] + span]
        if augmentation is not None:
            crop = augment(crop, augmentation, random)
        tokens = encoding_arrays.tokens(crop[share])
        encoding_arrays.start(tokens)
        yield tokens


def augment(crop: Notes, augmentation: Augmentation, random: np.random.Generator) -> Notes:
    """Change key, tempo and velocity of each sequence, shape (batch, length, 7).

    A sequence that a transposition would move off the piano stays in its key.
    """
    n = len(crop)
    crop = crop.copy()
    shift = random.integers(-augmentation.semitones, augmentation.semitones + 1, n)
    low, high = crop[..., PITCH].min(axis=1), crop[..., PITCH].max(axis=1)
    shift = np.where((low + shift < PIANO_LOW) | (high + shift > PIANO_HIGH), 0, shift)
    crop[..., PITCH] += shift[:, None]
    tempo = np.exp(random.uniform(-augmentation.tempo, augmentation.tempo, n))
    crop[..., TIMES] *= tempo[:, None, None]
    shade = random.uniform(-augmentation.velocity, augmentation.velocity, n)
    crop[..., VELOCITY] = np.clip(np.rint(crop[..., VELOCITY] + shade[:, None]), 1, MAX_VELOCITY)
    return crop
