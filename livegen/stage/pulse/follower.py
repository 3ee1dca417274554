"""Follows the pulse of one player, note by note."""

from __future__ import annotations

from collections import deque
from math import exp, inf

from livegen.note import MonotonicTime
from livegen.stage.grid import Grid
from livegen.stage.pulse.accents import Accent, Chords
from livegen.stage.pulse.feel import bar_of, density_of, points_of
from livegen.stage.pulse.hypothesis import HISTORY, LONGEST, SHORTEST, Hypothesis
from livegen.stage.pulse.resonators import Resonators
from livegen.stage.pulse.search import Search

KEPT = 4  # hypotheses
EARLY, LATER, PONDERED = (5, 12), (1, 6), (6, HISTORY)
"""At each chord at first, at each chord later, and in a pause: groups of ideas that are looked at, or chords that a new
hypothesis is tried on."""
IN_TURN = 3  # chords, of which two are for the search and one for the resonators
PAUSE = 0.15  # s without an onset, after which there is time for more ideas
PONDER = 60  # steps that are done then
FEWEST = 4  # chords before the first hypothesis
HOPELESS = 12.0  # by which a hypothesis that is dropped is worse than the leader
CHOSEN = 8.0  # natural logarithm of the number of ideas that a new leader is the best of
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
        self._chance = BEGIN  # that there is a pulse
        self._stray = STRAY  # share of the onsets of a pulse that are off the grid
        self._trial: Hypothesis | None = None
        self._waiting: list[Accent] = []
        self._unheard: list[Accent] = []  # by the resonators
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
        """The same as `grid`, but without any work: as it was known at the last onset but one."""
        leader = self._leader
        if leader is None:
            return None
        bar, first = bar_of(leader.bars)
        beats = (now - leader.at) // leader.period
        origin = leader.at + beats * leader.period
        if bar:
            origin -= (leader.number + int(beats) - first) % bar * leader.period
        return Grid(origin, leader.period, points_of(leader), leader.spread, bar, self._chance * (1 - self._stray))

    def _hear(self, chord: Accent) -> None:
        self._judge(chord.at)
        self._history.append(chord)
        self._search.recent.hear(chord)
        self._pondered = False
        if self._trial is not None:
            self._waiting.append(chord)
        for hypothesis in self._kept:
            hypothesis.hear((chord,))
        self._unheard.append(chord)
        if len(self._unheard) == IN_TURN:  # the work at a chord is about the same
            self._resonate()
        elif len(self._history) >= FEWEST:
            self._try(*(LATER if len(self._history) == HISTORY else EARLY))
        self._choose()

    def _resonate(self) -> None:
        for chord in self._unheard:
            self._resonators.hear(chord.at, 1.0 + max(0.0, chord.on))
        self._unheard.clear()

    def _judge(self, at: float) -> None:
        """Whether there is a pulse: by how well the grid that is shown has predicted this onset."""
        chance, stray = self._chance, self._stray
        leader = self._leader
        if leader is not None:
            on = (1 - stray) * density_of(leader, at)
            density = on + stray
            chance = chance * density / (chance * density + 1 - chance)
            self._stray += LEARN * chance * (stray / density - stray)
        self._chance = chance * (1 - VANISH) + (1 - chance) * APPEAR

    def _try(self, groups: int, chords: int) -> None:
        """Look at some groups of ideas, or play some of the recent chords to a new hypothesis."""
        if self._trial is None:
            start = self._history[0].at
            self._trial = self._search.step(groups, start, self._resonators, self._kept, self._leader)
            if self._trial is None:
                return
            self._waiting = list(self._history)
        trial = self._trial
        trial.hear(self._waiting[:chords])
        del self._waiting[:chords]
        if not self._waiting:
            self._trial = None
            self._admit(trial)

    def _ponder(self) -> None:
        """In a pause, try the ideas that there was no time for."""
        self._pondered = True
        self._resonate()
        for _ in range(PONDER):
            self._try(*PONDERED)
            self._choose()

    def _admit(self, new: Hypothesis) -> None:
        """Keep a hypothesis that has been tried, if it is better than one of those that are kept."""
        if not SHORTEST <= new.period <= LONGEST:
            return
        if self._leader is not None:  # before what it was tried on, it is taken to be as good as the leader
            new.credit(self._leader.earlier)
        for index, old in enumerate(self._kept):
            if old.is_same(new):
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
        best: Hypothesis | None = None
        hopeless = -inf if self._leader is None else self._leader.score - HOPELESS
        for one in self._kept:
            if not SHORTEST <= one.period <= LONGEST or one.score < hopeless:
                self._kept = [other for other in self._kept if other is not one]
            elif best is None or one.score > best.score:
                best = one
        leader = self._leader
        if best is None or leader is None or leader not in self._kept or best.score > leader.score + LOYALTY:
            self._leader = leader = best
            if best is not None:
                odds = BEGIN * exp(min(best.told - CHOSEN, 50.0))
                self._chance = max(self._chance, odds / (odds + 1 - BEGIN))
        for one in self._kept:
            if one is not leader and leader is not None and one.is_same(leader):
                self._kept = [other for other in self._kept if other is not one]
