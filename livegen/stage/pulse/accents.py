"""Onsets that sound together, and how much they mark a beat."""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

TOGETHER = 0.035  # s from the first onset of a chord to its last
FOLLOW = 0.06  # of the running means, at each chord


class Accent(NamedTuple):
    """A chord (or one note): when it is, and how much it marks a beat."""

    at: float  # s
    on: float  # log of how much likelier this accent is on a beat
    off: float  # the same, off a beat
    down: float  # on a downbeat, against other beats


class Chords:
    """Groups notes to chords, and measures them against the recent ones."""

    def __init__(self) -> None:
        self.start: float | None = None  # s, of the chord that is not complete yet
        self._times = 0.0
        self._size = 0
        self._lowest = 127
        self._loudest = 0
        self._new = 0
        self._last: float | None = None
        self._velocity = 64.0
        self._pitch = 55.0
        self._step = -1.2  # log of s
        self._struck = [-9.0] * 12
        self._usual_size = 1.5
        self._usual_new = 0.4

    def belongs(self, at: float) -> bool:
        """Whether an onset is part of the chord that is not complete yet."""
        return self.start is not None and at - self.start <= TOGETHER

    def add(self, at: float, pitch: int, velocity: int) -> None:
        """Add a note to the chord that is not complete yet; begin one if there is none."""
        if self.start is None:
            self.start = at
            self._times, self._size, self._lowest, self._loudest, self._new = 0.0, 0, 127, 0, 0
        self._times += at
        self._size += 1
        self._lowest = min(self._lowest, pitch)
        self._loudest = max(self._loudest, velocity)
        kind = pitch % 12
        if at - self._struck[kind] > 1.0:
            self._new += 1
        self._struck[kind] = at

    def complete(self, following: float) -> Accent:
        """The chord; `following` is the time of the next onset, or now."""
        assert self.start is not None
        at = self._times / self._size
        before = log(max(at - self._last, 0.02)) if self._last is not None else self._step
        after = log(max(following - at, 0.02))
        features = (
            (self._loudest - self._velocity) / 12,
            (self._pitch - self._lowest) / 12,
            min(self._size, 6) - self._usual_size,
            max(-2.0, min(2.0, before - self._step)),
            max(-2.0, min(2.0, after - self._step)),
            min(self._new, 4) - self._usual_new,
        )
        self._velocity += FOLLOW * (self._loudest - self._velocity)
        self._pitch += FOLLOW * (self._lowest - self._pitch)
        self._step += FOLLOW * (max(-3.0, min(1.0, before)) - self._step)
        self._usual_size += FOLLOW * features[2]
        self._usual_new += FOLLOW * features[5]
        self._last, self.start = at, None
        beat = BEAT[0] + sum(w * f for w, f in zip(BEAT[1:], features, strict=True))
        chance = 1 / (1 + exp(-beat))
        down = DOWN[0] + sum(w * f for w, f in zip(DOWN[1:], features, strict=True))
        return Accent(at, log(chance / ON), log((1 - chance) / (1 - ON)), down)


ON = 0.34  # share of the chords that are on a beat
# Logistic regressions on annotated beats of POP909, ASAP and MAESTRO: a constant, then by feature.
BEAT = (-0.70, 0.28, 0.34, 0.58, -0.27, 0.36, 0.34)
DOWN = (-0.55, 0.07, 0.80, -0.04, -0.20, -0.06, 0.44)
