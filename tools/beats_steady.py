"""Steady calls, made here: at a tempo, in a metre and with a feel that are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from statistics import fmean, median

from livegen.note import MonotonicTime, SoundedNote
from livegen.stage.pulse import Pulse

TEMPOS = (48, 60, 76, 92, 112, 132, 152, 168, 184)  # beats per minute; of 6/8 up to 132, a beat of three eighths
FEELS = {"straight": 0.5, "2:1": 2 / 3, "3:2": 0.6}
METRES = {"4/4": 4, "3/4": 3, "6/8": 2}
TEXTURES = ("melody", "bass and melody", "chords and melody")
STRAY = 0.04  # notes in a beat that are played at any time
ROLLED = 0.03  # s over which the notes of a chord are spread
SILENCE, HEARD = 1.5, 8.0  # s after the last onset: then the grid is asked for, and judged for so long
CLOSE = 0.03  # s
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


def rhythms(metre: str, swing: float, *, fast: bool) -> list[tuple[float, ...]]:
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
    choices = rhythms(metre, swing, fast=tempo > 130)
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
            found.append(
                (at + point * beat, height, loud + random.randint(-8, 8) + (6 if place == 0 and point == 0 else 0))
            )
        if random.random() < STRAY:
            found.append((at + random.random() * beat, height + 1, 60))
    notes = sorted((max(0.0, at + random.gauss(0, jitter)), pitch, velocity) for at, pitch, velocity in found)
    grid = (
        (0, 1 / 3, 2 / 3)
        if metre == "6/8" or feel == "2:1"
        else (0, 0.25, 0.5, 0.75)
        if feel == "straight"
        else (0, 0.6)
    )
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


def judge(call: Call) -> dict[str, float]:
    """How well the grid after the call and a silence agrees with the call's own."""
    pulse = Pulse()
    for note in call.notes:
        pulse.onset(note.onset, note.pitch, note.velocity)
    start = call.notes[-1].onset + SILENCE
    grid = pulse.grid(MonotonicTime(start))
    if grid is None:
        return dict.fromkeys(("points", "error ms", "drift ms", "beat", "swing", "certainty"), 0.0)

    def error(at: float, points: tuple[float, ...]) -> float:
        phase = (at - call.start) / call.beat
        return min(abs((phase - point + 0.5) % 1 - 0.5) for point in points) * call.beat

    count = int(HEARD / grid.beat) + 2 * max(grid.bar, 1)
    beats = [grid.origin + n * grid.beat for n in range(count)]
    said = [at for beat in beats for at in (beat + point * grid.beat for point in grid.points)]
    errors = [error(at, call.grid) for at in said if start <= at < start + HEARD]
    on_beat = fmean(error(at, (0.0,)) < 2 * CLOSE for at in beats)
    swing = FEELS[call.feel]
    return {
        "points": fmean(value < CLOSE for value in errors),
        "error ms": median(errors) * 1e3,
        "drift ms": fmean(errors[-8:]) * 1e3,
        "beat": float(abs(grid.beat / call.beat - 1) < 0.02 and on_beat > 0.9),
        "swing": float(
            call.feel == "straight"
            or (any(abs(p - swing) < 0.04 for p in grid.points) and not any(0.4 < p < 0.56 for p in grid.points))
        ),
        "certainty": grid.certainty,
    }


def table(jitter: float, seeds: int) -> Iterator[str]:
    """A row for all calls, and for each feel and metre."""
    rows = [(call, judge(call)) for call in calls(jitter, seeds)]
    kinds = [(metre, feel) for metre in METRES for feel in FEELS]
    names = [("all", rows)]
    names += [(" ".join(kind), [row for row in rows if (row[0].metre, row[0].feel) == kind]) for kind in kinds]
    for name, chosen in names:
        if chosen:
            cells = [f"{column} {fmean(judged[column] for _, judged in chosen):.3g}" for column in chosen[0][1]]
            yield f"{jitter * 1e3:.0f} ms {name:14} {len(chosen)} calls  " + "  ".join(cells)
