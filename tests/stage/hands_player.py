"""A player whose notes are collected, for the tests of hands and feet."""

from __future__ import annotations

from mido import Message
from virtual_stage import at, off, on

from livegen.note import Pedal, SoundedNote
from livegen.stage.events import PortId
from livegen.stage.hands import Hands
from livegen.stage.held import Change
from livegen.stage.settings import AUTO

LEFT, RIGHT = PortId("left"), PortId("right")


class Player:
    """Hands, and all notes that have ended."""

    def __init__(self, channel: int | str = AUTO) -> None:
        self.hands = Hands(channel)
        self.notes: list[SoundedNote] = []

    def does(self, message: Message, when: float, port: PortId = LEFT) -> Change:
        return self._ended(self.hands.hear(message, at(when), port), when)

    def forgets(self, when: float, port: PortId | None = None) -> Change:
        return self._ended(self.hands.forget(at(when), port), when)

    def _ended(self, change: Change, when: float) -> Change:
        self.notes += [held.struck.ended(at(when)) for held in change.released if held.counts]
        return change

    def pedal_at_a_stroke(self, when: float, note: int = 60) -> Pedal:
        """What a note knows of the pedal that is struck, and let go, at a moment when no other key is down."""
        self.does(on(note), when)
        self.does(off(note), when)
        return self.notes[-1].pedal


def counts(player: Player, message: Message, port: PortId = LEFT) -> bool:
    pressed = player.does(message, 0, port).pressed
    assert pressed is not None
    return pressed.counts
