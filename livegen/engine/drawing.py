"""Samples the step of a note on a grid: the model's own distribution, reweighted by how well each time fits the pulse.

The weight of a time is the mean of 1 and of a kernel, by how certain the pulse is. The kernel has a peak at each point
of the grid, over a low floor, and a mean of 1 around each point: what the model wants to play between two points moves
to them. Where the pulse is certain the response is on it; where it is not, the model's distribution is left as it is.
How likely it is that a note belongs to the chord that was begun is left to the model in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import CELL, TIME_EDGES
from livegen.stage.fit import STRAY
from livegen.stage.grid import Grid

CHORD = 0.020
"""s: notes this close to the first of a chord keep the model's times."""

FLOOR = 0.002
"""Share of the kernel that is flat: no time is impossible."""
SHARE_OF_SPREAD = 0.4
"""The standard deviation of the response about the grid, as a share of the player's. Steadier, but not a machine."""
STEADIEST, LOOSEST = 0.005, 0.006  # s

MOST = 2.0
"""Nats by which one note can speak for a grid or against it."""

RESOLUTION = 0.001  # s, of times on the grid

_EDGES = np.array([*TIME_EDGES, TIME_EDGES[-1] + 1]) * round(CELL / RESOLUTION)  # in cells of RESOLUTION
_WIDTHS = np.diff(_EDGES).astype(np.float64)
Floats = NDArray[np.float64]


def steadied(spread: float) -> float:
    """The standard deviation of a response about the grid, from that of the player."""
    return min(max(SHARE_OF_SPREAD * spread, STEADIEST), LOOSEST)


def kernel(grid: Grid, phases: Floats, sd: float, floor: float = FLOOR) -> Floats:
    """The kernel at these phases, in s since a beat: Gaussians about the points of the grid, over the floor."""
    points = np.array(grid.points) * grid.beat
    around = np.concatenate([points[-1:] - grid.beat, points, points[:1] + grid.beat])
    widths = (around[2:] - around[:-2]) / 2  # from the middle before a point to the middle after it
    away = (phases[:, None] - points + grid.beat / 2) % grid.beat - grid.beat / 2
    peaks = np.exp(-0.5 * (away / sd) ** 2) @ widths / (sd * sqrt(2 * pi))
    weights: Floats = floor + (1 - floor) * peaks
    return weights


class Drawing:
    """Samples the steps of one response on a grid, one after another.

    Args:
        grid: on a clock that is 0 at the last onset of the context.
        temperature: of the step's distribution.
        bins: number of bins that a step may have.
        sd: s, the standard deviation of the kernel; None: steadier than the player.
        floor: share of the kernel that is flat.
    """

    def __init__(
        self,
        grid: Grid,
        temperature: float = 1.0,
        bins: int = len(_WIDTHS),
        sd: float | None = None,
        floor: float = FLOOR,
    ) -> None:
        sd = steadied(grid.spread) if sd is None else sd
        self._origin, self._beat = grid.origin, grid.beat
        self._edges, self._widths, self._temperature = _EDGES[: bins + 1], _WIDTHS[:bins], temperature
        cells = round(grid.beat / RESOLUTION)
        phases = np.linspace(0.0, grid.beat, cells + 1)
        weights = grid.certainty * kernel(grid, (phases[1:] + phases[:-1]) / 2, sd, floor) + 1 - grid.certainty
        in_beat = np.concatenate([[0.0], np.cumsum(weights / weights.mean())])
        times = np.arange(cells + int(self._edges[-1]) + round(CHORD / RESOLUTION) + 3) * RESOLUTION
        whole = np.floor(times / grid.beat)
        self._totals = whole * cells + np.interp(times - whole * grid.beat, phases, in_beat)  # since a beat
        self._now = self._chord = 0.0  # the time of the last onset, and of the first of its chord

    def begin(self, now: float) -> None:
        """The last onset is at this time, in s, and alone."""
        self._now = self._chord = now

    def play(self, seconds: float) -> None:
        """The next onset comes after this step."""
        self._now += seconds
        if self._now > self._chord + CHORD:
            self._chord = self._now

    def draw(self, logits: NDArray[np.float32], random: np.random.Generator) -> tuple[int, float]:
        """Sample the next step, and play it. Returns its bin and its seconds.

        Args:
            logits: of the bins, shape (TIME_BINS,).
            random: the source of random numbers.
        """
        weighed = self._weigh(logits)
        upper = weighed.mass.cumsum()
        drawn = int(upper.searchsorted(random.random() * upper[-1], side="right"))
        first = int(self._edges[drawn])
        within = weighed.up_to(first, int(self._edges[drawn + 1]))
        wanted = within[0] + random.random() * (within[-1] - within[0])
        cell = first + int(within.searchsorted(wanted, side="right")) - 1
        seconds = float(cell + random.random()) * RESOLUTION
        self.play(seconds)
        return drawn, seconds

    def gain(self, logits: NDArray[np.float32], seconds: float) -> float:
        """How many nats less a step costs by this distribution than by the model's own. The step is not played."""
        cell = min(int(seconds / RESOLUTION), int(self._edges[-1]) - 1)
        before, after = self._weigh(logits).up_to(cell, cell + 1)
        return log(after - before)

    def _weigh(self, logits: NDArray[np.float32]) -> _Weighed:
        """The distribution of the next step."""
        edges, free = self._edges, max(0, int((self._chord + CHORD - self._now) / RESOLUTION))
        totals = self._totals[int((self._now - self._origin) % self._beat / RESOLUTION + 0.5) :]
        scaled = logits[: len(self._widths)] / self._temperature
        likely: Floats = np.exp(scaled - scaled.max(), dtype=np.float64)
        density = likely / self._widths
        last = int(edges.searchsorted(free, side="right")) - 1  # the bin in which the chord's last cell may be
        at_edges = totals[edges]
        at_edges[: last + 1] = totals[free]
        mass: Floats = density * (at_edges[1:] - at_edges[:-1])
        in_chord = density[: last + 1] * (np.minimum(edges[1 : last + 2], free) - edges[: last + 1])
        scale = float((likely.sum() - in_chord.sum()) / mass.sum())
        mass *= scale
        mass[: last + 1] += in_chord
        return _Weighed(mass, totals, free, scale)


def support(heard: Sequence[tuple[float, NDArray[np.float32]]], grid: Grid, span: float) -> float:
    """How much better a grid explains the steps of a player than the model alone: in nats, their sum.

    The notes of a chord do not count, and no note counts more than MOST.

    Args:
        heard: each note's step, in s, and the logits of its bins before it.
        grid: on a clock that is 0 at the last onset.
        span: s before the last onset, in which the notes count.
    """
    drawing = Drawing(grid._replace(certainty=1.0), sd=max(grid.spread, STEADIEST), floor=STRAY)
    at = -sum(step for step, _ in heard)
    drawing.begin(at)
    total = 0.0
    for step, logits in heard:
        at += step
        if step > CHORD and at - step >= -span:
            total += min(max(drawing.gain(logits, step), -MOST), MOST)
        drawing.play(step)
    return total


class _Weighed(NamedTuple):
    """The distribution of a step, by its weights from the last onset on."""

    mass: Floats  # of each bin, up to a factor
    totals: Floats  # of all cells up to each, from the grid
    free: int  # cells in which a note still belongs to the same chord. Each weighs 1
    scale: float  # of the others, so that together they are as likely as without the grid

    def up_to(self, first: int, last: int) -> Floats:
        """The total weight of the cells up to each from `first` to `last`, from any point on."""
        weighed: Floats = self.totals[first : last + 1] * self.scale
        if first < self.free:
            chord = min(last, self.free) - first
            weighed[:chord] = weighed[chord] + np.arange(-chord, 0)
        return weighed
