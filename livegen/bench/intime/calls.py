"""Calls with a known beat: steady ones, made here, with the feel and the inaccuracy of a player."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livegen.note import MonotonicTime, SoundedNote
from livegen.stage.grid import Grid

TEMPOS = (48, 60, 72, 84, 92, 104, 120, 138, 160, 184)  # beats per minute
JITTERS = (0.008, 0.020)  # s, standard deviation of an onset
FEELS = {"straight": 1 / 2, "swing 3:2": 3 / 5, "swing 2:1": 2 / 3}
"""Where the second eighth note of a beat begins."""
CLOSE = 0.030  # s: an onset this near to a point is on it
SHORTEST_CALL = 9.0  # s
FEWEST_BARS = 4
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # I vi IV V, in semitones above the tonic


def deviations(times: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """The signed distance of each time to the nearest point of a grid, in s."""
    points = np.array(grid.points) * grid.beat
    away = (times[:, None] - grid.origin - points + grid.beat / 2) % grid.beat - grid.beat / 2
    nearest: NDArray[np.float64] = away[np.arange(len(times)), abs(away).argmin(axis=1)]
    return nearest


@dataclass(frozen=True, slots=True)
class Call:
    """A call, and the truth about its time."""

    name: str
    group: str  # of the report
    notes: tuple[SoundedNote, ...]  # in order, from 0 s on
    grid: Grid  # the finest points on which a response may play, on the clock of the notes
    swing: float | None = None  # where the second eighth note of a beat begins

    @property
    def on_grid(self) -> float:
        """The share of its own onsets that are CLOSE to a point of its grid."""
        away = deviations(np.array([note.onset for note in self.notes]), self.grid)
        return float((abs(away) <= CLOSE).mean())


@dataclass(frozen=True, slots=True)
class Meter:
    name: str
    beats: int  # in a bar
    eighths: int  # in a beat


METERS = (Meter("4/4", 4, 2), Meter("3/4", 3, 2), Meter("6/8", 2, 3))


def steady(seed: int) -> Iterator[Call]:
    """A call for each tempo, meter, feel and jitter, as a melody alone and with an accompaniment."""
    for tempo in TEMPOS:
        for meter in METERS:
            for feel, swing in FEELS.items():
                if meter.eighths == 3 and feel != "straight":
                    continue
                for jitter in JITTERS:
                    for accompanied in (False, True):
                        made = _Steady(tempo, meter, swing, jitter, accompanied=accompanied)
                        name = f"{tempo} bpm, {meter.name}, {feel}, {'accompanied' if accompanied else 'melody'}"
                        yield made.call(name, [seed, tempo, int(swing * 60), int(jitter * 1000), meter.beats])


@dataclass(frozen=True, slots=True)
class _Steady:
    tempo: int
    meter: Meter
    swing: float
    jitter: float
    accompanied: bool

    @property
    def beat(self) -> float:
        return 60 / self.tempo

    @property
    def points(self) -> tuple[float, ...]:
        """The finest points: sixteenths, or the thirds of a beat that is swung 2:1, or the eighths of 6/8."""
        if self.meter.eighths == 3 or abs(self.swing - 2 / 3) < 1e-9:
            return (0.0, 1 / 3, 2 / 3)
        return (0.0, self.swing / 2, self.swing, (1 + self.swing) / 2)

    def call(self, name: str, seed: list[int]) -> Call:
        random = np.random.default_rng(seed)
        bar = self.meter.beats * self.beat
        bars = max(FEWEST_BARS, 2 * round(SHORTEST_CALL / bar / 2))
        tonic = int(random.integers(55, 66))
        notes: list[SoundedNote] = []
        start = 1.0  # so that the jitter makes no time negative
        for k in range(bars):
            chord, at = _CHORDS[k % len(_CHORDS)], start + k * bar
            notes += self._melody(tonic, chord, at, random)
            if self.accompanied:
                notes += self._accompaniment(tonic, chord, at, random)
        grid = Grid(start, self.beat, self.points, self.jitter, self.meter.beats, 1.0)
        group = f"steady, {1000 * self.jitter:.0f} ms"
        swing = self.swing if self.meter.eighths == 2 else None
        return Call(name, group, tuple(sorted(notes, key=lambda note: note.order)), grid, swing)

    def _melody(
        self, tonic: int, chord: tuple[int, ...], bar: float, random: np.random.Generator
    ) -> Iterator[SoundedNote]:
        """Beats of one note or of all eighths, rarely of a rest and an upbeat."""
        eighths = [0.0, 1 / 3, 2 / 3] if self.meter.eighths == 3 else [0.0, self.swing]
        for beat in range(self.meter.beats):
            kind = random.choice(3, p=(0.3, 0.55, 0.15))
            points = eighths[:1] if kind == 0 else eighths if kind == 1 else eighths[1:]
            for point, after in zip(points, [*points[1:], 1.0], strict=True):
                pitch = tonic + 12 + chord[int(random.integers(3))] + int(random.choice((0, 0, 0, 2)))
                length = (after - point) * self.beat * random.uniform(0.75, 0.95)
                yield self._note(pitch, bar + (beat + point) * self.beat, length, 78, random)

    def _accompaniment(
        self, tonic: int, chord: tuple[int, ...], bar: float, random: np.random.Generator
    ) -> Iterator[SoundedNote]:
        """A bass note on the first beat, chords on the others."""
        for beat in range(self.meter.beats):
            at = bar + beat * self.beat
            for pitch in (chord[0] - 12,) if beat == 0 else chord[1:]:
                yield self._note(tonic - 12 + pitch % 24, at, 0.8 * self.beat, 62, random)

    def _note(self, pitch: int, at: float, length: float, loudness: int, random: np.random.Generator) -> SoundedNote:
        onset = MonotonicTime(at + self.jitter * float(random.standard_normal()))
        return SoundedNote(pitch, onset, length, loudness + int(random.integers(-8, 9)))
