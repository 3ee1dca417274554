"""The player's feet: the pedals that hold notes, by port and channel, and when the sustain pedal moved.

There are two thresholds. For the conversation a pedal is down from 64 on and up again below 48, so that a worn pedal
that trembles does not move. The pedal of a note has the threshold of MIDI, 64: the model was trained with it, and
pianists often keep their foot in between (a tenth of MAESTRO's notes would differ).
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from livegen.note import MonotonicTime, Pedal
from livegen.stage.control import DOWN, PEDALS, RELEASED
from livegen.stage.events import PortId

SUSTAIN = PEDALS["sustain"]
HOLDING = frozenset((SUSTAIN, PEDALS["sostenuto"]))
"""The controllers that hold notes. The soft pedal does not hold notes."""

PedalKey = tuple[PortId, int, int]
"""Port, channel, controller."""


class Pedals:
    """The pedals that are down.

    Args:
        hears: whether livegen listens to a channel of a port.
    """

    def __init__(self, hears: Callable[[PortId, int], bool]) -> None:
        self._hears = hears
        self._down: set[PedalKey] = set()
        self._above: set[PedalKey] = set()  # at 64 or above
        self._pressed = self._lifted = MonotonicTime(-inf)  # the sustain pedal, last

    def __contains__(self, pedal: PedalKey) -> bool:
        return pedal in self._down

    @property
    def hold(self) -> bool:
        """Whether a pedal holds notes, on a channel that livegen listens to."""
        return any(self._hears(port, channel) for port, channel, _ in self._down)

    @property
    def sustain(self) -> bool:
        """Whether a sustain pedal is down, on a channel that livegen listens to."""
        return self._sustains(self._down)

    def is_down(self, channel: int, control: int) -> bool:
        """Whether this pedal is down, on any port."""
        return any(pedal[1:] == (channel, control) for pedal in self._down)

    def at(self, onset: MonotonicTime) -> Pedal:
        """The sustain pedal of a note that begins at `onset`, the current time."""
        # Messages from two ports may arrive in another order than their times.
        pressed, lifted = max(0.0, onset - self._pressed), max(0.0, onset - self._lifted)
        return Pedal(self._sustains(self._above), pressed, lifted)

    def move(self, pedal: PedalKey, value: int, at: MonotonicTime) -> bool:
        """A pedal was moved to a value. Returns whether one that livegen listens to went down or up."""
        down = value >= (RELEASED if pedal in self._down else DOWN)
        above = self._above | {pedal} if value >= DOWN else self._above - {pedal}
        return self._set(self._down | {pedal} if down else self._down - {pedal}, above, at)

    def lift(self, port: PortId | None, channel: int | None, at: MonotonicTime) -> bool:
        """Lift the pedals of a port and channel (None: all). Returns whether one that livegen listens to was down."""

        def others(pedals: set[PedalKey]) -> set[PedalKey]:
            return {each for each in pedals if port not in (None, each[0]) or channel not in (None, each[1])}

        return self._set(others(self._down), others(self._above), at)

    def _set(self, down: set[PedalKey], above: set[PedalKey], at: MonotonicTime) -> bool:
        before, self._down = self._down, down
        sustained, self._above = self._sustains(self._above), above
        if self._sustains(above) and not sustained:
            self._pressed = at
        elif sustained and not self._sustains(above):
            self._lifted = at
        return any(self._hears(port, channel) for port, channel, _ in before ^ down)

    def _sustains(self, pedals: set[PedalKey]) -> bool:
        return any(control == SUSTAIN and self._hears(port, channel) for port, channel, control in pedals)
