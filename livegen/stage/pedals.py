"""The player's feet: the pedals that hold notes, by port and channel, and when the sustain pedal moved.

A pedal is down from 64 on, and up again below 48: a worn pedal that trembles does not move.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from livegen.note import MonotonicTime, Pedal
from livegen.stage.control import DOWN, PEDALS, RELEASED
from livegen.stage.events import PortId

HOLDING = frozenset((PEDALS["sustain"], PEDALS["sostenuto"]))
"""The controllers that hold notes. The soft pedal holds none."""

PedalKey = tuple[PortId, int, int]
"""Port, channel, controller."""


class Pedals:
    """The pedals that are down.

    Args:
        hears: whether a channel of a port counts.
    """

    def __init__(self, hears: Callable[[PortId, int], bool]) -> None:
        self._hears = hears
        self._down: set[PedalKey] = set()
        self._pressed = self._lifted = MonotonicTime(-inf)  # the sustain pedal, last

    def __contains__(self, pedal: PedalKey) -> bool:
        return pedal in self._down

    @property
    def hold(self) -> bool:
        """Whether a pedal holds notes, on a channel that is heard."""
        return any(self._hears(port, channel) for port, channel, _ in self._down)

    @property
    def sustain(self) -> bool:
        """Whether a sustain pedal is down, on a channel that is heard."""
        return any(n == PEDALS["sustain"] and self._hears(port, channel) for port, channel, n in self._down)

    def is_down(self, channel: int, control: int) -> bool:
        """Whether this pedal is down, on any port."""
        return any(pedal[1:] == (channel, control) for pedal in self._down)

    def at(self, onset: MonotonicTime) -> Pedal:
        """What a note that begins now knows of the sustain pedal."""
        # Two ports may be stamped in another order than they are heard.
        return Pedal(self.sustain, max(0.0, onset - self._pressed), max(0.0, onset - self._lifted))

    def move(self, pedal: PedalKey, value: int, at: MonotonicTime) -> bool:
        """A pedal was moved to a value. Returns whether it went down or up, on a channel that is heard."""
        down = value >= (RELEASED if pedal in self._down else DOWN)
        return self._set(self._down | {pedal} if down else self._down - {pedal}, at)

    def lift(self, port: PortId | None, channel: int | None, at: MonotonicTime) -> bool:
        """The pedals of a port and channel are up (None: of all). Returns whether one that is heard was down."""
        return self._set({p for p in self._down if port not in (None, p[0]) or channel not in (None, p[1])}, at)

    def _set(self, down: set[PedalKey], at: MonotonicTime) -> bool:
        before, sustained = self._down, self.sustain
        self._down = down
        if self.sustain and not sustained:
            self._pressed = at
        elif sustained and not self.sustain:
            self._lifted = at
        return any(self._hears(port, channel) for port, channel, _ in before ^ down)
