"""Recognises messages that livegen sent and that come back through a loop: they are not the player's."""

from __future__ import annotations

from collections import deque

from mido import Message

from livegen.note import MonotonicTime
from livegen.stage.events import PortId
from livegen.stage.hands import Hands

WINDOW = 0.030  # s within which an echo comes back
LOOPED = 0.080  # the same if a loop is known: a busy machine may delay the echo
ARMED = 60.0  # s that a loop counts as known after a note came back

NOTE_OFF, NOTE_ON = 0x80, 0x90
COUNTED = (96, 97)  # controllers data increment and decrement: a repeated one counts again
IN_TURN = (6, 38, *range(98, 102), *range(120, 128))
"""Controllers whose effect depends on earlier messages: data entry and its parameters, all notes off and similar."""

Wire = tuple[int, ...]


def wire(message: Message) -> Wire:
    """The bytes of the message. A note_on with velocity 0 and a note_off of any velocity give the same bytes."""
    if message.type == "note_off" or (message.type == "note_on" and message.velocity == 0):
        return (NOTE_OFF | message.channel, message.note)
    return tuple(message.bytes())


class Echo:
    """Remembers for a short time what was sent, and recognises it when it comes back.

    A note is recognised by channel, key and velocity. livegen's own notes come back only through a loop. A message that
    livegen forwarded may also be repeated by the player: a key that bounces, the next tick of a clock. So until a loop
    is known, a forwarded message counts as an echo only if it is redundant: a note_on for a key that is down, a
    note_off for a key that is up, a controller set to its current value. With or without a loop, a note_off for a key
    that the player holds is the player's, unless livegen sent one.
    """

    def __init__(self) -> None:
        self._sent: deque[tuple[MonotonicTime, Wire, bool]] = deque()  # the last item: whether it is ours
        self._armed_until = float("-inf")

    def sent(self, message: Message, now: MonotonicTime, *, ours: bool = True) -> None:
        """A message was sent to a port: livegen's own, or one of the player's that is forwarded."""
        self._forget(now)
        self._sent.append((now, wire(message), ours))

    def heard(self, message: Message, at: MonotonicTime, port: PortId, hands: Hands) -> bool:
        """Whether this is an echo. Each message that was sent comes back once."""
        self._forget(at)
        seen = wire(message)
        kind = seen[0] & 0xF0
        looped = at <= self._armed_until
        if kind == NOTE_ON:
            if_ours, if_theirs = True, looped or hands.holds(seen[0] & 0xF, seen[1])
        elif kind == NOTE_OFF:
            if_theirs = (port, seen[0] & 0xF, seen[1]) not in hands
            if_ours = looped or if_theirs
        else:
            if_ours = if_theirs = looped or self._changes_nothing(message, seen)
        for entry in self._sent:
            sent, what, ours = entry
            if what == seen and at - sent <= (LOOPED if looped else WINDOW) and (if_ours if ours else if_theirs):
                self._sent.remove(entry)
                if kind == NOTE_ON or (kind == NOTE_OFF and looped):
                    self._armed_until = at + ARMED
                return True
        return False

    def forget(self) -> None:
        """Forget what was sent and that a loop is known: after panic, and when ports change."""
        self._sent.clear()
        self._armed_until = float("-inf")

    def _changes_nothing(self, message: Message, seen: Wire) -> bool:
        """Whether the message sets a controller, wheel or similar to the value that was sent last."""
        control = message.control if message.type == "control_change" else None
        if not self._sent or not hasattr(message, "channel") or control in COUNTED:
            return False
        if message.type == "program_change" or control in IN_TURN:
            return self._sent[-1][1] == seen
        names = 2 if message.type in ("control_change", "polytouch") else 1  # bytes that identify what is set
        return next((what for _, what, _ in reversed(self._sent) if what[:names] == seen[:names]), None) == seen

    def _forget(self, now: MonotonicTime) -> None:
        while self._sent and now - self._sent[0][0] > LOOPED:
            self._sent.popleft()
