"""Which ports are MPE controllers: keyboards that play each note on a separate channel.

(MIDI Polyphonic Expression, MMA RP-053, 2018.) An MPE controller sends a configuration message, RPN 6 on
channel 1 or 16. A controller that does not send it is recognised by pitch bend and controller 74 on several channels.
"""

from __future__ import annotations

from mido import Message

from livegen.stage.events import PortId

MANAGERS = (0, 15)
"""The channels of the configuration message for the lower and the upper zone."""
RPN_LOW, RPN_HIGH, DATA_ENTRY = 100, 101, 6
CONFIGURATION = (0, 6)
"""RPN, high and low byte."""
TIMBRE = 74
SHOWN = 3
"""Number of channels with pitch bend and timbre from which on a port counts as an MPE controller."""


class MpePorts:
    """Recognises MPE controllers by the messages of their ports."""

    def __init__(self) -> None:
        self._rpn: dict[tuple[PortId, int], tuple[int, int]] = {}
        self._members: dict[tuple[PortId, int], int] = {}  # channels, by port and manager
        self._bent: set[tuple[PortId, int]] = set()
        self._shaped: set[tuple[PortId, int]] = set()

    def is_mpe(self, port: PortId, channel: int) -> bool:
        """Whether this channel belongs to an MPE controller."""
        for manager in MANAGERS:
            if 0 < abs(channel - manager) <= self._members.get((port, manager), 0):
                return True
        shown = {each for each in self._bent & self._shaped if each[0] == port}
        return (port, channel) in shown and len(shown) >= SHOWN

    def hear(self, message: Message, port: PortId) -> None:
        """Handle a message other than a note."""
        if message.type == "pitchwheel":
            self._bent.add((port, message.channel))
        elif message.type == "control_change":
            self._control((port, message.channel), message.control, message.value)

    def forget(self, port: PortId | None) -> None:
        """Forget what a port has sent; None: all ports."""
        for book in (self._rpn, self._members):
            for each in [each for each in book if port in (None, each[0])]:
                del book[each]
        for shown in (self._bent, self._shaped):
            shown -= {each for each in shown if port in (None, each[0])}

    def _control(self, here: tuple[PortId, int], control: int, value: int) -> None:
        if control == TIMBRE:
            self._shaped.add(here)
        if here[1] not in MANAGERS:
            return
        high, low = self._rpn.get(here, (127, 127))  # no parameter
        if control == RPN_HIGH:
            self._rpn[here] = (value, low)
        elif control == RPN_LOW:
            self._rpn[here] = (high, value)
        elif control == DATA_ENTRY and (high, low) == CONFIGURATION:
            self._members[here] = value
