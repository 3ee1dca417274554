"""Follows the pulse of one player, note by note."""

from __future__ import annotations

from collections import deque
from math import exp, pi, sqrt

from livegen.note import MonotonicTime
from livegen.stage.grid import Grid
from livegen.stage.pulse.accents import Accent, Chords
from livegen.stage.pulse.feel import bar_of, points_of
from livegen.stage.pulse.hypothesis import HISTORY, LONGEST, SHORTEST, Hypothesis, same
from livegen.stage.pulse.resonators import Resonators
from livegen.stage.pulse.search import Search

KEPT = 4  # hypotheses
REPLAY = (12, 3)  # of the chords that a new hypothesis is tried on, at each chord: at first, and later
LOOKS = (16, 2)  # ideas at each chord: at first, and later
PAUSE = 0.3  # s without an onset, after which there is time for more ideas
PONDER = 30  # times the work of an early chord that are done then
FEWEST = 4  # chords before the first hypothesis
LOYALTY = 1.0  # by which another hypothesis must be better to take the lead
STRAY, LEARN = 0.08, 0.03  # at first, and how fast it is learnt
BEGIN, APPEAR, VANISH = 0.05, 0.003, 0.006  # chance that there is a pulse; that one begins or ends, at each chord


class Pulse:
    """The pulse of one player.

    Some hypotheses are kept, and the best of them leads. New ones come from the steady rates that are heard and from
    variants of the leader; each is tried on the chords heard last, and kept if it explains them better. All work is
    done at the onsets, a bounded amount at each, but for one longer look in a pause.

    How sure it is: the chance that there is a pulse, by Bayes' rule from how well the grid that would have been shown
    before each onset predicts it, against onsets at any time. `Grid.certainty` is that chance times the share of the
    player's onsets that are on the grid, so that certainty times the density of the grid + 1 - certainty is the density
    of the next onset.
    """

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
        self._chance = BEGIN  # that there is a pulse
        self._stray = STRAY  # share of the onsets of a pulse that are off the grid
        self._trial: Hypothesis | None = None
        self._waiting: list[Accent] = []
        self._trials: list[Hypothesis] = []
        self._search = Search()
        self._pondered = False

    def onset(self, at: MonotonicTime, pitch: int = 60, velocity: int = 64) -> None:
        """Take in a note of the player.

        Args:
            at: s, in order.
            pitch: 0..127.
            velocity: 1..127.
        """
        if self._chords.start is not None and not self._chords.belongs(at):
            self._hear(self._chords.complete(at))
        self._chords.add(at, pitch, velocity)

    def grid(self, now: MonotonicTime) -> Grid | None:
        """The pulse as it is known at this moment, its origin the last beat (downbeat) before `now`.

        Returns:
            None: too few onsets to tell. Where there are enough but no pulse, the certainty is near 0.
        """
        if self._chords.start is not None and not self._chords.belongs(now):
            self._hear(self._chords.complete(now))
        if len(self._history) >= FEWEST and not self._pondered and now - self._history[-1].at > PAUSE:
            self._ponder()
        return self.now(now)

    def now(self, now: MonotonicTime) -> Grid | None:
        """The same, without a longer look."""
        leader = self._leader
        if leader is None:
            return None
        bar, first = bar_of(leader.bars)
        beats = (now - leader.at) // leader.period
        origin = leader.at + beats * leader.period
        if bar:
            origin -= (leader.number + int(beats) - first) % bar * leader.period
        return Grid(origin, leader.period, self._shown, leader.spread, bar, self._chance * (1 - self._stray))

    def _hear(self, chord: Accent) -> None:
        self._judge(chord.at)
        self._history.append(chord)
        self._pondered = False
        if self._trial is not None:
            self._waiting.insert(0, chord)
        for hypothesis in self._kept:
            hypothesis.hear(chord.at, chord.on, chord.off, chord.down)
        self._resonators.hear(chord.at, 1.0 + max(0.0, chord.on))
        if len(self._history) >= FEWEST:
            self._try(later=len(self._history) == HISTORY)
        self._choose()

    def _judge(self, at: float) -> None:
        """Whether there is a pulse: by how well the grid that is shown has predicted this onset."""
        chance, stray = self._chance, self._stray
        leader = self._leader
        if leader is not None:
            on = (1 - stray) * density_of(leader, self._shown, at)
            density = on + stray
            chance = chance * density / (chance * density + 1 - chance)
            self._stray += LEARN * chance * (stray / density - stray)
        self._chance = chance * (1 - VANISH) + (1 - chance) * APPEAR

    def _try(self, *, later: bool) -> None:
        """Play the recent onsets to a new hypothesis, a few at a time."""
        if self._trial is None:
            if not self._trials:
                self._trials = self._search.look(
                    LOOKS[later], list(self._history), self._resonators, self._kept, self._leader
                )
            if not self._trials:
                return
            self._trial = self._trials.pop()
            self._waiting = list(self._history)
            self._waiting.reverse()
        trial = self._trial
        for _ in range(min(REPLAY[later], len(self._waiting))):
            chord = self._waiting.pop()
            trial.hear(chord.at, chord.on, chord.off, chord.down)
        if not self._waiting:
            self._trial = None
            self._admit(trial)

    def _ponder(self) -> None:
        """In a pause, try the ideas that there was no time for."""
        self._pondered = True
        for _ in range(PONDER):
            self._try(later=False)
            self._choose()

    def _admit(self, new: Hypothesis) -> None:
        """Keep a hypothesis that has been tried, if it is better than one of those that are kept."""
        if not SHORTEST <= new.period <= LONGEST:
            return
        if self._leader is not None:  # before what it was tried on, it is taken to be as good as the leader
            new.evidence += self._leader.earlier
        for index, old in enumerate(self._kept):
            if same(old, new):
                if new.score > old.score + LOYALTY and old is not self._leader:
                    self._kept[index] = new
                return
        if len(self._kept) < KEPT:
            self._kept.append(new)
            return
        worst = min(self._kept, key=lambda hypothesis: hypothesis.score)
        if worst is not self._leader and new.score > worst.score:
            self._kept[self._kept.index(worst)] = new

    def _choose(self) -> None:
        """Let the best hypothesis lead, and drop those that have become the leader's or none."""
        self._kept = kept = [one for one in self._kept if SHORTEST <= one.period <= LONGEST]
        if not kept:
            self._leader = None
            return
        leader = self._leader
        best = max(kept, key=lambda hypothesis: hypothesis.score)
        if leader is None or leader not in kept or best.score > leader.score + LOYALTY:
            self._leader = leader = best
        self._kept = [one for one in kept if one is leader or not same(one, leader)]
        self._shown = points_of(leader)


def density_of(leader: Hypothesis, points: tuple[float, ...], at: float) -> float:
    """How dense onsets are expected at this time, relative to an even density."""
    phase = (at - leader.at) / leader.period % 1
    width = leader.spread / leader.period
    total = 0.0
    for point in points:
        error = (phase - point + 0.5) % 1 - 0.5
        total += exp(-0.5 * (error / width) ** 2)
    return total / (len(points) * width * sqrt(2 * pi))
