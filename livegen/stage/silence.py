"""The silence that ends a call: a fixed one, or one that the model decides. Frozen; equal if nothing has changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar, Protocol

from livegen.encoding import CELL, TIME_EDGES
from livegen.note import MonotonicTime

LEAD = 0.35
"""s before a response at which it is composed: ten times what the included model needs."""

SHORT_LEAD = 0.15
"""The same if the model decides when the call ends. It is short, because the player often continues before the end."""

PEDAL_GRACE = 0.1
"""s from lifting a pedal in a long silence to the response: the model cannot be asked before the pedal moves."""

KEYS_GRACE = 0.1
"""s from the last key going up to the response, when the model decides: time to compute it."""

THINKING = 0.12
"""s before the earliest end of a call at which the model is asked how long the silence may last."""

LOOK = 0.31
"""s after the last onset: in a pause, the follower of the pulse takes a longer look (`livegen.stage.pulse`)."""

PEDAL_PATIENCE = 4.0
"""How many times more a wrong entry costs while a pedal holds notes."""

LEAST = 1e-3
"""The least probability that a next onset is later than the last key: what is less likely, the model does not know."""

_EDGES = tuple(edge * CELL for edge in TIME_EDGES)


class Silence(Protocol):
    """The silence after the last key of a call."""

    lead: ClassVar[float]
    """s before the response at which it is composed."""

    listens: ClassVar[bool]
    """Whether it depends on what the model expects."""

    @property
    def last_up(self) -> MonotonicTime:
        """When the last key went up."""

    @property
    def ask_at(self) -> MonotonicTime:
        """When the model is asked for a plan."""

    @property
    def latest(self) -> MonotonicTime:
        """The call ends at this time at the latest, whatever a pedal does."""

    @property
    def settled(self) -> MonotonicTime:
        """From when on the pulse is known as well as it will be: a plan that was made before is made again."""

    def ends(self, steps: Sequence[float]) -> MonotonicTime:
        """When the call ends, if nothing else happens.

        Args:
            steps: the probability of each bin of the step after the last onset of the call, as the model expects it.
        """


@dataclass(frozen=True, slots=True)
class FixedSilence:
    """A silence of fixed length."""

    lead: ClassVar[float] = LEAD
    listens: ClassVar[bool] = False

    last_up: MonotonicTime
    latest: MonotonicTime  # it ends then

    @property
    def ask_at(self) -> MonotonicTime:
        return MonotonicTime(max(self.last_up, self.latest - LEAD))

    @property
    def settled(self) -> MonotonicTime:
        return self.ask_at

    def ends(self, steps: Sequence[float]) -> MonotonicTime:  # noqa: ARG002  (the model does not matter)
        return self.latest


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The player gives the turn to livegen: the call ends at once."""

    lead: ClassVar[float] = LEAD
    listens: ClassVar[bool] = False

    last_up: MonotonicTime

    @property
    def ask_at(self) -> MonotonicTime:
        return self.last_up

    @property
    def latest(self) -> MonotonicTime:
        return self.last_up

    @property
    def settled(self) -> MonotonicTime:
        return self.last_up

    def ends(self, steps: Sequence[float]) -> MonotonicTime:  # noqa: ARG002  (the player decides)
        return self.last_up


@dataclass(frozen=True, slots=True)
class ModelSilence:
    """A silence that ends when it is longer than what the model expects between two notes here."""

    lead: ClassVar[float] = SHORT_LEAD
    listens: ClassVar[bool] = True

    last_onset: MonotonicTime
    last_up: MonotonicTime
    since: MonotonicTime  # when the last key or pedal went up
    shortest: float  # s from the last onset
    latest: MonotonicTime
    cost: float  # s of silence that are as bad as a wrong entry

    @property
    def ask_at(self) -> MonotonicTime:
        return MonotonicTime(max(self.since, self.last_onset + self.shortest - THINKING))

    @property
    def settled(self) -> MonotonicTime:
        return MonotonicTime(self.last_onset + LOOK)

    def ends(self, steps: Sequence[float]) -> MonotonicTime:
        grace = KEYS_GRACE if self.since == self.last_up else PEDAL_GRACE
        soonest = max(self.last_onset + self.shortest, self.since + grace)
        held = self.last_up - self.last_onset
        held = held if held > self.shortest else 0.0
        ends = self.last_onset + worth_waiting(steps, soonest - self.last_onset, self.cost, held)
        return max(MonotonicTime(min(ends, self.latest)), self.since)


def worth_waiting(steps: Sequence[float], soonest: float, cost: float, held: float = 0.0) -> float:
    """The silence after an onset, in s, that costs least: its own length, and the risk of a wrong entry.

    A response after a silence of `w` s is a wrong entry if the player's next onset comes later than that. The best `w`
    minimizes w + cost P(step > w): the decision with the lowest expected loss.

    Args:
        steps: the probability of each bin of the step.
        soonest: s, the least that it may be.
        cost: s of silence that are as bad as a wrong entry.
        held: s for which the player held the last key: their next onset is later than that.
    """
    later = tuple(accumulate(steps, lambda left, step: left - step, initial=1.0))  # than each edge
    first = bisect_left(_EDGES, soonest)
    given = max(later[bisect_right(_EDGES, held) - 1], LEAST)
    losses = [(soonest + cost * later[max(0, first - 1)] / given, soonest)]
    losses += [(edge + cost * risk / given, edge) for edge, risk in zip(_EDGES[first:], later[first:], strict=False)]
    return min(losses)[1]
