"""The player's hands and feet: every key and pedal that is down, by port and channel, and since when.

Nothing else keeps track of them: thru, echo and the conversation read this class.

Rules:
- Which note_off ends which note: `livegen.stage.pairing`.
- A note_off for a key that is up ends a key that is down on that channel one or more octaves away: the octave button
  was pressed in between. Exceptions: a note_off of a key that another message has released before, and a second
  note_off within LAYER.
- A key that arrives on two channels or ports within LAYER (layers, local and remote) is one note.
- Drums (channel 10) are not notes, unless an MPE controller plays them; clock and active sensing are ignored.
- All notes off (120, 123 to 127) releases the keys of a channel, reset all controllers (121) its pedals. A reset (of
  the system, of General MIDI, GS or XG) and the loss of a port release the keys and pedals of that port; panic releases
  all.
- A key that is down for STUCK seconds no longer keeps the turn. While the player says that they are not done, the turn
  is theirs (`livegen.stage.not_done`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mido import Message

from livegen.note import MonotonicTime, Struck
from livegen.stage.control import RESET_CONTROLLERS, is_reset
from livegen.stage.events import PortId
from livegen.stage.held import NOTHING, Change, Held, Key
from livegen.stage.mpe import MpePorts
from livegen.stage.not_done import NotDone
from livegen.stage.pairing import DRUMS, NOTES_OFF, Pairing
from livegen.stage.pedals import HOLDING, Pedals
from livegen.stage.settings import ALL, AUTO

OCTAVE = 12

STUCK = 10.0
"""s: no piano string sounds longer. A key that is down for longer may be a lost note_off."""
LAYER = 0.010
"""s: a keyboard sends one key twice within this time."""


class Hands:
    """The hands and feet of one player, on any number of ports.

    Args:
        channel: the channel to listen to (0..15), AUTO or ALL.
    """

    def __init__(self, channel: int | str = AUTO) -> None:
        self.channel = channel
        self._pairing: Pairing[Key] = Pairing()
        self._held: dict[Key, Held] = {}
        self.pedals = Pedals(self.hears)
        self._played: set[int] = set()
        self._mpe = MpePorts()
        self._stuck: set[Key] = set()
        self.not_done = NotDone()
        self._let_go: set[Key] = set()  # released without a note_off, which may follow
        self._up: dict[Key, MonotonicTime] = {}  # when each key last went up by its note_off

    @property
    def channels(self) -> frozenset[int]:
        """The channels on which the player has struck keys since the last panic."""
        return frozenset(self._played)

    def __contains__(self, key: Key) -> bool:
        return key in self._held

    @property
    def pitches(self) -> frozenset[int]:
        """The keys that the player has down, on all channels that count."""
        return frozenset(held.struck.pitch for held in self._held.values() if held.counts)

    def holds(self, channel: int, pitch: int, *, but: Key | None = None) -> bool:
        """Whether the player has this key down, on any port; not counting `but`."""
        return any(key[1:] == (channel, pitch) and key != but for key in self._held)

    def has_down(self, message: Message, port: PortId) -> bool:
        """Whether the key or pedal that a message comes from is down."""
        if message.type == "control_change":
            return (port, message.channel, message.control) in self.pedals
        return (port, message.channel, message.note) in self._held

    def hears(self, port: PortId, channel: int) -> bool:
        """Whether notes on this channel count."""
        if isinstance(self.channel, int):
            return channel == self.channel
        return self.channel == ALL or channel != DRUMS or self._mpe.is_mpe(port, channel)

    @property
    def empty(self) -> bool:
        """Whether no key is down."""
        return not self._held

    @property
    def keeps_turn(self) -> bool:
        """Whether a key is down that does not count as stuck, or the player says that they are not done."""
        return self.not_done.until is not None or any(True for _ in self._keeping())

    def _keeping(self) -> Iterator[Held]:
        """The keys that keep the turn."""
        return (held for key, held in self._held.items() if held.counts and key not in self._stuck)

    @property
    def next_stuck(self) -> MonotonicTime | None:
        """When the next key or control no longer keeps the turn, if it stays down."""
        until = [held.struck.onset + STUCK for held in self._keeping()]
        if self.not_done.until is not None:
            until.append(self.not_done.until)
        return MonotonicTime(min(until)) if until else None

    def take_stuck(self, now: MonotonicTime) -> list[Held]:
        """The keys that count as stuck from now on."""
        self.not_done.expire(now)
        stuck = [held for held in self._keeping() if now >= held.struck.onset + STUCK]
        self._stuck.update(held.key for held in stuck)
        return stuck

    def hear(self, message: Message, at: MonotonicTime, port: PortId) -> Change:
        """Handle a message."""
        if message.type == "note_on" and message.velocity > 0:
            return self._press(message, at, port)
        if message.type in ("note_on", "note_off"):
            return self._release(message, at, port)
        if message.type == "control_change":
            return self._control(message, at, port)
        if is_reset(message):
            return self.forget(at, port)
        self._mpe.hear(message, port)
        return NOTHING

    def forget(self, at: MonotonicTime, port: PortId | None = None) -> Change:
        """Release all keys and pedals of a port. Without a port: of all ports, and forget which channels were used."""
        if port is None:
            self._played.clear()
        self._mpe.forget(port)
        self.not_done.forget(port)
        moved = self.pedals.lift(port, None, at)
        return Change(released=self._release_all(key for key in self._held if port in (None, key[0])), pedal=moved)

    def _press(self, message: Message, at: MonotonicTime, port: PortId) -> Change:
        channel, pitch = message.channel, message.note
        key = (port, channel, pitch)
        self._played.add(channel)
        self._let_go.discard(key)
        released: tuple[Held, ...] = ()
        if self._pairing.press(key, at):
            released = (self._held.pop(key),)
            self._stuck.discard(key)
        layer = any(
            other != key and other[2] == pitch and self.hears(*other[:2]) and abs(at - held.struck.onset) <= LAYER
            for other, held in self._held.items()
        )
        counts = self.hears(port, channel) and not layer
        held = self._held[key] = Held(key, Struck(pitch, at, message.velocity, self.pedals.at(at)), counts)
        return Change(pressed=held, released=released)

    def _release(self, message: Message, at: MonotonicTime, port: PortId) -> Change:
        key = (port, message.channel, message.note)
        if key in self._held:
            if not self._pairing.release(key, at):
                return Change(ignored=True)
            self._stuck.discard(key)
            self._up[key] = at
            return Change(released=(self._held.pop(key),))
        if key in self._let_go:
            self._let_go.remove(key)
            return NOTHING
        if key in self._up and at <= self._up[key] + LAYER:
            return NOTHING
        shifted = [other for other in self._held if other[:2] == key[:2] and other[2] % OCTAVE == key[2] % OCTAVE]
        return Change(released=self._end(shifted)) if len(shifted) == 1 else NOTHING

    def _control(self, message: Message, at: MonotonicTime, port: PortId) -> Change:
        self._mpe.hear(message, port)
        here, control = (port, message.channel), message.control
        if control in NOTES_OFF:
            return Change(released=self._release_all(key for key in self._held if key[:2] == here))
        if control == RESET_CONTROLLERS:
            return Change(pedal=self.pedals.lift(*here, at))
        if control not in HOLDING:
            return NOTHING
        return Change(pedal=self.pedals.move((*here, control), message.value, at))

    def _release_all(self, keys: Iterable[Key]) -> tuple[Held, ...]:
        released = self._end(keys)
        self._let_go.update(held.key for held in released)
        return released

    def _end(self, keys: Iterable[Key]) -> tuple[Held, ...]:
        released = []
        for key in list(keys):
            self._pairing.end(key)
            self._stuck.discard(key)
            released.append(self._held.pop(key))
        return tuple(released)
