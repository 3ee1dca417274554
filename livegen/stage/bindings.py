"""Controls that the player has bound to something: a dial of livegen, a preset, a command.

A bound message is consumed: it is not music, and is not forwarded. The stage reports that it came (`Used`); whoever
runs the stage knows what it means.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from mido import Message

from livegen.stage.control import Control
from livegen.stage.events import PortId

HIGHEST = 127  # value of a controller, velocity of a key


class Binding(NamedTuple):
    """What a control does.

    Attributes:
        control: a controller, key or program.
        action: the name of what it does, which the stage only passes on.
        follows: report every value of a controller or velocity of a key, as a dial needs it. Otherwise only each press:
            a controller that reaches 64, a key that goes down, a program that is chosen.
    """

    control: Control
    action: str
    follows: bool = False


class Bindings:
    """The bound controls, and which of the controllers are pressed."""

    def __init__(self, bindings: Iterable[Binding] = ()) -> None:
        self.bound = tuple(bindings)
        self._pressed: set[tuple[PortId, int, Control]] = set()

    def __contains__(self, message: Message) -> bool:
        return any(binding.control.mine(message) for binding in self.bound)

    def hear(self, message: Message, port: PortId) -> list[tuple[str, float]]:
        """The actions of a bound message, each with the position of the control, 0 to 1."""
        mine = [binding for binding in self.bound if binding.control.mine(message)]
        if not mine:
            return []
        pressed = self._press(mine[0].control, message, port)  # a message comes from one control
        return [(each.action, position(message)) for each in mine if pressed or (each.follows and moves(message))]

    def _press(self, control: Control, message: Message, port: PortId) -> bool:
        """Whether a message presses its control, which was up."""
        if control.kind != "cc":
            return control.pressed(message)
        key = (port, message.channel, control)
        before = key in self._pressed
        (self._pressed.add if control.pressed(message) else self._pressed.discard)(key)
        return not before and key in self._pressed

    def forget(self, port: PortId) -> None:
        """A port is closed: its controllers count as up."""
        self._pressed = {key for key in self._pressed if key[0] != port}


def position(message: Message) -> float:
    """The position of a control after a message, 0 to 1. A program change has none: 1."""
    if message.type == "control_change":
        return float(message.value / HIGHEST)
    return float(message.velocity / HIGHEST) if message.type == "note_on" else 1.0


def moves(message: Message) -> bool:
    """Whether a message gives a position. The release of a key does not."""
    return bool(message.type == "control_change" or (message.type == "note_on" and message.velocity > 0))
