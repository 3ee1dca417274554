"""What sounds at one output, and who struck it.

Rules: whatever was sounded is released; a key that the player still holds is never cut; on the player's channel
nothing but our own notes is touched.
"""

from __future__ import annotations

from mido import Message

from livegen.stage.control import PEDALS
from livegen.stage.listener import ALL_NOTES_OFF, ALL_SOUND_OFF, DRUMS, HOLDING, Key, Listener

SUSTAIN = PEDALS["sustain"]


class Voice:
    """One output's books. Returns the messages to send, in order.

    Args:
        thru: whether the player's messages go there too.
        channel: of the response, 0..15.
        evades: whether a response takes another channel where the player's notes have come by this one.
    """

    def __init__(self, *, thru: bool, channel: int, evades: bool = False) -> None:
        self.thru = thru
        self.channel = channel
        self._evades = evades
        self._heard: set[int] = set()  # channels of the player's notes
        self._ours: set[int] = set()  # pitches that we struck
        self._waiting: set[int] = set()  # of these, the ones over, but under a finger of the player
        self._theirs: set[Key] = set()  # keys that the player has down
        self._pedals: set[tuple[int, int]] = set()  # pedals (channel, control) passed on as down
        self._pedal = False  # whether we want our channel's sustain pedal down
        self._pedal_sent = False  # and whether our last word of it was that it is

    @property
    def sounding(self) -> frozenset[tuple[int, int]]:
        """(channel, pitch) of everything that was sent and not yet released."""
        theirs = {key[1:] for key in self._theirs} if self.thru else set()
        return frozenset({(self.channel, pitch) for pitch in self._ours} | theirs)

    def pass_on(self, message: Message, port: int) -> list[Message]:
        """A message of the player's."""
        if message.type == "control_change" and message.control in (ALL_SOUND_OFF, ALL_NOTES_OFF):
            return self._all_off(message, port)
        if message.type not in ("note_on", "note_off"):
            if self.thru and message.type == "control_change" and message.control in HOLDING:
                pedal = (message.channel, message.control)
                (self._pedals.add if message.value > 0 else self._pedals.discard)(pedal)
            return [message] if self.thru else []
        key = (port, message.channel, message.note)
        if message.type == "note_on" and message.velocity > 0:
            self._theirs.add(key)
            self._heard.add(message.channel)
            return [message] if self.thru else []
        return self._key_up(key, message)

    def _key_up(self, key: Key, message: Message) -> list[Message]:
        self._theirs.discard(key)
        _, channel, pitch = key
        mine = channel == self.channel and pitch in self._ours
        if mine and pitch in self._waiting and not any(other[1:] == key[1:] for other in self._theirs):
            self._ours.discard(pitch)
            self._waiting.discard(pitch)
            return [message]
        if not self.thru or mine or any(other[1:] == key[1:] for other in self._theirs):
            return []
        return [message]

    def _all_off(self, message: Message, port: int) -> list[Message]:
        """The player lets go of all keys of a channel, and of ours that wait under them."""
        self._theirs = {key for key in self._theirs if key[:2] != (port, message.channel)}
        messages = [message] if self.thru else []
        held = {key[1:] for key in self._theirs}
        for pitch in sorted(self._waiting) if message.channel == self.channel else ():
            if (message.channel, pitch) not in held:
                self._ours.discard(pitch)
                self._waiting.discard(pitch)
                messages.append(Message("note_off", channel=self.channel, note=pitch))
        return messages

    def begin(self) -> None:
        """A response comes: let it have a channel of its own, if there is one."""
        if self._evades and self.channel in self._heard and not self._ours and not self._pedal_sent:
            self.channel = next((c for c in range(16) if c != DRUMS and c not in self._heard), self.channel)

    def start(self, pitch: int, velocity: int) -> list[Message]:
        """Strike a note of ours."""
        self._ours.add(pitch)
        self._waiting.discard(pitch)
        return [Message("note_on", channel=self.channel, note=pitch, velocity=velocity)]

    def stop(self, pitch: int, player: Listener) -> list[Message]:
        """Let a note of ours go, or, where the player has that key down, leave it to them."""
        if pitch not in self._ours:
            return []
        if player.holds(self.channel, pitch):
            self._waiting.add(pitch)
            return []
        self._ours.discard(pitch)
        return [Message("note_off", channel=self.channel, note=pitch)]

    def pedal(self, player: Listener, *, down: bool) -> list[Message]:
        """Move our pedal. Where the channel is the player's too, it is theirs as long as they have it down."""
        self._pedal = down
        return self.settle(player)

    def settle(self, player: Listener) -> list[Message]:
        """Bring our pedal to where it should be, if the player's foot is off theirs."""
        if self._pedal == self._pedal_sent or (self.channel in player.channels and player.sustained):
            return []
        self._pedal_sent = self._pedal
        return [self._sustain(127 if self._pedal else 0)]

    def silence(self, player: Listener) -> list[Message]:
        """End what is ours. Our pedal goes first, or the note_offs would ring on."""
        messages = self.pedal(player, down=False)
        if not messages and self.channel not in player.channels:
            messages = [self._sustain(0)]
        for pitch in sorted(self._ours):
            messages += self.stop(pitch, player)
        return messages

    def close(self) -> list[Message]:
        """End everything, the player's too: nobody will pass on their note_offs."""
        ours = {(self.channel, SUSTAIN)} if self._ours or self._pedal_sent else set()
        messages = [Message("control_change", channel=c, control=n, value=0) for c, n in sorted(self._pedals | ours)]
        messages += [Message("note_off", channel=c, note=pitch) for c, pitch in sorted(self.sounding)]
        for book in (self._ours, self._waiting, self._theirs, self._pedals):
            book.clear()
        self._pedal = self._pedal_sent = False
        return messages

    def _sustain(self, value: int) -> Message:
        return Message("control_change", channel=self.channel, control=SUSTAIN, value=value)
