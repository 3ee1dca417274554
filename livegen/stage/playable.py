"""Makes a response playable by two hands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from livegen.stage.events import ResponseNote

FINGERS, SPAN = 5, 16
"""Of a hand: keys, and semitones from the lowest to the highest (a tenth). In MAESTRO 2 onsets in 10,000 need more."""
RESTRIKE = 0.015  # s between a key's release and its next stroke
FASTEST = 0.05
"""s from one stroke of a key to the next. In MAESTRO and POP909 one in 1,000 is faster."""
SHORTEST = 0.02  # s, of a note
CHORD = 0.035  # s: keys that are struck together


def playable(notes: Iterable[ResponseNote]) -> tuple[ResponseNote, ...]:
    """The same notes, by offset, with each key up before it is pressed again, and all keys in reach of two hands.

    What the hands must leave for a note is shortened. A note is left out if its key was struck just before, or if it
    belongs to a chord that no two hands can grasp.
    """
    done: list[ResponseNote] = []
    down: list[int] = []  # indices in `done`
    for note in notes:
        down = [i for i in down if done[i].offset + done[i].duration > note.offset]
        leaving = _leaving([done[i] for i in down], note)
        if leaving is None or _repeats(done, note):
            continue
        for i in [down[place] for place in leaving]:
            held = done[i]
            gap = RESTRIKE if held.pitch == note.pitch else 0.0
            done[i] = held._replace(duration=note.offset - gap - held.offset)
            down.remove(i)
        down.append(len(done))
        done.append(note)
    return tuple(done)


def _leaving(held: Sequence[ResponseNote], note: ResponseNote) -> list[int] | None:
    """Which of the notes that are down must end for another one, the oldest first; None: it cannot be played."""
    leaving = [place for place, each in enumerate(held) if each.pitch == note.pitch]
    staying = [place for place in range(len(held)) if place not in leaving]
    while not in_reach([note.pitch, *(held[place].pitch for place in staying)]):
        oldest = held[staying[0]]
        if note.offset - oldest.offset < CHORD:
            return None
        leaving.append(staying.pop(0))
    return leaving


def _repeats(done: Sequence[ResponseNote], note: ResponseNote) -> bool:
    """Whether a finger would have to be too fast."""
    last = next((each for each in reversed(done) if each.pitch == note.pitch), None)
    return last is not None and note.offset - last.offset < FASTEST


def in_reach(pitches: Iterable[int]) -> bool:
    """Whether two hands, side by side, can hold these keys."""
    keys = sorted(pitches)
    return any(_one_hand(keys[:split]) and _one_hand(keys[split:]) for split in range(len(keys) + 1))


def _one_hand(keys: Sequence[int]) -> bool:
    return not keys or (len(keys) <= FINGERS and keys[-1] - keys[0] <= SPAN)
