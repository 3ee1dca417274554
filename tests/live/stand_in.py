"""An output that keeps what it gets, until it breaks."""

from __future__ import annotations

from mido import Message

from livegen.errors import PortError
from livegen.stage.effects import Send
from livegen.stage.events import PortId


class StandIn:
    """An `Output`.

    Args:
        port: its identity, and its name.
        breaks_at: how many messages it takes; None for all.
        error: what it raises then.
        returns: whether it is a MIDI port.
    """

    instrument = ""
    records = False
    attached = True

    def __init__(
        self,
        port: str = "synth",
        *,
        breaks_at: int | None = None,
        error: type[Exception] = PortError,
        returns: bool = False,
    ) -> None:
        self.port = PortId(port)
        self.name = port
        self.returns = returns
        self.messages: list[Message] = []
        self._breaks_at = breaks_at
        self._error = error

    def send(self, send: Send) -> None:
        if len(self.messages) == self._breaks_at:
            raise self._error("The cable is out.")
        self.messages.append(send.message)

    def close(self) -> None:
        pass

    @property
    def struck(self) -> list[int]:
        """The notes on channel 2, where responses are."""
        return [m.note for m in self.messages if m.type == "note_on" and m.channel == 1]

    @property
    def hanging(self) -> set[int]:
        notes: set[int] = set()
        for message in self.messages:
            if message.type in ("note_on", "note_off"):
                (notes.add if message.type == "note_on" and message.velocity else notes.discard)(message.note)
        return notes
