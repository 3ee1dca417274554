"""Keeps the time that responses are played in: a MIDI clock's, a tempo that is set or tapped, or the player's own.

`InTime` hears the player, at every note. `Heard` is what it has heard up to a moment; the grid is fitted from that,
which takes milliseconds and may happen in another thread.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from livegen.note import MonotonicTime, Struck
from livegen.stage import fit
from livegen.stage.evidence import USUAL, Evidence, Support, usual
from livegen.stage.fit import Fit
from livegen.stage.grid import Grid
from livegen.stage.pulse import Display, FixedTempo, MidiClock, Pulse, Shown, TapTempo
from livegen.stage.settings import OFF, STRICT, StageSettings

if TYPE_CHECKING:
    from mido import Message

CHORD = 0.035  # s from the first onset of a chord to its last
REMEMBERED = 100  # chords
SEEN_AFTER = 4  # chords: so often the pulse that is shown is looked at
PAUSE = 1.5  # s without an onset, after which the next one begins a call: a tempo that is set counts from there
LONG = 16  # chords of a call that is judged by itself, without the calls before it
SHORTEST = 0.33  # s, of a beat
SAME = 0.04  # relative difference of two periods that are the same
MULTIPLES = (1, 2, 3, 4, 6)


class InTime:
    """The time of one player."""

    def __init__(self, settings: StageSettings) -> None:
        self._settings = settings
        self._pulse, self._clock, self._taps = Pulse(), MidiClock(), TapTempo()
        self._chords: deque[list[float]] = deque(maxlen=REMEMBERED)  # the onsets of each
        self._first = MonotonicTime(0.0)  # the first onset after a pause
        self._display = Display()
        self._unseen = 0  # chords since it was looked at

    def change(self, settings: StageSettings) -> None:
        """New settings."""
        self._settings = settings

    def hear(self, struck: Struck) -> None:
        """The player strikes a key."""
        at = struck.onset
        self._pulse.onset(at, struck.pitch, struck.velocity)
        if not self._chords or at > self._chords[-1][-1] + PAUSE:
            self._first = at
        if self._chords and at <= self._chords[-1][0] + CHORD:
            self._chords[-1].append(at)
        else:
            self._chords.append([at])
            self._unseen += 1
            if self._unseen == SEEN_AFTER:
                self._look(at)

    def follow(self, message: Message, at: MonotonicTime) -> None:
        """A message of a MIDI clock."""
        self._clock.hear(message, at)

    def tap(self, at: MonotonicTime) -> None:
        """The player taps a beat."""
        self._taps.tap(at)
        self._look(at)

    @property
    def shown(self) -> Shown:
        """The pulse as a musician is shown it. The same object until it changes noticeably."""
        return self._display.shown

    def _look(self, now: MonotonicTime) -> None:
        self._unseen = 0
        settings = self._settings
        if settings.pulse == OFF:
            self._display.look(None)
            return
        fixed = None if settings.tempo is None else FixedTempo(settings.tempo, now).grid(now)
        self._display.look(self._clock.grid(now) or fixed or self._taps.grid(now) or self._pulse.now(now))

    def heard(self, now: MonotonicTime) -> Heard:
        """What a grid is made of that is planned now."""
        settings = self._settings
        if settings.pulse == OFF:
            return NOTHING_HEARD
        return Heard(
            now=now,
            strict=settings.pulse == STRICT,
            tempo=settings.tempo,
            clock=self._clock.grid(now),
            taps=self._taps.grid(now),
            follower=self._pulse.grid(now),
            chords=tuple(map(tuple, self._chords)),
            first=self._first,
        )

    def grid(self, now: MonotonicTime, support: Support = usual) -> Grid | None:
        """The grid of a response that is planned now; None: it is free. Takes milliseconds."""
        return self.heard(now).grid(support)


class Heard(NamedTuple):
    """What was heard of the player's time up to a moment."""

    now: MonotonicTime
    strict: bool = False  # the player's own pulse counts even if it is uncertain
    tempo: float | None = None  # that is set
    clock: Grid | None = None
    taps: Grid | None = None
    follower: Grid | None = None  # of the player's own pulse
    chords: tuple[tuple[float, ...], ...] = ()  # the onsets of each
    first: MonotonicTime = MonotonicTime(0.0)

    def grid(self, support: Support = usual) -> Grid | None:
        """The grid of a response; None: it is free. Takes milliseconds."""
        own = self._own(support)
        given = self.clock or self._set(own) or self.taps
        if given is not None:
            return _with_feel(given, own)
        if own is not None and self.strict:
            return own._replace(certainty=1.0)
        return own if own is not None and own.certainty > 0 else None

    def _set(self, own: Grid | None) -> Grid | None:
        """The grid of the tempo that is set, on the beats of the player if they keep it, else from their first note."""
        if self.tempo is None:
            return None
        keeps = own is not None and own.certainty > 0 and abs(own.beat * self.tempo / 60 - 1) <= SAME
        origin = MonotonicTime(own.origin) if own is not None and keeps else self.first
        return FixedTempo(self.tempo, origin).grid(self.now)

    def _own(self, support: Support) -> Grid | None:
        """The player's pulse."""
        found = self.weighed(support)
        return None if found is None else found[0]._replace(certainty=found[1].certainty)

    def weighed(self, support: Support, *, thorough: bool = False) -> tuple[Grid, Evidence] | None:
        """The grid that fits the player best, and what speaks for it; None: too few onsets.

        Args:
            support: of the model.
            thorough: whether all of the evidence is computed, also if less of it decides.
        """
        follower = self.follower
        if follower is None:
            return None
        onsets = [sum(chord) / len(chord) for chord in self.chords]
        sizes = [len(chord) for chord in self.chords]
        fitted = fit.best(onsets, sizes, follower.origin, follower.beat)
        if fitted is None:
            return None
        grid, last = _merged(follower, fitted), self.chords[-1][-1]
        helped = support(grid.since(last), last - self.first)
        before = bisect_left(onsets, self.first)
        if before and len(onsets) - before < LONG:  # the calls before it count too; of these the model is not asked
            helped += USUAL * (1 - (len(onsets) - before) / LONG)
            before = 0
        evidence = Evidence(fitted.score / fitted.weight, helped, fitted.weight)
        if thorough or evidence.undecided:
            evidence = evidence._replace(foretold=fit.foretold(onsets[before:], sizes[before:], fitted))
        return grid, evidence


NOTHING_HEARD = Heard(MonotonicTime(0.0))


def _merged(follower: Grid, fitted: Fit) -> Grid:
    """The fitted grid, certain, with the beats and bars of the follower, as far as they agree."""
    agreed = next((m for m in MULTIPLES if abs(m * fitted.period / follower.beat - 1) <= SAME), 0)
    multiple = agreed or next((m for m in MULTIPLES if m * fitted.period >= SHORTEST), 1)
    number = len(fitted.points)
    even = all(abs(point * number - k) < SAME for k, point in enumerate(fitted.points))  # any of them may be the beat
    unit = fitted.period / number if even else fitted.period
    steps = round((follower.origin - fitted.origin) / unit) if agreed else 0
    return Grid(
        origin=fitted.origin + steps * unit,
        beat=multiple * fitted.period,
        points=tuple((k + point) / multiple for k in range(multiple) for point in fitted.points),
        spread=fitted.spread,
        bar=follower.bar if agreed else 0,
        certainty=1.0,
    )


def _with_feel(given: Grid, own: Grid | None) -> Grid:
    """A grid that is given, with the points and the spread of the player if they keep its tempo."""
    if own is None or own.certainty == 0 or abs(own.beat / given.beat - 1) > SAME:
        return given
    return given._replace(points=own.points, spread=own.spread)
