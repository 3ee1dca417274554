"""Messages that are not music: they come from a control that the settings name, or from a bound control."""

from __future__ import annotations

from typing import NamedTuple

from mido import Message

from livegen.stage.bindings import Bindings
from livegen.stage.control import Control
from livegen.stage.events import PortId
from livegen.stage.hands import Hands
from livegen.stage.settings import StageSettings

NAMED = ("panic", "tap", "hand_over", "not_done")
"""The settings that name a control."""


class Wanted(NamedTuple):
    """What a control asks for."""

    control: str = ""  # one of NAMED
    down: bool = False  # it is down
    pressed: bool = False  # it goes down
    used: tuple[tuple[str, float], ...] = ()  # the actions of bound controls, with the position of each, 0 to 1


class Controls:
    """The controls of livegen, on all ports.

    Args:
        settings: those in NAMED, and `bindings`.
        hands: the keys and pedals that the player holds.
    """

    def __init__(self, settings: StageSettings, hands: Hands) -> None:
        self._hands = hands
        self._settings = settings
        self._bindings = Bindings(settings.bindings)
        self._down: set[str] = set()  # of NAMED

    def change(self, settings: StageSettings) -> None:
        """New settings."""
        self._settings = settings
        if settings.bindings != self._bindings.bound:
            self._bindings = Bindings(settings.bindings)

    def forget(self, port: PortId) -> None:
        """A port is closed: its controls count as up."""
        self._bindings.forget(port)

    def hear(self, message: Message, port: PortId) -> Wanted | None:
        """What a message asks for; None: it is music."""
        for name in NAMED:
            control: Control | None = getattr(self._settings, name)
            if control is not None and control.mine(message):
                down, before = control.pressed(message), name in self._down
                self._down = self._down | {name} if down else self._down - {name}
                is_music = not down and self._releases(message, port)
                return None if is_music else Wanted(name, down, down and not before)
        if message in self._bindings and not self._releases(message, port):
            return Wanted(used=tuple(self._bindings.hear(message, port)))
        return None

    def _releases(self, message: Message, port: PortId) -> bool:
        """Whether a key or pedal goes up that was pressed as music, before it became a control of livegen."""
        return message.type != "program_change" and self._hands.has_down(message, port)
