"""A key that is down, and the effect of a message on keys and pedals.

They are named tuples because thru waits until they are made, and tuples are made fastest.
"""

from __future__ import annotations

from typing import NamedTuple

from livegen.note import Struck
from livegen.stage.events import PortId

Key = tuple[PortId, int, int]
"""Port, channel, pitch."""


class Held(NamedTuple):
    """A key that is down."""

    key: Key
    struck: Struck
    counts: bool  # as a note: on a channel that is listened to, and not the layer of another key


class Change(NamedTuple):
    """The effect of a message."""

    pressed: Held | None = None
    released: tuple[Held, ...] = ()
    pedal: bool = False  # a pedal that holds notes went down or up
    ignored: bool = False  # a note_off of a note that has ended already


NOTHING = Change()
