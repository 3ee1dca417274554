"""Messages that are not music: they come from the panic control, the tap control or a bound control."""

from __future__ import annotations

from dataclasses import dataclass

from mido import Message

from livegen.stage.bindings import Bindings
from livegen.stage.events import PortId
from livegen.stage.hands import Hands
from livegen.stage.settings import StageSettings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a control asks for."""

    panic: bool = False
    tap: bool = False
    used: tuple[tuple[str, float], ...] = ()  # the actions of bound controls, with the position of each, 0 to 1


NOTHING_WANTED = Wanted()


class Controls:
    """The controls of livegen, on all ports.

    Args:
        settings: `panic`, `tap` and `bindings`.
        hands: the keys and pedals that the player holds.
    """

    def __init__(self, settings: StageSettings, hands: Hands) -> None:
        self._hands = hands
        self._settings = settings
        self._bindings = Bindings(settings.bindings)
        self._tapping = False  # the tap control is down

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
        panic, tap = self._settings.panic, self._settings.tap
        if panic is not None and panic.mine(message):
            wanted = Wanted(panic=panic.pressed(message))
        elif tap is not None and tap.mine(message):
            pressed = tap.pressed(message)
            wanted, self._tapping = Wanted(tap=pressed and not self._tapping), pressed
            if pressed:
                return wanted
        elif message in self._bindings and not self._releases(message, port):
            return Wanted(used=tuple(self._bindings.hear(message, port)))
        else:
            return None
        return None if wanted == NOTHING_WANTED and self._releases(message, port) else wanted

    def _releases(self, message: Message, port: PortId) -> bool:
        """Whether a key or pedal goes up that was pressed as music, before it became a control of livegen."""
        return message.type != "program_change" and self._hands.has_down(message, port)
