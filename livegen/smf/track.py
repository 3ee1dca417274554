"""Reads the events of one track.

`Track._read_one` reads a single event of any kind. `Track._read_many` reads many messages of the common kinds at once,
with numpy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

PROGRAM, PITCH_BEND = 0xC0, 0xE0  # between them: messages with one data byte
META, SYSEX, ESCAPE = 0xFF, 0xF0, 0xF7
END_OF_TRACK = 0x2F
SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # data bytes; the other system messages have none
DELTA_BYTES = 4  # maximum size of a number of variable length
PATIENCE = 8  # messages of two data bytes in a row, before `_read_many` is faster
WINDOW, LARGEST_WINDOW = 1 << 10, 1 << 20  # bytes that `_read_many` reads at once


class Rows(NamedTuple):
    """Events, one per row, without the end of the track."""

    delta: Integers  # ticks since the previous row
    status: Bytes
    data1: Bytes  # for a meta event its type
    data2: Bytes
    place: Integers  # position of the status byte in the file; with running status, of the first data byte

    def chosen(self, rows: Integers) -> Rows:
        return Rows(self.delta[rows], self.status[rows], self.data1[rows], self.data2[rows], self.place[rows])


def joined(parts: Iterable[Rows]) -> Rows:
    """All rows of one or more parts."""
    columns = zip(*((p.delta, p.status, p.data1, p.data2, p.place) for p in parts), strict=True)
    return Rows(*(np.concatenate(column) for column in columns))


@dataclass(slots=True)
class Track:
    """Reads a track until its end, or until the first event that is not valid.

    Args:
        data: the bytes of the file, followed by four zeros so that all indices are valid.
        view: the same bytes.
        at: position of the first event; while reading, of the next event.
        end: position after the last byte.
    """

    data: bytes
    view: Bytes
    at: int
    end: int
    broken: bool = False  # an event cannot be read, so that the rest is lost
    ended: bool = False  # the end of the track was read
    clipped: int = 0  # number of values above 127, read as 127
    foreign: int = 0  # number of messages with a key or controller above 127, left out
    rest: int = 0  # ticks after the last row
    _running: int = 0  # the running status; 0 before the first channel message
    _parts: list[Rows] = field(default_factory=list)
    _single: list[tuple[int, int, int, int, int]] = field(default_factory=list)  # rows after the last part

    def read(self) -> Rows:
        window, alike = WINDOW, 0
        while self.at < self.end and not (self.broken or self.ended):
            if alike < PATIENCE:
                alike = alike + 1 if self._read_one() else 0
            elif self._read_many(window):
                window = min(2 * window, LARGEST_WINDOW)
            else:
                window, alike = WINDOW, 0
        self._flush()
        return joined(self._parts)

    def _flush(self) -> None:
        delta, status, data1, data2, place = np.array(self._single, np.int64).reshape(-1, 5).T
        byte = np.array([status, data1, data2], np.uint8)
        self._parts.append(Rows(delta, byte[0], byte[1], byte[2], place))
        self._single.clear()

    def _read_many(self, window: int) -> bool:
        """Read messages of two data bytes. Returns whether the window has only these.

        Each has three bytes below 128: the last byte of its delta time and two data bytes. Counting these finds all
        messages.
        """
        view = self.view[self.at : min(self.end, self.at + window)]
        low = np.flatnonzero(view < 0x80)
        ticks, data1, data2 = np.ascontiguousarray(low[: len(low) // 3 * 3].reshape(-1, 3).T)
        if not len(ticks):
            return False
        status = view[ticks + 1]
        explicit = data1 - ticks == 2  # else it has running status
        start = np.append(0, data2[:-1] + 1)
        wrong = (data2 - data1 != 1) | (data1 - ticks > 2) | (ticks - start >= DELTA_BYTES)
        wrong |= explicit & ((status >= SYSEX) | ((status >= PROGRAM) & (status < PITCH_BEND)))
        wrong[0] |= not explicit[0] and not _two_data_bytes(self._running)
        count = int(np.argmax(wrong)) if wrong.any() else len(wrong)
        if count == 0:
            return False
        part = slice(count)
        ticks, data1, data2, status, explicit = ticks[part], data1[part], data2[part], status[part], explicit[part]
        last = np.maximum.accumulate(np.where(explicit, np.arange(count), -1))
        status = np.where(last < 0, np.uint8(self._running), status[last])
        self._flush()
        delta = _delta(view, start[part], ticks)
        delta[0] += self.rest
        self._parts.append(Rows(delta, status, view[data1], view[data2], self.at + ticks + 1))
        self.rest, self._running = 0, int(status[-1])
        self.at += int(data2[-1]) + 1
        return count == len(wrong)

    def _read_one(self) -> bool:
        """Read one event. Returns whether `_read_many` can read it too."""
        found = number(self.data, self.at, self.end)
        if found is None or found[1] == self.end:
            self.broken = True
            return False
        ticks, place = found
        status = self.data[place]
        if status < SYSEX:
            return self._read_channel(ticks, place)
        self.rest += ticks
        if status not in (META, SYSEX, ESCAPE):
            self.at = place + 1 + SYSTEM_DATA.get(status, 0)  # such as clock, which a file should not contain
            self.broken = self.at > self.end
            return False
        content = number(self.data, place + 1 + (status == META), self.end)
        if content is None or sum(content) > self.end:
            self.broken = True
            return False
        self.at = sum(content)
        if status == META and self.data[place + 1] == END_OF_TRACK:
            self.ended = True
        else:
            self._keep(status, self.data[place + 1], 0, place)
        return False

    def _read_channel(self, ticks: int, place: int) -> bool:
        explicit = self.data[place] >= 0x80
        status = self.data[place] if explicit else self._running
        first = place + explicit
        two = _two_data_bytes(status)
        after = first + 1 + two
        if status == 0 or after > self.end:
            self.broken = True
            return False
        self._running, self.at = status, after
        self.rest += ticks
        values = self.data[first:after]
        if two and values[0] > 127:
            self.foreign += 1
            return False
        high = sum(value > 127 for value in values)
        self.clipped += high
        self._keep(status, min(values[0], 127), min(values[-1], 127), place)
        return two and not high

    def _keep(self, status: int, data1: int, data2: int, place: int) -> None:
        self._single.append((self.rest, status, data1, data2, place))
        self.rest = 0


def _two_data_bytes(status: int) -> bool:
    return 0x80 <= status < PROGRAM or PITCH_BEND <= status < SYSEX


def _delta(view: Bytes, start: Integers, last: Integers) -> Integers:
    """Decode numbers of variable length, from each `start` to each `last`."""
    value = (view[last] & 0x7F).astype(np.int64)
    for back in range(1, DELTA_BYTES):
        longer = np.flatnonzero(last - start >= back)
        if not len(longer):
            break
        value[longer] += (view[last[longer] - back] & 0x7F).astype(np.int64) << 7 * back
    return value


def number(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Decode a number of variable length. Returns it and the position after it, or None if it does not end in time."""
    value = 0
    for place in range(at, min(at + DELTA_BYTES, end)):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return None
