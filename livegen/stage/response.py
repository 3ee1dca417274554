"""Chooses where a response ends. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from livegen.note import Note
from livegen.stage.ending import Ending
from livegen.stage.events import ResponseNote
from livegen.stage.playable import SHORTEST, playable

LONG_GAP = 0.5
"""s: a rest this long after a note makes it a good last one."""

STRETCH = 1.25
"""A response may be longer than requested by this factor, to end at a rest."""

ANYWHERE = Ending()
"""Any note is a good last one, if a rest comes after it."""
MAX_NOTES = 500  # more than in any 8 s of MAESTRO; limits a model that fails


class Sampled(NamedTuple):
    """A note that was sampled from the model."""

    note: Note
    rest: float  # probability that the next note comes LONG_GAP or more later


def compose(
    samples: Iterable[Sampled], length: float, longest: float, ending: Ending = ANYWHERE
) -> tuple[ResponseNote, ...]:
    """Make a response of about `length` seconds, never over `longest`, out of notes sampled from the model.

    It ends with the end of a note: of the notes that end between `length` and STRETCH times `length`, the one with the
    most likely long gap after it, and the best `ending`. If there is no such note, the last note is prolonged. The step
    of the first note is the time before the response and does not count.
    """
    latest = min(STRETCH * length, longest)
    earliest = min(length, longest / STRETCH)
    notes: list[ResponseNote] = []
    offset = end = best = 0.0
    last = -1
    for sampled in samples:
        note = sampled.note
        offset += note.step if notes else 0.0
        if offset > latest - SHORTEST or len(notes) == MAX_NOTES:
            break
        duration = min(max(note.duration, SHORTEST), latest - offset)
        notes.append(ResponseNote(note.pitch, offset, duration, note.velocity, note.pedal))
        end = max(end, offset + duration)
        fits = sampled.rest * ending.weight(note.pitch, offset + duration)
        if end >= earliest and (last < 0 or fits > best):
            last, best = len(notes) - 1, fits
    placed = playable(notes[: last + 1] if last >= 0 else notes)
    if not placed or _end(placed) >= earliest:
        return placed
    *others, final = placed
    return (*others, final._replace(duration=earliest - final.offset))


def _end(notes: Iterable[ResponseNote]) -> float:
    return max(note.offset + note.duration for note in notes)


def place(samples: Iterable[Sampled], count: int) -> tuple[ResponseNote, ...]:
    """The first `count` notes that hands can play, from an endless stream of notes sampled from the model.

    Offsets are from the onset before the first sampled note.
    """
    notes: list[ResponseNote] = []
    offset = 0.0
    endless = iter(samples)
    while len(placed := playable(notes)) < count:
        for sampled in islice(endless, count - len(placed)):
            note = sampled.note
            offset += note.step
            notes.append(ResponseNote(note.pitch, offset, max(note.duration, SHORTEST), note.velocity, note.pedal))
    return placed
