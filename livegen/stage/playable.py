"""Makes a response playable by two hands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

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

    What the hands must leave for a note is shortened; if the pedal is down then, it sounds until the pedal goes up. A
    note is left out if its key was struck just before, or if it belongs to a chord that no two hands can grasp.
    """
    done: list[ResponseNote] = []
    down: list[int] = []  # indices in `done`
    held_by_pedal: list[tuple[int, float]] = []  # indices, and when a hand left the key
    for note in notes:
        lifted = note.offset - note.pedal.lifted  # -inf: not since the note before
        for i, left in held_by_pedal:
            if lifted >= left:
                _end(done, i, lifted)
        held_by_pedal = [(i, left) for i, left in held_by_pedal if lifted < left]
        down = [i for i in down if done[i].offset + done[i].duration > note.offset]
        leaving = _leaving([done[i] for i in down], note)
        if leaving is None or _repeats(done, note):
            continue
        for i in [down[place] for place in leaving]:
            down.remove(i)
            if note.pedal.down and done[i].pitch != note.pitch:
                held_by_pedal.append((i, note.offset))
            else:
                _end(done, i, note.offset - (RESTRIKE if done[i].pitch == note.pitch else 0.0))
        for i, _ in held_by_pedal:
            if done[i].pitch == note.pitch:
                _end(done, i, note.offset - RESTRIKE)
        down.append(len(done))
        done.append(note)
    return tuple(done)


def _end(done: list[ResponseNote], i: int, at: float) -> None:
    """End a note at this time, if it lasts longer."""
    if done[i].offset + done[i].duration > at:
        done[i] = done[i]._replace(duration=at - done[i].offset)


def _leaving(held: Sequence[ResponseNote], note: ResponseNote) -> list[int] | None:
    """Which of the notes that are down must end for another one: as few as possible, rather the older ones.

    None: it cannot be played, because it belongs to a chord with them.
    """
    same = [place for place, each in enumerate(held) if each.pitch == note.pitch]
    others = [place for place in range(len(held)) if place not in same]
    before = [place for place in others if note.offset - held[place].offset >= CHORD]
    for count in range(len(before) + 1):
        for leaving in combinations(before, count):
            if in_reach([note.pitch, *(held[place].pitch for place in others if place not in leaving)]):
                return [*same, *leaving]
    return None


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
