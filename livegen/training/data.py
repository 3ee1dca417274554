"""MIDI files as arrays of notes, and crops of them as batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

from livegen import encoding
from livegen.encoding import PITCHES
from livegen.errors import DataError, unreadable
from livegen.note import INSTANT
from livegen.stage.control import DOWN, PEDALS

Notes = NDArray[np.float64]
"""Shape (n, 7), as `encoding.tokens` reads them: pitch, step [s], duration [s], velocity, whether the sustain pedal is
down at the onset, and how long ago [s] it was pressed and lifted; in order of (onset, pitch)."""

Integers = NDArray[np.integer[Any]]
Seconds = NDArray[np.float64]

COLUMNS = 7
PITCH, STEP, DURATION, VELOCITY, IS_DOWN, PRESSED, LIFTED = range(COLUMNS)
TIMES = (STEP, DURATION, PRESSED, LIFTED)

PIANO_LOW, PIANO_HIGH = 21, 108  # the keys of a piano: transposition stays on them
MAX_VELOCITY = 127
WHOLE = slice(None)
DEFAULT_TEMPO = 500_000  # µs a quarter note, where a file says nothing


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of a crop that leave it music. Each is drawn uniformly, once a crop."""

    semitones: int = 6  # transposition by up to this many, either way
    tempo: float = 0.1  # ln of the factor on all times, either way
    velocity: float = 8.0  # added to all velocities, either way


def read_notes(path: Path, but: str | None = None) -> Notes:
    """All notes of a MIDI file, drums left out.

    Args:
        path: of the file.
        but: the name of a track that is left out too.

    Raises:
        DataError: the file cannot be read as MIDI.
    """
    try:
        score = symusic.Score.from_midi(path.read_bytes(), ttype="tick")
    except Exception as error:  # symusic raises RuntimeError, ValueError and its own kinds
        raise unreadable(path, error) from error
    tracks = [track for track in score.tracks if not track.is_drum and len(track.notes) and track.name != but]
    if not tracks:
        return np.empty((0, COLUMNS))
    time, length, pitch, velocity = _columns([track.notes for track in tracks], "time", "duration", "pitch", "velocity")
    seconds = _clock(score)
    order = np.argsort(time.astype(np.int64) * PITCHES + pitch, kind="stable")
    order = order[velocity[order] > 0]
    time = time[order]
    onset = seconds(time)
    notes = np.empty((len(order), COLUMNS))
    notes[:, PITCH] = pitch[order]
    notes[:, STEP] = np.diff(onset, prepend=onset[:1])
    notes[:, DURATION] = np.maximum(seconds(time + length[order]) - onset, INSTANT)
    notes[:, VELOCITY] = velocity[order]
    controls = _columns([track.controls for track in tracks], "time", "number", "value")
    notes[:, IS_DOWN], notes[:, PRESSED], notes[:, LIFTED] = _pedal(onset, *_moves(*controls), seconds)
    return notes


def _columns(parts: Sequence[Any], *keys: str) -> list[Integers]:
    """Fields of what symusic holds in several tracks, one after the other."""
    arrays = [part.numpy() for part in parts]
    return [np.concatenate([array[key] for array in arrays]) for key in keys]


def _clock(score: Any) -> Callable[[Integers], Seconds]:  # noqa: ANN401  (symusic has no types)
    """Seconds of ticks. symusic's own are of float32, and scatter about the cells' edges what lies on one."""
    tick, tempo = _columns([score.tempos], "time", "mspq")
    tick, tempo = np.append(0, tick), np.append(DEFAULT_TEMPO, tempo)
    rate = tempo / (1e6 * score.ticks_per_quarter)  # s a tick
    if not tick.any():  # the tempo stays, and where several are set at once, the last
        return lambda ticks: ticks * rate[-1]
    passed = np.append(0.0, np.cumsum(np.diff(tick) * rate[:-1]))

    def seconds(ticks: Integers) -> Seconds:
        last = np.searchsorted(tick, ticks, side="right") - 1
        since: Seconds = passed[last] + (ticks - tick[last]) * rate[last]
        return since

    return seconds


def _moves(time: Integers, number: Integers, value: Integers) -> tuple[Integers, NDArray[np.bool_]]:
    """When the sustain pedal moved, in ticks, and whether down or up."""
    sustain = number == PEDALS["sustain"]
    at, down = time[sustain], value[sustain] >= DOWN
    order = np.argsort(at, kind="stable")
    at, down = at[order], down[order]
    moved = np.diff(down, prepend=False)  # it is up before the first message
    return at[moved], down[moved]


def _pedal(
    onset: Seconds, at: Integers, down: NDArray[np.bool_], seconds: Callable[[Integers], Seconds]
) -> tuple[NDArray[np.bool_], Seconds, Seconds]:
    """Whether the sustain pedal is down at each onset, and how long ago it was pressed and lifted."""

    def ago(moves: Integers) -> Seconds:
        times = seconds(moves)
        last: Seconds = np.append(-np.inf, times)[np.searchsorted(times, onset, side="right")]
        return onset - last

    pressed, lifted = ago(at[down]), ago(at[~down])
    return pressed < lifted, pressed, lifted


def runs(pieces: Sequence[Notes], length: int) -> tuple[Notes, NDArray[np.int64]]:
    """The notes of all pieces in a row, and each place in it where `length` notes of one piece begin.

    Args:
        pieces: those shorter than that are left out.
        length: notes.

    Raises:
        DataError: no piece is long enough.
    """
    pieces = [notes for notes in pieces if len(notes) >= length]
    if not pieces:
        raise DataError(
            f"no piece has the {length} notes in a row that are needed. Take longer files, or a smaller --window."
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
    """Random crops without end, drawn uniformly over all places in all pieces: never across two of them.

    Args:
        pieces: those shorter than a crop are left out.
        length: notes of a crop.
        batch: crops.
        seed: with the number of the batch it decides the draws.
        augmentation: of each crop.
        start: the number of the first batch.
        share: of each batch, what is wanted.

    Yields:
        Tokens, shape (batch or its share, length, 5); the first of each crop as the first of a context.

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
        tokens = encoding.tokens(crop[share])
        encoding.start(tokens)
        yield tokens


def augment(crop: Notes, augmentation: Augmentation, random: np.random.Generator) -> Notes:
    """Transpose, stretch and shade each crop, shape (batch, length, 7). At the edge of the piano pitch stays."""
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
