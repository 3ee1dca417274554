"""Whether a call has a pulse: what speaks for the grid that fits it best.

A grid can be fitted to any few onsets, also to those of a free player. Three things tell a pulse from chance: how much
likelier the onsets are on the grid than anywhere; how well a grid of each half of the call foretells the other half;
and how much better the grid explains the steps than the model does, which knows how free players go on.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import NamedTuple

from livegen.stage import fit
from livegen.stage.grid import Grid

FITS, SUPPORTED, KNOWN = 2.75, 0.33, 2.54
"""Factors of the evidence: a logistic regression on steady calls, made by a program, and on calls cut from POP909,
MAESTRO and ASAP, of works held out of the train splits: `python -m tools.pulse_evidence --fit`."""
DOUBTFUL, SURE = 10.6, 11.1
"""The evidence from which a pulse is possible, and from which it is certain (docs/model.md)."""
MOST = 1.5  # that the score counts
ENOUGH = 30.0  # onsets: more of them say no more
USUAL = 10.0  # nats: the support of a pulse, in the mean of 20 notes

Support = Callable[[Grid, float], float]
"""(grid on a clock that is 0 at the last onset, s before it in which notes count) -> how much better the grid explains
the player's steps than the model alone does: in nats, the sum over the notes."""


def usual(grid: Grid, span: float) -> float:  # noqa: ARG001  (as if it were a pulse)
    """The support if the model was not asked: it decides nothing."""
    return USUAL


class Evidence(NamedTuple):
    """What speaks for a grid."""

    score: float  # natural logarithm: how much likelier the onsets are than by an even density, for each onset
    support: float  # nats (`Support`)
    onsets: float  # that count
    foretold: float = 0.0  # as `fit.foretold`

    @property
    def total(self) -> float:
        """All of it together."""
        fits = min(self.score, MOST) + self.foretold
        return FITS * fits + SUPPORTED * self.support + KNOWN * log(min(self.onsets, ENOUGH))

    @property
    def undecided(self) -> bool:
        """Whether `foretold`, which takes the longest to compute, can decide."""
        rest = self.total - FITS * self.foretold
        return DOUBTFUL - FITS * fit.MOST_FORETOLD < rest < SURE - FITS * fit.LEAST_FORETOLD

    @property
    def certainty(self) -> float:
        """0 (no pulse) to 1 (certain)."""
        return min(max((self.total - DOUBTFUL) / (SURE - DOUBTFUL), 0.0), 1.0)
