"""Which note_off ends which note. One rule, for MIDI files and for live playing.

- A key is a channel and a pitch of one port or of one track.
- A note_on with velocity 0 is a note_off.
- A note_on for a key that is down ends the sounding note and begins another one.
- A note_off up to `RESTRIKE_GRACE` after such a note_on belongs to the note that it ended: the new note continues.
  Sequencers write a repeated note this way, the note_on before the note_off at the same moment.
- A note_off for a key that is up is ignored.
- All sound off, all notes off and the mode messages, which imply it (controllers 120 and 123 to 127), end every note of
  their channel on that port or track.
- A note whose key goes up at the moment at which it went down lasts `livegen.note.INSTANT`.
- A note whose key never goes up lasts until the end of the file.

Pure: no clock, nothing beyond the standard library.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

RESTRIKE_GRACE = 0.005
"""s, inclusive."""

ALL_SOUND_OFF, ALL_NOTES_OFF = 120, 123  # controllers
NOTES_OFF = frozenset((ALL_SOUND_OFF, *range(ALL_NOTES_OFF, 128)))
"""Controllers that end all notes of a channel. (MIDI 1.0: mode messages imply all notes off.)"""
DRUMS = 9  # channel 10, counted from 0 as mido does

_ROUNDING = 1e-9  # s, for the rounding errors of summed times

Key = TypeVar("Key", bound=Hashable)


class Pairing(Generic[Key]):
    """The keys that are down. Iterates over them in the order in which they were pressed."""

    def __init__(self) -> None:
        self._down: dict[Key, list[float]] = {}  # until these times a note_off belongs to a note that has ended

    def __contains__(self, key: object) -> bool:
        return key in self._down

    def __iter__(self) -> Iterator[Key]:
        return iter(self._down)

    def __len__(self) -> int:
        return len(self._down)

    def press(self, key: Key, at: float) -> bool:
        """A note begins. Returns whether this ended another one, because the key was down.

        Args:
            key: of the note.
            at: s.
        """
        late = self._down.get(key)
        if late is None:
            self._down[key] = []
            return False
        late.append(at + RESTRIKE_GRACE + _ROUNDING)
        return True

    def release(self, key: Key, at: float) -> bool:
        """Handle a note_off. Returns whether it ended a note.

        Args:
            key: of the note_off.
            at: s.
        """
        late = self._down.get(key)
        if late is None:
            return False
        while late and late[0] < at:
            late.pop(0)
        if late:
            late.pop(0)
            return False
        del self._down[key]
        return True

    def end(self, key: Key) -> bool:
        """End the note of a key without a note_off. Returns whether the key was down."""
        return self._down.pop(key, None) is not None
