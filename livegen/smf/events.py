"""Reads a MIDI file into arrays: all messages by time, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livegen.errors import NO_MIDI_FILE, DataError, unreadable
from livegen.files import limited
from livegen.smf.chunks import Layout, layout
from livegen.smf.names import decoded
from livegen.smf.track import ESCAPE, META, SYSEX, Bytes, Integers, Rows, Track, joined, number

LONGEST = 24 * 3600.0  # s
LARGEST = 64_000_000  # bytes of a file: millions of notes
PATTERNS = 2  # format of a file whose tracks are independent patterns
DEFAULT_TEMPO = 500_000  # µs per quarter note
TRACK_NAME, SET_TEMPO = 0x03, 0x51  # types of meta events

Seconds = NDArray[np.float64]
Owners = NDArray[np.uint16]


class Events(NamedTuple):
    """The messages of all tracks, one per row, sorted by time, then by track.

    The tracks of format 2 are independent patterns and follow each other in time.
    """

    seconds: Seconds  # since the beginning of the file
    track: Owners  # index among the file's tracks
    status: Bytes  # 0x80..0xEF with the channel, or 0xF0: system exclusive
    data1: Bytes  # 0..127
    data2: Bytes  # 0..127; without meaning for messages with one data byte
    sysex: dict[int, bytes]  # by row: the bytes between 0xF0 and 0xF7
    names: tuple[str, ...]  # of the tracks; may be empty
    end: float  # s, of the last event or the end of a track
    dropped: tuple[str, ...]  # what could not be read, each as a sentence without a full stop


def read(path: Path) -> Events:
    """Read a MIDI file.

    Raises:
        DataError: the file does not exist, is not a MIDI file, has no times, or is longer than `LONGEST`.
    """
    try:
        return parse(limited(path, LARGEST))
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise DataError(f"{path}: {error}.") from error


def parse(content: bytes) -> Events:
    """Read the bytes of a MIDI file, as far as they are valid.

    Raises:
        ValueError: the file is not a MIDI file, has no times, or is longer than `LONGEST`.
    """
    form = layout(content)
    data = content + bytes(4)
    view = np.frombuffer(data, np.uint8)
    tracks = [Track(data, view, start, end) for start, end in form.tracks]
    parts = [track.read() for track in tracks]
    ends = [int(part.delta.sum()) + track.rest for part, track in zip(parts, tracks, strict=True)]
    if form.format == PATTERNS:
        rows, owner, seconds, last, end = _in_turn(form, data, parts, ends)
    else:
        rows, owner, tick = _merged(parts)
        seconds, last, end = _clock(form, data, rows, tick, max(ends))
    if last > LONGEST:
        raise ValueError(f"it lasts {last / 3600:,.0f} hours, but the limit is {LONGEST / 3600:.0f} hours")
    sysex, damaged = _sysex(data, rows, owner)
    sent = rows.status < SYSEX
    sent[list(sysex)] = True
    dropped = tuple(_lost(form, tracks, _stops(tracks, owner, seconds), damaged))
    if dropped and not sent.any():
        raise ValueError(NO_MIDI_FILE)
    rows.status[list(sysex)] = SYSEX  # the last of several packets has another status
    place = np.cumsum(sent) - 1
    return Events(
        seconds=seconds[sent],
        track=owner[sent],
        status=rows.status[sent],
        data1=rows.data1[sent],
        data2=rows.data2[sent],
        sysex={int(place[row]): message for row, message in sysex.items()},
        names=_names(data, rows, owner, len(tracks)),
        end=end if end <= LONGEST else last,
        dropped=dropped,
    )


def _in_turn(
    form: Layout, data: bytes, parts: Sequence[Rows], ends: Sequence[int]
) -> tuple[Rows, Owners, Seconds, float, float]:
    """Like `_merged` and `_clock`, but the tracks follow each other, each with its own tempi."""
    seconds, last, end = [], 0.0, 0.0
    for part, length in zip(parts, ends, strict=True):
        passed, stop, whole = _clock(form, data, part, np.cumsum(part.delta), length)
        seconds.append(end + passed)
        last, end = end + stop if len(passed) else last, end + whole
    return joined(parts), _owner(parts), np.concatenate(seconds), last, end


def _merged(parts: Sequence[Rows]) -> tuple[Rows, Owners, Integers]:
    """The rows of all tracks by time, with the track and the tick of each row."""
    rows, owner, tick = joined(parts), _owner(parts), np.concatenate([np.cumsum(part.delta) for part in parts])
    if (np.diff(tick) < 0).any():
        order = np.argsort(tick, kind="stable")
        rows, owner, tick = rows.chosen(order), owner[order], tick[order]
    return rows, owner, tick


def _owner(parts: Sequence[Rows]) -> Owners:
    return np.repeat(np.arange(len(parts), dtype=np.uint16), [len(part.delta) for part in parts])


def _metas(rows: Rows, kind: int) -> Integers:
    return np.flatnonzero((rows.status == META) & (rows.data1 == kind))


def _content(data: bytes, place: int) -> bytes:
    """The content of a meta event or a system exclusive message."""
    length, start = number(data, place + 1 + (data[place] == META), len(data)) or (0, 0)
    return data[start : start + length]


def _clock(form: Layout, data: bytes, rows: Rows, tick: Integers, length: int) -> tuple[Seconds, float, float]:
    """The seconds of each row, of the last row, and of the end after `length` ticks.

    Intervals are added one by one, as in mido, so that the times are the same to the last bit.
    """
    if form.frame_tick:
        rate = np.array([form.frame_tick])
        seconds = tick * rate
    else:
        changes = [(row, _content(data, int(rows.place[row]))[:3]) for row in _metas(rows, SET_TEMPO).tolist()]
        changes = [(row, tempo) for row, tempo in changes if len(tempo) == 3 and any(tempo)]
        rate = np.array([DEFAULT_TEMPO, *(int.from_bytes(tempo) for _, tempo in changes)]) * 1e-6 / form.beat
        reach = np.diff([0, *(row + 1 for row, _ in changes), len(tick)])  # a tempo applies from the next row
        seconds = np.cumsum(np.diff(tick, prepend=0) * np.repeat(rate, reach))
    last, until = (float(seconds[-1]), int(tick[-1])) if len(tick) else (0.0, 0)
    return seconds, last, last + (length - until) * float(rate[-1])


def _names(data: bytes, rows: Rows, owner: Owners, tracks: int) -> tuple[str, ...]:
    names = [""] * tracks
    for row in reversed(_metas(rows, TRACK_NAME).tolist()):
        names[owner[row]] = decoded(_content(data, int(rows.place[row])))
    return tuple(names)


def _sysex(data: bytes, rows: Rows, owner: Owners) -> tuple[dict[int, bytes], int]:
    """System exclusive messages by row, with their packets joined, and the number of messages that cannot be read.

    An escape that does not continue a message is left out, because it does not contain a complete message.
    """
    found: dict[int, list[bytes]] = {}
    begun: dict[int, int] = {}  # by track: the row of the last packet of an incomplete message
    for row in np.flatnonzero((rows.status == SYSEX) | (rows.status == ESCAPE)).tolist():
        track, packet = int(owner[row]), _content(data, int(rows.place[row]))
        before = begun.pop(track, None)
        if rows.status[row] == SYSEX:
            found[row] = [packet]
        elif before is not None:
            found[row] = found.pop(before)
            found[row].append(packet)
        else:
            continue
        if not packet.endswith(b"\xf7"):
            begun[track] = row
    messages = {row: b"".join(packets).removesuffix(b"\xf7") for row, packets in sorted(found.items())}
    whole = {row: message for row, message in messages.items() if message and message.isascii()}
    return whole, sum(not message.isascii() for message in messages.values())


def _stops(tracks: Sequence[Track], owner: Owners, seconds: Seconds) -> Seconds:
    """The time of the last event of each track, if any track has no valid end."""
    stops = np.zeros(len(tracks))
    if not all(track.ended for track in tracks):
        np.maximum.at(stops, owner, seconds)
    return stops


def _lost(form: Layout, tracks: Sequence[Track], stops: Seconds, damaged: int) -> Iterator[str]:
    for index, track in enumerate(tracks):
        name, cut = f"track {index + 1}", form.cut and index == len(tracks) - 1
        if track.broken or (cut and not track.ended):
            yield f"{name} is {'cut off' if cut else 'damaged'} after {stops[index]:.1f} s; the rest is lost"
        if track.foreign:
            yield f"{name} has {_counted(track.foreign, 'message')} with a key or controller above 127, left out"
        if track.clipped:
            yield f"{name} has {_counted(track.clipped, 'value')} above 127, read as 127"
    if damaged:
        yield f"{_counted(damaged, 'system exclusive message')} with data above 127, left out"
    missing = form.announced - len(tracks)
    if missing > 0:
        yield f"{missing} of its {form.announced} tracks {'is' if missing == 1 else 'are'} missing"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
