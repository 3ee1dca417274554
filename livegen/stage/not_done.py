"""The control with which the player says that they are not done."""

from __future__ import annotations

from livegen.note import MonotonicTime
from livegen.stage.events import PortId

NOT_DONE = 60.0
"""s that the player may keep the turn without a key."""


class NotDone:
    """Keeps the turn with the player while the control is down, for NOT_DONE seconds at most."""

    def __init__(self) -> None:
        self._said: tuple[PortId, MonotonicTime] | None = None

    def say(self, port: PortId, at: MonotonicTime, *, down: bool) -> None:
        """The control of this port goes down or up."""
        self._said = (port, MonotonicTime(at + NOT_DONE)) if down else None

    @property
    def until(self) -> MonotonicTime | None:
        """When the turn is no longer kept. None: it is not kept."""
        return None if self._said is None else self._said[1]

    def expire(self, now: MonotonicTime) -> None:
        """Time has passed."""
        if self._said is not None and now >= self._said[1]:
            self._said = None

    def forget(self, port: PortId | None) -> None:
        """A port is lost or reset. None: all of them."""
        if self._said is not None and port in (None, self._said[0]):
            self._said = None
