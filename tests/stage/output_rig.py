"""An output, and the hands of the player whose part it may get."""

from __future__ import annotations

from mido import Message
from virtual_stage import at, cc

from livegen.stage.events import PortId
from livegen.stage.hands import Hands
from livegen.stage.outputs import Output

LEFT, RIGHT = PortId("left"), PortId("right")


def pedal(value: int, channel: int = 0) -> Message:
    return cc(64, value, channel)


class Rig:
    """An output, and the player whose part it may get."""

    def __init__(self, *, thru: bool, channel: int | None = None) -> None:
        self.hands = Hands()
        self.output = Output(PortId("out"), channel=channel, thru=thru)
        self.now = 0.0

    def plays(self, message: Message, port: PortId = LEFT) -> list[Message]:
        """The player does something, a second after what was before."""
        self.now += 1.0
        return self.plays_at(self.now, message, port)

    def plays_at(self, when: float, message: Message, port: PortId = LEFT) -> list[Message]:
        change = self.hands.hear(message, at(when), port)
        return self.output.forward(message, change, self.hands)

    def loses(self, port: PortId) -> list[Message]:
        change = self.hands.forget(at(self.now), port)
        return self.output.end(change.released, self.hands)

    def start(self, pitch: int) -> list[Message]:
        return self.output.start(pitch, 90)

    def stop(self, pitch: int) -> list[Message]:
        return self.output.stop(pitch, self.hands)

    def pedal(self, *, down: bool) -> list[Message]:
        return self.output.move_pedal(self.hands, down=down)

    def settle(self) -> list[Message]:
        return self.output.settle(self.hands)

    def silence(self) -> list[Message]:
        return self.output.silence(self.hands)
