"""What the daemon itself sent and hears back is not the player."""

from __future__ import annotations

from collections import deque

from mido import Message

from livegen.note import MonotonicTime

WINDOW = 0.030  # s within which an echo comes back
LOOPED = 0.080  # s within which it does where there is known to be a loop: a busy machine may hold it up
ARMED = 60.0  # s that a loop is taken for granted after a note came back by it

Wire = tuple[int, ...]


def wire(message: Message) -> Wire:
    """The message's bytes, with every way of ending a note spelt alike."""
    if message.type == "note_off" or (message.type == "note_on" and message.velocity == 0):
        return (0x80 | message.channel, message.note)
    return tuple(message.bytes())


class Echo:
    """Remembers for a moment what was sent, and knows it again.

    A note is known by channel, key and velocity. A controller's value can only be told from the player's own where it
    repeats the last one sent (to drop it then costs nothing), or where notes have lately come back too.
    """

    def __init__(self) -> None:
        self._sent: deque[tuple[MonotonicTime, Wire]] = deque()
        self._armed_until = float("-inf")

    def sent(self, message: Message, now: MonotonicTime) -> None:
        self._forget(now)
        self._sent.append((now, wire(message)))

    def heard(self, message: Message, at: MonotonicTime) -> bool:
        """Whether this is an echo. Each thing sent is echoed once."""
        self._forget(at)
        seen = wire(message)
        note = message.type in ("note_on", "note_off")
        armed = at <= self._armed_until
        if not (note or armed) and self._last(seen[:-1]) != seen:
            return False
        for entry in self._sent:
            if entry[1] == seen and at - entry[0] <= (LOOPED if armed else WINDOW):
                self._sent.remove(entry)
                if note:
                    self._armed_until = at + ARMED
                return True
        return False

    def _last(self, prefix: Wire) -> Wire | None:
        """What was sent last to the same controller, wheel or the like."""
        return next((sent for _, sent in reversed(self._sent) if sent[:-1] == prefix), None)

    def _forget(self, now: MonotonicTime) -> None:
        while self._sent and now - self._sent[0][0] > LOOPED:
            self._sent.popleft()
