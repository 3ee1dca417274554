"""A pulse that is given: by a MIDI clock, a fixed tempo, or taps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegen.note import MonotonicTime
from livegen.stage.grid import Grid

if TYPE_CHECKING:
    from mido import Message

SIXTEENTHS = (0.0, 0.25, 0.5, 0.75)
SPREAD = 0.008  # s
TICKS = 24  # of a MIDI clock in a quarter note
SONG_POSITION = 6  # ticks in the unit of a song position
REMEMBERED = 192  # ticks: eight beats; a longer memory filters more jitter, and follows a change more slowly
SETTLED = 12  # ticks after which the tempo is known
SLIP = 0.006  # s, a mean error from which the tempo has changed
LOST = 1.0  # s without a tick after which there is no clock
IRREGULAR = 0.75
"""The mean error of the ticks, as a share of the time between them, from which they are no clock. Among random bytes it
is 0.8 to 1.7 (80 % of the time); of a clock at 300 bpm that arrives in buffers of 20 ms it is 0.6."""
SLOWEST, FASTEST = 30.0, 300.0  # beats per minute
TAPS = 8  # that count
FEWEST_TAPS = 3


class FixedTempo:
    """A tempo that is set.

    Args:
        tempo: beats per minute, > 0.
        origin: s, the time of a beat (of a downbeat, if `bar` is known).
        bar: beats in a bar; 0: unknown.
    """

    def __init__(self, tempo: float, origin: MonotonicTime, bar: int = 0) -> None:
        self._beat = 60 / tempo
        self._origin = origin
        self._bar = bar

    def grid(self, now: MonotonicTime) -> Grid | None:
        """The grid, its origin the last beat (downbeat) before `now`."""
        return given(self._origin, self._beat, self._bar, now)


class TapTempo:
    """A tempo that is tapped, one tap for each beat. It stays until it is tapped anew."""

    def __init__(self) -> None:
        self._taps: list[float] = []
        self._grid: tuple[float, float] | None = None  # s: a beat, and the time between beats

    def tap(self, at: MonotonicTime) -> None:
        """Take in a tap. A pause longer than two beats of the slowest tempo, or than two of these, begins anew."""
        taps = self._taps
        if taps:
            step = at - taps[-1]
            if step < 60 / FASTEST:  # a pedal that bounces
                return
            usual = (taps[-1] - taps[0]) / (len(taps) - 1) if len(taps) > 1 else 60 / SLOWEST
            if not 0.5 * usual < step < 1.8 * usual and (len(taps) > 1 or step > usual):
                taps.clear()
        taps.append(at)
        del taps[:-TAPS]
        if len(taps) >= FEWEST_TAPS:
            middle = (len(taps) - 1) / 2
            beat = sum((n - middle) * tap for n, tap in enumerate(taps)) / sum(
                (n - middle) ** 2 for n in range(len(taps))
            )
            self._grid = sum(taps) / len(taps) + middle * beat, beat

    def grid(self, now: MonotonicTime) -> Grid | None:
        """The grid; None: nothing has been tapped."""
        return given(*self._grid, 0, now) if self._grid is not None else None

    def clear(self) -> None:
        """Forget the taps."""
        self._taps.clear()
        self._grid = None


class MidiClock:
    """A MIDI clock that is received.

    The time of a tick and the time between ticks are those of a straight line through the ticks, computed tick by tick
    (the expanding memory filter of first order; Brookner, Tracking and Kalman Filtering Made Easy, 1998, section
    1.2.10).

    Args:
        bar: beats in a bar. The clock does not tell.
    """

    def __init__(self, bar: int = 4) -> None:
        self._bar = bar
        self._running = False
        self._position = 0  # ticks since the start of the song, at the next tick
        self._ticks = 0
        self._at = 0.0  # s, the last tick, without jitter
        self._step = 0.0  # s between ticks
        self._last = 0.0  # s, the last tick as it arrived
        self._slip = 0.0
        self._irregularity = 1.0  # the mean error of the latest ticks, as a share of the time between them

    def hear(self, message: Message, at: MonotonicTime) -> None:
        """Take in a message; those that are not of the clock change nothing."""
        kind = message.type
        if kind == "clock":
            self._tick(at)
        elif kind == "start":
            self._running, self._position = True, 0
        elif kind == "continue":
            self._running = True
        elif kind == "stop":
            self._running = False
        elif kind == "songpos" and not self._running:
            self._position = message.pos * SONG_POSITION

    def grid(self, now: MonotonicTime) -> Grid | None:
        """The grid; None: the clock is stopped, has just begun, is lost, or is too irregular to be one."""
        if not self._running or self._ticks < SETTLED or now - self._last > LOST or self._position == 0:
            return None
        if self._irregularity > IRREGULAR:
            return None
        beat = TICKS * self._step
        origin = self._at - (self._position - 1) % (TICKS * self._bar) * self._step
        return given(origin, beat, self._bar, now)

    def _tick(self, at: float) -> None:
        if self._running:
            self._position += 1
        if self._ticks and not 0 <= at - self._last <= LOST:
            self._ticks = 0
        if self._ticks == 0:
            self._at, self._step, self._slip, self._irregularity = at, 0.0, 0.0, 1.0
        elif self._ticks == 1:
            self._step = at - self._at
            self._at = at
        else:
            count = self._ticks
            expected = self._at + self._step
            error = at - expected
            self._slip += 0.1 * (error - self._slip)
            self._irregularity += 0.1 * (abs(error) / max(self._step, 1e-9) - self._irregularity)
            if abs(self._slip) > SLIP:
                self._ticks, self._slip = SETTLED, 0.0
                count = SETTLED
            self._at = expected + 2 * (2 * count + 1) / ((count + 1) * (count + 2)) * error
            self._step += 6 / ((count + 1) * (count + 2)) * error
        self._last = at
        self._ticks = min(self._ticks + 1, REMEMBERED)


def given(origin: float, beat: float, bar: int, now: float) -> Grid:
    """A grid that is certain, of sixteenths, its origin the last beat (downbeat) before `now`."""
    length = beat * max(bar, 1)
    return Grid(origin + (now - origin) // length * length, beat, SIXTEENTHS, SPREAD, bar, 1.0)
