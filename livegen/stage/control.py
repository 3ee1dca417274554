"""Controls: a pedal, controller, key or program that does something, such as the panic control."""

from __future__ import annotations

from typing import NamedTuple

from mido import Message

PEDALS = {"sustain": 64, "sostenuto": 66, "soft": 67}
DOWN = 64  # from this value on a pedal is down (MIDI 1.0, controllers 64 to 69)
RESET_CONTROLLERS = 121
RELEASED = 48  # below this value it is up again; values in between change nothing


_GENERAL_MIDI = ((0x09, 0x01), (0x09, 0x02), (0x09, 0x03))  # on, off, level 2 on
_ROLAND_GS = (0x42, 0x12, 0x40, 0x00, 0x7F)
_YAMAHA_XG = (0x4C, 0x00, 0x00, 0x7E)


def is_reset(message: Message) -> bool:
    """Whether a message resets an instrument: system reset, or that of General MIDI, GS or XG."""
    if message.type != "sysex":
        return bool(message.type == "reset")
    maker, after = message.data[:1], tuple(message.data[2:])  # between them: the device
    return (
        (maker == (0x7E,) and after in _GENERAL_MIDI)
        or (maker == (0x41,) and after[:5] == _ROLAND_GS)
        or (maker == (0x43,) and after[:4] == _YAMAHA_XG)
    )


class Control(NamedTuple):
    """A controller, a key or a program."""

    kind: str  # "cc", "key" or "program"
    number: int  # 0..127

    @classmethod
    def parse(cls, text: str) -> Control | None:
        """Read "none", a pedal's name, "cc:N" or "key:N".

        Raises:
            ValueError: the text is none of these.
        """
        if text == "none":
            return None
        if text in PEDALS:
            return cls("cc", PEDALS[text])
        kind, _, number = text.partition(":")
        if kind not in ("cc", "key") or not number.isdigit() or int(number) > 127:
            raise ValueError(f"not a pedal, cc:0..127 or key:0..127: {text!r}")
        return cls(kind, int(number))

    def mine(self, message: Message) -> bool:
        """Whether the message comes from this control."""
        if self.kind == "cc":
            return bool(message.type == "control_change" and message.control == self.number)
        if self.kind == "program":
            return bool(message.type == "program_change" and message.program == self.number)
        return message.type in ("note_on", "note_off") and message.note == self.number

    def pressed(self, message: Message) -> bool:
        """Whether a message from this control (`mine`) presses it."""
        if self.kind == "cc":
            return bool(message.value >= DOWN)
        if self.kind == "program":
            return True
        return bool(message.type == "note_on" and message.velocity > 0)
