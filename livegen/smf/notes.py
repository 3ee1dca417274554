"""Finds the notes of a MIDI file, by the rules of `livegen.stage.pairing`, and the sustain pedal at their onsets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livegen.note import INSTANT
from livegen.smf.events import Events, Seconds
from livegen.smf.track import Bytes, Integers
from livegen.stage.control import DOWN, PEDALS, RESET_CONTROLLERS
from livegen.stage.pairing import DRUMS, NOTES_OFF, Pairing

NOTE_OFF, NOTE_ON, CONTROL_CHANGE = 0x80, 0x90, 0xB0
PITCHES, CHANNELS = 128, 16


class Notes(NamedTuple):
    """Notes, one per row, sorted by (onset, pitch)."""

    track: NDArray[np.uint16]  # index among the file's tracks
    channel: Bytes  # 0..15
    pitch: Bytes  # 0..127
    velocity: Bytes  # 1..127
    onset: Seconds  # s since the beginning of the file
    duration: Seconds  # s, at least `INSTANT`
    pedal: NDArray[np.bool_]  # whether a sustain pedal is down at the onset, on any channel
    pressed: Seconds  # s before the onset, inf if never
    lifted: Seconds  # s before the onset, inf if never


class Pairs(NamedTuple):
    """The notes, as rows of `Events`."""

    on: Integers  # the note_on of each note, by time
    end: Seconds  # s, when the note ends
    late: Integers  # each note_off whose note was ended by the next note_on of its key
    before: Integers  # that note_on


def notes(events: Events, *, drums: bool = False, but: str | None = None) -> Notes:
    """All notes of a file.

    Args:
        events: of the file.
        drums: include channel 10.
        but: the name of a track to leave out.
    """
    heard = np.array([name != but for name in events.names])[events.track]
    melodic = heard & ((events.status & 0x0F) != DRUMS)
    pairs = pair(events)
    kept = (heard if drums else melodic)[pairs.on]
    on, end = pairs.on[kept], pairs.end[kept]
    moment = np.cumsum(np.diff(events.seconds[on], prepend=0.0) > 0)
    order = np.argsort(moment * PITCHES + events.data1[on], kind="stable")
    on, end = on[order], end[order]
    onset = events.seconds[on]
    down, pressed, lifted = _pedal(events, melodic, onset)
    return Notes(
        track=events.track[on],
        channel=events.status[on] & 0x0F,
        pitch=events.data1[on],
        velocity=events.data2[on],
        onset=onset,
        duration=np.maximum(end - onset, INSTANT),
        pedal=down,
        pressed=pressed,
        lifted=lifted,
    )


def pair(events: Events) -> Pairs:
    """Find the notes of a file.

    If a key is not struck again while it is down, and no message ends all notes, each note ends with the next note_off
    of its key. `Pairing` handles all other keys.
    """
    kind = events.status & 0xF0
    is_on = (kind == NOTE_ON) & (events.data2 > 0)
    rows = np.flatnonzero(is_on | (kind == NOTE_OFF) | (kind == NOTE_ON))
    silencing = (kind == CONTROL_CHANGE) & np.isin(events.data1, sorted(NOTES_OFF))
    part = events.track.astype(np.uint32) * CHANNELS + (events.status & 0x0F)
    key = part[rows] * PITCHES + events.data1[rows]
    if len(key) and key.max() < 1 << 16:
        key = key.astype(np.uint16)  # sorting is several times faster
    order = np.argsort(key, kind="stable")
    rows, key = rows[order], key[order]
    on = is_on[rows]
    same = np.append(key[1:] == key[:-1], False)  # the next row has the same key
    again = same & on & np.append(on[1:], False)
    end = np.full(len(events.seconds), events.end)  # by the row of the note_on
    followed = np.flatnonzero(on & same)
    end[rows[followed]] = events.seconds[rows[followed + 1]]
    none = np.empty(0, np.int64)
    late = before = none
    if again.any() or silencing.any():
        hard = np.isin(key, key[again]) | np.isin(part[rows], part[silencing])
        hard_rows = np.sort(np.append(rows[hard], np.flatnonzero(silencing)))
        late, before = _one_by_one(events, is_on, silencing, part, hard_rows, end)
    starts = np.flatnonzero(is_on)
    return Pairs(starts, end[starts], late, before)


def _one_by_one(
    events: Events,
    is_on: NDArray[np.bool_],
    silencing: NDArray[np.bool_],
    part: NDArray[np.uint32],
    rows: Integers,
    end: Seconds,
) -> tuple[Integers, Integers]:
    """Let `Pairing` find the ends of the notes in these rows, and write them to `end`. Returns `late` and `before`."""
    pairing: Pairing[int] = Pairing()
    sounding: dict[int, dict[int, int]] = {}  # by part, then by pitch: the row of the note_on
    late, before = [], []
    columns = (rows, events.seconds[rows], part[rows], events.data1[rows], is_on[rows], silencing[rows])
    for row, at, where, pitch, begins, silences in zip(*(column.tolist() for column in columns), strict=True):
        notes, key = sounding.setdefault(where, {}), where * PITCHES + pitch
        if silences:
            for silenced, note in notes.items():
                pairing.end(where * PITCHES + silenced)
                end[note] = at
            notes.clear()
        elif begins:
            if pairing.press(key, at):
                end[notes[pitch]] = at
            notes[pitch] = row
            end[row] = events.end
        elif pairing.release(key, at):
            end[notes.pop(pitch)] = at
        elif key in pairing:
            late.append(row)
            before.append(notes[pitch])
    return np.array(late, np.int64), np.array(before, np.int64)


def sustain_pedal(events: Events) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each row: whether it moves the sustain pedal of its channel, and whether the pedal is down then."""
    control = events.status & 0xF0 == CONTROL_CHANGE
    sustain = control & (events.data1 == PEDALS["sustain"])
    return sustain | (control & (events.data1 == RESET_CONTROLLERS)), sustain & (events.data2 >= DOWN)


def _pedal(events: Events, heard: NDArray[np.bool_], onset: Seconds) -> tuple[NDArray[np.bool_], Seconds, Seconds]:
    """Whether a sustain pedal is down at each onset, and how long ago [s] the pedals were pressed and lifted.

    A pedal that moves at the time of an onset counts as moved before it, in any order of the events.
    """
    moves, pressed = sustain_pedal(events)
    rows = np.flatnonzero(moves & heard)
    down = pressed[rows]
    part = events.track[rows].astype(np.uint32) * CHANNELS + (events.status[rows] & 0x0F)
    order = np.argsort(part, kind="stable")
    down, part = down[order], part[order].astype(np.int64)
    first = np.diff(part, prepend=-1) != 0
    change = np.empty(len(rows), np.int64)
    change[order] = down.astype(np.int64) - np.where(first, False, np.append(False, down[:-1]))
    held = np.cumsum(change) > 0  # on one channel or more
    moved = np.diff(held, prepend=False)
    at, held = events.seconds[rows[moved]], held[moved]

    def ago(times: Seconds) -> Seconds:
        last: Seconds = np.append(-np.inf, times)[np.searchsorted(times, onset, side="right")]
        return onset - last

    now = np.append(False, held)[np.searchsorted(at, onset, side="right")]
    return now, ago(at[held]), ago(at[~held])
