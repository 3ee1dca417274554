"""Follows the pulse of one player, note by note."""

from __future__ import annotations

from collections import deque
from math import exp, pi, sqrt

from livegen.note import MonotonicTime
from livegen.stage.grid import Grid
from livegen.stage.pulse.accents import Accent, Chords
from livegen.stage.pulse.feel import bar_of, points_of
from livegen.stage.pulse.hypothesis import LONGEST, SHORTEST, Hypothesis
from livegen.stage.pulse.resonators import Resonators

KEPT = 8  # hypotheses
HISTORY = 24  # chords that a new hypothesis is tried on
REPLAY = 8  # of them, at each chord
FEWEST = 4  # chords before the first hypothesis
LOYALTY = 1.0  # by which another hypothesis must be better to take the lead
BEGIN, APPEAR, VANISH = 0.05, 0.01, 0.02  # chance that there is a pulse; that one begins or ends, at each chord
MULTIPLES = (1, 2, 3, 4, 6)
# From the leader: factor of the period, shift in periods.
VARIANTS = (
    (2.0, 0.0), (0.5, 0.0), (1.0, 0.5), (2.0, 1.0), (3.0, 0.0), (1 / 3, 0.0), (1.5, 0.0), (1.0, 1 / 3), (2 / 3, 0.0),
    (1.0, 2 / 3), (3.0, 1.0), (1.0, 0.25), (1.5, 0.5), (3.0, 2.0), (1.0, 0.75), (1.5, 1.0),
)  # fmt: skip


class Pulse:
    """The pulse of one player."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._chords = Chords()
        self._resonators = Resonators()
        self._history: deque[Accent] = deque(maxlen=HISTORY)
        self._kept: list[Hypothesis] = []
        self._leader: Hypothesis | None = None
        self._shown: tuple[float, ...] = ()
        self._certainty = BEGIN
        self._trial: Hypothesis | None = None
        self._waiting: list[Accent] = []
        self._ideas: list[Hypothesis] = []
        self._turn = 0

    def onset(self, at: MonotonicTime, pitch: int = 60, velocity: int = 64) -> None:
        """Take in a note of the player, in order of time."""
        if self._chords.start is not None and not self._chords.belongs(at):
            self._hear(self._chords.complete(at))
        self._chords.add(at, pitch, velocity)

    def grid(self, now: MonotonicTime) -> Grid | None:
        """The pulse as it is believed at this moment."""
        if self._chords.start is not None and not self._chords.belongs(now):
            self._hear(self._chords.complete(now))
        leader = self._leader
        if leader is None:
            return None
        bar, first = bar_of(leader.bars)
        beats = (now - leader.at) // leader.period
        origin = leader.at + beats * leader.period
        if bar:
            origin -= (leader.number + int(beats) - first) % bar * leader.period
        return Grid(origin, leader.period, self._shown, leader.spread, bar, self._certainty)

    def _hear(self, chord: Accent) -> None:
        self._judge(chord.at)
        for hypothesis in self._kept:
            hypothesis.hear(chord.at, chord.on, chord.off, chord.down)
        self._resonators.hear(chord.at, 1.0 + max(0.0, chord.on))
        self._history.append(chord)
        if len(self._history) >= FEWEST:
            self._try()
        self._choose()

    def _judge(self, at: float) -> None:
        """Whether there is a pulse: by how well the grid that is shown has predicted this onset."""
        certainty = self._certainty
        leader = self._leader
        if leader is not None:
            density = density_of(leader, self._shown, at)
            certainty = certainty * density / (certainty * density + 1 - certainty)
        self._certainty = certainty * (1 - VANISH) + (1 - certainty) * APPEAR

    def _try(self) -> None:
        """Play the recent onsets to a new hypothesis, a few at a time."""
        if self._trial is None:
            if not self._ideas:
                self._ideas = self._think()
            if not self._ideas:
                return
            self._trial = self._ideas.pop()
            self._waiting = list(self._history)
            self._waiting.reverse()
        else:
            self._waiting.insert(0, self._history[-1])
        trial = self._trial
        for _ in range(min(REPLAY, len(self._waiting))):
            chord = self._waiting.pop()
            trial.hear(chord.at, chord.on, chord.off, chord.down)
        if not self._waiting:
            self._trial = None
            self._admit(trial)

    def _think(self) -> list[Hypothesis]:
        """New hypotheses, worst first: from the strongest rates, or by analogy to the leader."""
        self._turn += 1
        leader = self._leader
        if leader is None or self._turn % 3 == 0:
            ideas = [
                (peak.at + shift * peak.period, peak.period * multiple)
                for peak in self._resonators.peaks(2)
                for multiple in MULTIPLES
                for shift in range(2 if multiple == 2 else 1)
            ]
        else:
            variants = (VARIANTS[(self._turn * 3 + n) % len(VARIANTS)] for n in range(3))
            ideas = [(leader.at + shift * leader.period, leader.period * factor) for factor, shift in variants]
        start = self._history[0].at
        return [beginning(at, period, start) for at, period in reversed(ideas) if SHORTEST <= period <= LONGEST]

    def _admit(self, new: Hypothesis) -> None:
        if not SHORTEST <= new.period <= LONGEST:
            return
        for index, old in enumerate(self._kept):
            if same(old, new):
                if new.score > old.score + 2.0 and old is not self._leader:
                    self._kept[index] = new
                return
        if len(self._kept) < KEPT:
            self._kept.append(new)
            return
        worst = min(self._kept, key=lambda hypothesis: hypothesis.score)
        if worst is not self._leader and new.score > worst.score:
            self._kept[self._kept.index(worst)] = new

    def _choose(self) -> None:
        if not self._kept:
            return
        best = max(self._kept, key=lambda hypothesis: hypothesis.score)
        leader = self._leader
        if leader is None or leader not in self._kept or best.score > leader.score + LOYALTY:
            self._leader = leader = best
        self._kept = [
            one for one in self._kept if one is leader or (SHORTEST <= one.period <= LONGEST and not same(one, leader))
        ]
        self._shown = points_of(leader)


def beginning(at: float, period: float, start: float) -> Hypothesis:
    return Hypothesis(at + (start - at) // period * period, period)


def same(one: Hypothesis, other: Hypothesis) -> bool:
    if abs(one.period / other.period - 1) > 0.03:
        return False
    beats = (one.at - other.at) / one.period
    return abs(beats - round(beats)) < 0.07


def density_of(leader: Hypothesis, points: tuple[float, ...], at: float) -> float:
    """How dense onsets are expected at this time, relative to an even density."""
    phase = (at - leader.at) / leader.period % 1
    width = leader.spread / leader.period
    total = 0.0
    for point in points:
        error = (phase - point + 0.5) % 1 - 0.5
        total += exp(-0.5 * (error / width) ** 2)
    return total / (len(points) * width * sqrt(2 * pi))
