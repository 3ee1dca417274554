"""What the daemon itself sent and hears back is not the player."""

from __future__ import annotations

from collections import deque

from mido import Message

from livegen.note import MonotonicTime

WINDOW = 0.030  # s within which an echo comes back
LOOPED = 0.080  # s within which it does where there is known to be a loop: a busy machine may hold it up
ARMED = 60.0  # s that a loop is taken for granted after a note came back by it

NOTE_OFF, NOTE_ON = 0x80, 0x90
STEPS = (96, 97)  # controllers, data increment and decrement: each counts, the same one twice as well

Wire = tuple[int, ...]


def wire(message: Message) -> Wire:
    """The message's bytes, with every way of ending a note spelt alike."""
    if message.type == "note_off" or (message.type == "note_on" and message.velocity == 0):
        return (NOTE_OFF | message.channel, message.note)
    return tuple(message.bytes())


class Echo:
    """Remembers for a moment what was sent, and knows it again.

    A note is known by channel, key and velocity. What livegen itself plays comes back by a loop only. What the player
    plays, and is passed on, they may play again: a key that bounces, a clock's next tick. Until there is known to be a
    loop it is taken for theirs, unless it cannot be: a key that is down is not struck once more, one that is up is not
    let go. A controller's value is taken for theirs unless it repeats the last one (to drop it then costs nothing).
    """

    def __init__(self) -> None:
        self._sent: deque[tuple[MonotonicTime, Wire, bool]] = deque()  # with whether it is ours
        self._armed_until = float("-inf")

    def sent(self, message: Message, now: MonotonicTime, *, ours: bool = True) -> None:
        """A message left by a port: livegen's own, or one of the player's that is passed on."""
        self._forget(now)
        self._sent.append((now, wire(message), ours))

    def heard(self, message: Message, at: MonotonicTime, *, held: bool = False) -> bool:
        """Whether this is an echo. Each thing sent is echoed once.

        Args:
            message: what came in.
            at: when.
            held: whether the player has the key of a note down.
        """
        self._forget(at)
        seen = wire(message)
        struck, let_go = (seen[0] & 0xF0 == kind for kind in (NOTE_ON, NOTE_OFF))
        armed = at <= self._armed_until
        if not armed and (held if let_go else not struck and not self._repeats(message, seen)):
            return False
        for entry in self._sent:
            sent, what, ours = entry
            if what == seen and at - sent <= (LOOPED if armed else WINDOW) and (armed or ours or held or not struck):
                self._sent.remove(entry)
                if struck or (let_go and armed):
                    self._armed_until = at + ARMED
                return True
        return False

    def _repeats(self, message: Message, seen: Wire) -> bool:
        """Whether it sets a controller, wheel or the like to what it was last sent."""
        if not hasattr(message, "channel") or (message.type == "control_change" and message.control in STEPS):
            return False
        return next((sent for _, sent, _ in reversed(self._sent) if sent[:-1] == seen[:-1]), None) == seen

    def _forget(self, now: MonotonicTime) -> None:
        while self._sent and now - self._sent[0][0] > LOOPED:
            self._sent.popleft()
