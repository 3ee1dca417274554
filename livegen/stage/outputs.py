"""Which notes sound at an output, and who played them.

Rules:
- Every note that was sent gets its note_off, also at the end of the program, on panic and when the output is lost.
- livegen never ends a note whose key the player holds.
- On the player's channel livegen ends only its own notes. While the player's pedal is down, livegen does not move the
  pedal of that channel. Our pedal is up after every response.
- If both players sound on one instrument, a response uses a channel that the player does not use.
"""

from __future__ import annotations

from collections.abc import Iterable

from mido import Message

from livegen.stage.control import PEDALS, RESET_CONTROLLERS, is_reset
from livegen.stage.events import PortId
from livegen.stage.hands import Hands
from livegen.stage.held import Change, Held
from livegen.stage.messages import control_change, note_off, note_on
from livegen.stage.pairing import ALL_NOTES_OFF, ALL_SOUND_OFF, DRUMS, NOTES_OFF
from livegen.stage.pedals import HOLDING

SUSTAIN = PEDALS["sustain"]
CHANNELS = 16

Sounding = tuple[int, int]  # channel, pitch


class Output:
    """Keeps track of what was sent to one output. Methods return the messages to send, in order.

    Args:
        port: its identity.
        channel: 0..15, of responses; None: one that the player does not use, if `thru`, else the first.
        thru: whether it gets the player's notes.
    """

    def __init__(self, port: PortId, *, channel: int | None, thru: bool) -> None:
        self.port = port
        self._configure(channel, thru=thru)
        self._ours: set[Sounding] = set()  # notes that we started
        self._left: set[Sounding] = set()  # of these, ended, but the player holds their keys
        self._forwarded: set[Sounding] = set()
        self._pedals: set[tuple[int, int]] = set()  # (channel, control) forwarded as down
        self._used: set[int] = set()  # channels on which notes or pedals were sent
        self._pedal = False  # whether we want the sustain pedal of our channel down
        self._pedal_sent = False  # whether the last value that we sent was down

    def _configure(self, channel: int | None, *, thru: bool) -> None:
        self.thru = thru
        self.fixed_channel = channel
        self._evades = channel is None and thru
        self.channel = int(thru) if channel is None else channel

    def change(self, *, channel: int | None, thru: bool) -> list[Message]:
        """End all notes and use other settings. The arguments are those of the class."""
        messages = self.close()
        self._configure(channel, thru=thru)
        return messages

    @property
    def sounding(self) -> frozenset[Sounding]:
        """All notes that were sent and have not ended."""
        return frozenset(self._ours | self._forwarded)

    # The player's part. `change` is the effect of the message on `hands`.

    def forward(self, message: Message, change: Change, hands: Hands) -> list[Message]:
        """Forward a message of the player."""
        if change.ignored:
            return []
        if message.type == "note_on" and message.velocity > 0:
            return [*self._end(change.released, hands), *self._start_forwarded(message)]
        if message.type in ("note_on", "note_off"):
            return self._forward_release(message, change, hands)
        if message.type == "control_change":
            return self._forward_control(message, change, hands)
        thru = [message] if self.thru else []
        return [*thru, *self.end(change.released, hands)] if is_reset(message) else thru

    def end(self, released: Iterable[Held], hands: Hands) -> list[Message]:
        """End keys and pedals that went up without separate messages: their port was closed or reset."""
        lifted = {pedal for pedal in self._pedals if not hands.pedals.is_down(*pedal)}
        self._pedals -= lifted
        return [*(control_change(*pedal) for pedal in sorted(lifted)), *self._end(released, hands)]

    def _start_forwarded(self, message: Message) -> list[Message]:
        if not self.thru:
            return []
        self._used.add(message.channel)
        self._forwarded.add((message.channel, message.note))
        return [message]

    def _forward_release(self, message: Message, change: Change, hands: Hands) -> list[Message]:
        key = (message.channel, message.note)
        others = self._end((held for held in change.released if held.key[1:] != key), hands)
        if key in self._ours:
            return [*self._end_left({key}, hands), *others]
        if not self.thru or hands.holds(*key):
            return others
        self._forwarded.discard(key)
        return [message, *others]

    def _forward_control(self, message: Message, change: Change, hands: Hands) -> list[Message]:
        channel, control = message.channel, message.control
        if control in HOLDING and self.thru:
            self._used.add(channel)
            (self._pedals.add if message.value > 0 else self._pedals.discard)((channel, control))
        elif control == RESET_CONTROLLERS:
            self._pedals = {pedal for pedal in self._pedals if pedal[0] != channel}
        thru = [message] if self.thru else []
        if control not in NOTES_OFF:
            return [*thru, *self._end_left({held.key[1:] for held in change.released}, hands)]
        ended = self._end(change.released, hands)  # FluidSynth ignores 124 to 127, other instruments all of them
        return [*thru, *ended, *self._end_left({key for key in self._left if key[0] == channel}, hands)]

    def _end(self, released: Iterable[Held], hands: Hands) -> list[Message]:
        """End keys that were released by a message other than their note_off, or that the player presses again."""
        ended = {held.key[1:] for held in released if not hands.holds(*held.key[1:], but=held.key)}
        theirs = sorted((ended & self._forwarded) - self._ours)
        self._forwarded.difference_update(theirs)
        return [*(note_off(*key) for key in theirs), *self._end_left(ended, hands)]

    def _end_left(self, keys: set[Sounding], hands: Hands) -> list[Message]:
        """End our notes that still sound only because the player held their keys."""
        ended = sorted(key for key in keys & self._left if not hands.holds(*key))
        for key in ended:
            self._forget(key)
        return [note_off(*key) for key in ended]

    # The response.

    def begin(self, hands: Hands) -> None:
        """A response begins: choose a channel that the player does not use, if there is one."""
        used = hands.channels
        if self._evades and self.channel in used and not self._ours and not self._pedal_sent:
            self.channel = next((c for c in range(CHANNELS) if c != DRUMS and c not in used), self.channel)

    def start(self, pitch: int, velocity: int) -> list[Message]:
        """Start a note of ours."""
        self._used.add(self.channel)
        self._ours.add((self.channel, pitch))
        self._left.discard((self.channel, pitch))
        return [note_on(self.channel, pitch, velocity)]

    def stop(self, pitch: int, hands: Hands) -> list[Message]:
        """End a note of ours. If the player holds that key, the note ends when they release it."""
        return [message for key in sorted(self._ours) if key[1] == pitch for message in self._stop(key, hands)]

    def _stop(self, key: Sounding, hands: Hands) -> list[Message]:
        if hands.holds(*key):
            self._left.add(key)
            return []
        self._forget(key)
        return [note_off(*key)]

    def move_pedal(self, hands: Hands, *, down: bool) -> list[Message]:
        """Move our pedal, or wait, if the player has a pedal down on the same channel."""
        self._pedal = down
        return self.settle(hands)

    def settle(self, hands: Hands) -> list[Message]:
        """Send the position of our pedal, unless the player has a pedal down on the same channel."""
        if self._pedal == self._pedal_sent or (self.channel in hands.channels and hands.pedals.sustain):
            return []
        self._pedal_sent = self._pedal
        return [control_change(self.channel, SUSTAIN, 127 if self._pedal else 0)]

    def silence(self, hands: Hands) -> list[Message]:
        """End our notes. Our pedal goes up first, because it would hold them."""
        messages = self.move_pedal(hands, down=False)
        if not messages and self.channel not in hands.channels:
            messages = [control_change(self.channel, SUSTAIN)]
        return messages + [message for key in sorted(self._ours) for message in self._stop(key, hands)]

    # The end.

    def close(self) -> list[Message]:
        """End everything, the player's part too: nobody will forward their note_offs."""
        ours = {(self.channel, SUSTAIN)} if self._ours or self._pedal_sent else set()
        messages = [control_change(*pedal) for pedal in sorted(self._pedals | ours)]
        messages += [note_off(*key) for key in sorted(self.sounding)]
        for book in (self._ours, self._left, self._forwarded, self._pedals):
            book.clear()
        self._pedal = self._pedal_sent = False
        return messages

    def panic(self) -> list[Message]:
        """End everything, also notes that hang at the instrument because a message was lost."""
        messages = self.close()
        controls = (*sorted(HOLDING), ALL_NOTES_OFF, ALL_SOUND_OFF)
        return messages + [control_change(channel, each) for channel in sorted(self._used) for each in controls]

    def _forget(self, key: Sounding) -> None:
        self._ours.discard(key)
        self._left.discard(key)
        self._forwarded.discard(key)
