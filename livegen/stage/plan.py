"""Plans a response: when it begins, how long it is, and on which grid. It takes milliseconds, off the main thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from livegen.note import MonotonicTime
from livegen.stage.evidence import Support, usual
from livegen.stage.grid import Grid
from livegen.stage.intime import Heard
from livegen.stage.policy import Policy
from livegen.stage.silence import Silence


class Plan(NamedTuple):
    """What is decided about a response before it is composed."""

    ends: MonotonicTime  # the end of the call
    start: MonotonicTime  # of the response: then, or later on the pulse
    length: float  # s, about
    longest: float  # s, the limit
    grid: Grid | None  # of the player's pulse, in absolute time

    def late(self, now: MonotonicTime) -> MonotonicTime:
        """When the response begins if it is ready now: as planned, or if that is over now or whole beats later."""
        if now <= self.start or self.grid is None:
            return max(self.start, now)
        return MonotonicTime(self.grid.beat_after(self.start, now))


class Expected(NamedTuple):
    """What the model expects in a call. By default, it was not asked."""

    steps: Sequence[float] = ()  # the probability of each bin of the step after the last onset
    support: Support = usual


NOTHING = Expected()


class Planner(NamedTuple):
    """All that a plan depends on, except what the model expects."""

    policy: Policy
    silence: Silence
    call: float  # s, its length
    heard: Heard  # the player's time

    @property
    def asks(self) -> bool:
        """Whether it depends on what the model expects at all."""
        return self.silence.listens or self.heard.follower is not None

    def plan(self, expected: Expected) -> Plan:
        """Make the plan."""
        ends, grid = self.silence.ends(expected.steps), self.heard.grid(expected.support)
        length = self.policy.length(self.call, grid)
        start = self.policy.entry(ends, grid, self.silence)
        return Plan(ends, start, length, self.policy.longest(length), grid)
