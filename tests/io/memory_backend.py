"""A mido backend in memory, with a keyboard, a piano, and whatever goes wrong with those named so."""

from __future__ import annotations

from typing import Any

from mido.ports import BaseInput, BaseOutput

INPUTS = ["Midi Through:Midi Through Port-0 14:0", "Keystation 49:Keystation 49 MIDI 1 28:0", "Broken keys"]
OUTPUTS = ["Midi Through:Midi Through Port-0 14:0", "Stage Piano 32:0", "Unplugged"]

opened: list[Any] = []


def get_devices(**_: object) -> list[dict[str, object]]:
    names = dict.fromkeys(INPUTS + OUTPUTS)
    return [{"name": name, "is_input": name in INPUTS, "is_output": name in OUTPUTS} for name in names]


class Input(BaseInput):
    def _open(self, **options: object) -> None:
        if self.name == "Broken keys":
            raise OSError("device busy")
        self.options = options
        self.callback = options["callback"]
        opened.append(self)


class Output(BaseOutput):
    def _open(self, **options: object) -> None:
        self.options = options
        self.sent: list[Any] = []
        opened.append(self)

    def _send(self, message: object) -> None:
        if self.name == "Unplugged":
            raise OSError("no such device")
        self.sent.append(message)
