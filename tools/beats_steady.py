"""Steady calls, made here: at a tempo, in a metre and with a feel that are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from livegen.note import MonotonicTime, SoundedNote

TEMPOS = (48, 60, 76, 92, 112, 132, 152, 168, 184)  # beats per minute; of 6/8 up to 132, a beat of three eighths
FEELS = {"straight": 0.5, "2:1": 2 / 3, "3:2": 0.6}
METRES = {"4/4": 4, "3/4": 3, "6/8": 2}
TEXTURES = ("melody", "bass and melody", "chords and melody")
STRAY = 0.02  # share of notes that are played at any time
ROLLED = 0.03  # s over which the notes of a chord are spread
ROOTS = (48, 45, 41, 43)


@dataclass(frozen=True, slots=True)
class Call:
    """A call and how it was made."""

    notes: tuple[SoundedNote, ...]
    start: float  # s, the first downbeat
    beat: float  # s
    bar: int  # beats
    feel: str
    metre: str
    grid: tuple[float, ...]  # where onsets may be in a beat


def rhythms(metre: str, swing: float, fast: bool) -> list[tuple[float, ...]]:
    """What a melody plays in a beat."""
    if metre == "6/8":
        return [(0, 1 / 3, 2 / 3), (0, 2 / 3), (0,), (0, 1 / 3, 2 / 3)]
    if swing != FEELS["straight"]:
        return [(0, swing), (0, swing), (0,), (swing,), (0, swing)]
    slow = [(0, 0.5), (0,), (0, 0.5), (0.5,)]
    return slow if fast else [*slow, (0, 0.25, 0.5, 0.75), (0, 0.5, 0.75), (0, 0.25, 0.5)]


def call(tempo: float, metre: str, feel: str, texture: str, jitter: float, seed: int, bars: int = 4) -> Call:
    """A call of some bars that ends with a note on the last beat but one, or near it."""
    random = Random(f"{tempo} {metre} {feel} {texture} {seed}")
    beat, bar, swing, start = 60 / tempo, METRES[metre], FEELS[feel], random.uniform(0.5, 3)
    if metre == "6/8":
        bars *= 2
    choices = rhythms(metre, swing, tempo > 130)
    found: list[tuple[float, int, int]] = []
    height = 72
    for number in range(bars * bar):
        at, place = start + number * beat, number % bar
        root = ROOTS[number // bar % 4]
        if texture == "bass and melody":
            found.append((at, root - 12 if place == 0 else root - 12 + random.choice((0, 4, 7, 12)), 62))
        elif texture == "chords and melody" and place in {0, 2}:
            found += [(at + random.uniform(0, ROLLED), root + step, 58) for step in (0, 4, 7)]
        for point in (0.0,) if number == 0 else random.choice(choices):
            height = min(84, max(64, height + random.choice((-4, -2, -1, 1, 2, 3))))
            loud = 80 if point == 0 else 70
            found.append((at + point * beat, height, loud + random.randint(-8, 8) + (6 if place == 0 and point == 0 else 0)))
        if random.random() < STRAY * 2:
            found.append((at + random.random() * beat, height + 1, 60))
    notes = sorted((max(0.0, at + random.gauss(0, jitter)), pitch, velocity) for at, pitch, velocity in found)
    grid = (0, 1 / 3, 2 / 3) if metre == "6/8" or feel == "2:1" else (0, 0.25, 0.5, 0.75) if feel == "straight" else (0, 0.6)
    sounded = tuple(SoundedNote(pitch, MonotonicTime(at), 0.2, velocity) for at, pitch, velocity in notes)
    return Call(sounded, start, beat, bar, feel, metre, tuple(map(float, grid)))


def calls(jitter: float, seeds: int) -> Iterator[Call]:
    """Calls of all kinds."""
    for tempo in TEMPOS:
        for metre in METRES:
            for feel in FEELS:
                if metre == "6/8" and (feel != "straight" or tempo > 132):
                    continue
                for texture in TEXTURES:
                    for seed in range(seeds):
                        yield call(tempo, metre, feel, texture, jitter, seed)
