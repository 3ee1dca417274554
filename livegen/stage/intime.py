"""Keeps the time that responses are played in: a MIDI clock's, a tempo that is set or tapped, or the player's own."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from livegen.note import MonotonicTime, Struck
from livegen.stage import fit
from livegen.stage.fit import Fit
from livegen.stage.grid import Grid
from livegen.stage.pulse import FixedTempo, MidiClock, Pulse, TapTempo
from livegen.stage.settings import OFF, STRICT, StageSettings

if TYPE_CHECKING:
    from mido import Message

CHORD = 0.035  # s from the first onset of a chord to its last
REMEMBERED = 100  # chords
PAUSE = 1.5  # s without an onset, after which the next one begins a call: a tempo that is set counts from there
DOUBTFUL, SURE = 0.33, 0.48
"""Scores of a fit, for each onset, from which a pulse is possible, and from which it is certain."""
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

    def follow(self, message: Message, at: MonotonicTime) -> None:
        """A message of a MIDI clock."""
        self._clock.hear(message, at)

    def tap(self, at: MonotonicTime) -> None:
        """The player taps a beat."""
        self._taps.tap(at)

    def grid(self, now: MonotonicTime) -> Grid | None:
        """The grid of a response that is planned now; None: it is free. Takes milliseconds: ask once for a response."""
        if self._settings.pulse == OFF:
            return None
        own = self._own(now)
        given = self._clock.grid(now) or self._set(own, now) or self._taps.grid(now)
        if given is not None:
            return _with_feel(given, own)
        if own is not None and self._settings.pulse == STRICT:
            return replace(own, certainty=1.0)
        return own if own is not None and own.certainty > 0 else None

    def _set(self, own: Grid | None, now: MonotonicTime) -> Grid | None:
        """The grid of the tempo that is set, on the beats of the player if they keep it, else from their first note."""
        tempo = self._settings.tempo
        if tempo is None:
            return None
        keeps = own is not None and own.certainty > 0 and abs(own.beat * tempo / 60 - 1) <= SAME
        return FixedTempo(tempo, MonotonicTime(own.origin) if own is not None and keeps else self._first).grid(now)

    def _own(self, now: MonotonicTime) -> Grid | None:
        """The player's pulse."""
        follower = self._pulse.grid(now)
        if follower is None:
            return None
        onsets = [sum(chord) / len(chord) for chord in self._chords]
        fitted = fit.best(onsets, follower.origin, follower.beat)
        return None if fitted is None else _merged(follower, fitted)


def _merged(follower: Grid, fitted: Fit) -> Grid:
    """The fitted grid, with the beats and bars of the follower, as far as they agree."""
    sure = (fitted.score / fitted.weight - DOUBTFUL) / (SURE - DOUBTFUL)
    agreed = next((m for m in MULTIPLES if abs(m * fitted.period / follower.beat - 1) <= SAME), 0)
    multiple = agreed or next((m for m in MULTIPLES if m * fitted.period >= SHORTEST), 1)
    steps = round((follower.origin - fitted.origin) / fitted.period) if agreed else 0
    return Grid(
        origin=fitted.origin + steps * fitted.period,
        beat=multiple * fitted.period,
        points=tuple((k + point) / multiple for k in range(multiple) for point in fitted.points),
        spread=fitted.spread,
        bar=follower.bar if agreed else 0,
        certainty=min(max(sure, 0.0), 1.0),
    )


def _with_feel(given: Grid, own: Grid | None) -> Grid:
    """A grid that is given, with the points and the spread of the player if they keep its tempo."""
    if own is None or own.certainty == 0 or abs(own.beat / given.beat - 1) > SAME:
        return given
    return replace(given, points=own.points, spread=own.spread)
