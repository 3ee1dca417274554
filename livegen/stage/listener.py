"""What the player's hands and feet do, out of MIDI messages.

Rules: a note_on with velocity 0 is a note_off; a repeated note_on closes the first; notes leave in order of onset;
drums (channel 10), clock and active sensing are neither notes nor life signs; the soft pedal sustains nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from mido import Message

from livegen.note import INSTANT, MonotonicTime, Pedal, SoundedNote
from livegen.stage.control import DOWN, PEDALS

DRUMS = 9  # channel 10, counted from 0 as mido does
HOLDING = frozenset((PEDALS["sustain"], PEDALS["sostenuto"]))
ALL_SOUND_OFF, ALL_NOTES_OFF = 120, 123

Key = tuple[int, int, int]
"""Port, channel, note."""


class Heard(Enum):
    KEY_DOWN = auto()
    KEY_UP = auto()
    PEDAL = auto()  # a pedal that holds notes went up or down
    NOTHING = auto()  # that the stage acts on


@dataclass(slots=True)
class _Stroke:
    pitch: int
    onset: MonotonicTime
    velocity: int
    pedal: Pedal
    end: MonotonicTime | None = None


class Listener:
    """Hears one player on any number of ports.

    Args:
        channel: the only one heard (0..15), or None for all but the drums'.
    """

    def __init__(self, channel: int | None = None) -> None:
        self._channel = channel
        self._down: dict[Key, _Stroke] = {}
        self._strokes: list[_Stroke] = []  # in order of onset, until those before have ended too
        self._pedals: set[Key] = set()
        self._pressed = self._lifted = MonotonicTime(-inf)  # the sustain pedal, last
        self.channels: set[int] = set()
        """Where the player has been heard so far."""

    @property
    def keys_down(self) -> bool:
        return bool(self._down)

    @property
    def pedal_down(self) -> bool:
        return bool(self._pedals)

    @property
    def sustained(self) -> bool:
        """Whether the player has a sustain pedal down."""
        return any(control == PEDALS["sustain"] for _, _, control in self._pedals)

    def holds(self, channel: int, pitch: int) -> bool:
        """Whether the player has this key down, on any port."""
        return any(key[1:] == (channel, pitch) for key in self._down)

    def hear(self, message: Message, at: MonotonicTime, port: int = 0) -> Heard:
        channel = getattr(message, "channel", None)
        if channel is None or (channel == DRUMS if self._channel is None else channel != self._channel):
            return Heard.NOTHING
        if message.type == "note_on" and message.velocity > 0:
            self.channels.add(channel)
            self._press((port, channel, message.note), message.velocity, at)
            return Heard.KEY_DOWN
        if message.type in ("note_on", "note_off"):
            return Heard.KEY_UP if self._release((port, channel, message.note), at) else Heard.NOTHING
        if message.type == "control_change":
            return self._control(message, at, port)
        return Heard.NOTHING

    def release_all(self, at: MonotonicTime, port: int) -> Heard:
        """Take all keys and pedals of a port for released: nothing more will come from it."""
        self._set_pedals({pedal for pedal in self._pedals if pedal[0] != port}, at)
        keys = [key for key in self._down if key[0] == port]
        for key in keys:
            self._release(key, at)
        return Heard.KEY_UP if keys else Heard.PEDAL

    def finished(self) -> Iterator[SoundedNote]:
        """The notes that have ended since, each as soon as those that began before it have ended too."""
        while self._strokes and self._strokes[0].end is not None:
            stroke = self._strokes.pop(0)
            assert stroke.end is not None
            duration = max(stroke.end - stroke.onset, INSTANT)
            yield SoundedNote(stroke.pitch, stroke.onset, duration, stroke.velocity, stroke.pedal)

    def _press(self, key: Key, velocity: int, at: MonotonicTime) -> None:
        self._release(key, at)
        # Two ports may be stamped in another order than they are heard.
        pedal = Pedal(self.sustained, max(0.0, at - self._pressed), max(0.0, at - self._lifted))
        stroke = self._down[key] = _Stroke(key[2], at, velocity, pedal)
        self._strokes.append(stroke)

    def _release(self, key: Key, at: MonotonicTime) -> bool:
        stroke = self._down.pop(key, None)
        if stroke is None:
            return False
        stroke.end = at
        return True

    def _control(self, message: Message, at: MonotonicTime, port: int) -> Heard:
        if message.control in (ALL_SOUND_OFF, ALL_NOTES_OFF):
            keys = [key for key in self._down if key[:2] == (port, message.channel)]
            return Heard.KEY_UP if [key for key in keys if self._release(key, at)] else Heard.NOTHING
        if message.control not in HOLDING:
            return Heard.NOTHING
        pedal = (port, message.channel, message.control)
        if (message.value >= DOWN) == (pedal in self._pedals):
            return Heard.NOTHING
        self._set_pedals(self._pedals ^ {pedal}, at)
        return Heard.PEDAL

    def _set_pedals(self, down: set[Key], at: MonotonicTime) -> None:
        before, self._pedals = self.sustained, down
        if self.sustained and not before:
            self._pressed = at
        elif before and not self.sustained:
            self._lifted = at
