"""The events of one track.

`_single` reads one event as the standard has it. `_many` reads at once, with numpy, what most tracks mostly consist of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

PROGRAM, PITCH_BEND = 0xC0, 0xE0  # between them: messages with one data byte
META, SYSEX, ESCAPE = 0xFF, 0xF0, 0xF7
END_OF_TRACK = 0x2F
SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # data bytes; the other system messages have none
DELTA_BYTES = 4  # of a number of variable length, at most
PATIENCE = 8  # messages of two data bytes in a row, before `_many` is worth its start
WINDOW, LARGEST_WINDOW = 1 << 10, 1 << 20  # bytes that it sees at once


@dataclass(frozen=True, slots=True)
class Rows:
    """Events, one in each row; the end of the track is not among them."""

    delta: Integers  # ticks since the row before
    status: Bytes
    data1: Bytes  # of a meta event its type
    data2: Bytes
    place: Integers  # of the status byte in the file; for running status that of the first data byte

    def chosen(self, rows: Integers) -> Rows:
        return Rows(self.delta[rows], self.status[rows], self.data1[rows], self.data2[rows], self.place[rows])


def joined(parts: Iterable[Rows]) -> Rows:
    """All rows, one part after the other; there is at least one part."""
    columns = zip(*((p.delta, p.status, p.data1, p.data2, p.place) for p in parts), strict=True)
    return Rows(*(np.concatenate(column) for column in columns))


@dataclass(slots=True)
class Track:
    """Reads a track up to its end, or to the first event that makes no sense.

    Args:
        data: the file's bytes, and four zeros, so that no index leads outside.
        view: the same.
        at: first byte of the track's events; later of the next event.
        end: the byte after the last.
    """

    data: bytes
    view: Bytes
    at: int
    end: int
    broken: bool = False  # an event cannot be read, so all that follows is lost
    ended: bool = False  # there was an end of track
    clipped: int = 0  # values above 127, which count as 127
    foreign: int = 0  # messages with a key or controller above 127, which are left out
    rest: int = 0  # ticks after the last row
    _running: int = 0  # status; 0 before the first channel message
    _parts: list[Rows] = field(default_factory=list)
    _single: list[tuple[int, int, int, int, int]] = field(default_factory=list)  # rows since the last part

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
        """Read messages of two data bytes. Returns whether the window has no others.

        Each has three bytes below 128, the last of its delta time and two data bytes: counting those finds them all.
        """
        view = self.view[self.at : min(self.end, self.at + window)]
        low = np.flatnonzero(view < 0x80)
        ticks, data1, data2 = low[: len(low) // 3 * 3].reshape(-1, 3).T
        if not len(ticks):
            return False
        status = view[ticks + 1]
        told = data1 - ticks == 2  # else it is running status
        start = np.append(0, data2[:-1] + 1)
        wrong = (data2 - data1 != 1) | (data1 - ticks > 2) | (ticks - start >= DELTA_BYTES)
        wrong |= told & ((status >= SYSEX) | ((status >= PROGRAM) & (status < PITCH_BEND)))
        wrong[0] |= not told[0] and not _two_data_bytes(self._running)
        count = int(np.argmax(wrong)) if wrong.any() else len(wrong)
        if count == 0:
            return False
        part = slice(count)
        ticks, data1, data2, status, told = ticks[part], data1[part], data2[part], status[part], told[part]
        last = np.maximum.accumulate(np.where(told, np.arange(count), -1))
        status = np.where(last < 0, np.uint8(self._running), status[last])
        self._flush()
        delta = _delta(view, start[part], ticks)
        delta[0] += self.rest
        self._parts.append(Rows(delta, status, view[data1], view[data2], self.at + ticks + 1))
        self.rest, self._running = 0, int(status[-1])
        self.at += int(data2[-1]) + 1
        return count == len(wrong)

    def _read_one(self) -> bool:
        """Read one event. Returns whether `_read_many` could have read it too."""
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
            self.at = place + 1 + SYSTEM_DATA.get(status, 0)  # such as clock: a file should not have it
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
        told = self.data[place] >= 0x80
        status = self.data[place] if told else self._running
        first = place + told
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
    """Numbers of variable length: from each `start` to each `last`."""
    value = (view[last] & 0x7F).astype(np.int64)
    for back in range(1, DELTA_BYTES):
        longer = np.flatnonzero(last - start >= back)
        if not len(longer):
            break
        value[longer] += (view[last[longer] - back] & 0x7F).astype(np.int64) << 7 * back
    return value


def number(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    """A number of variable length, and the place after it; None if there is none before `end`."""
    value = 0
    for place in range(at, min(at + DELTA_BYTES, end)):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return None
