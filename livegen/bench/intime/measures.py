"""How well a response keeps the time of its call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livegen.bench.intime.calls import CLOSE, Call, deviations
from livegen.note import SoundedNote

DRIFT_FROM, DRIFT_TO = 7.0, 9.0  # s after the first onset of the response
FEWEST_ONSETS = 5  # of a response that is measured
UPBEATS = (0.42, 0.72)
"""The part of a beat in which the second eighth note may begin."""
FEWEST_UPBEATS = 4
KEEPS = 0.04  # of a beat: a swing this near to that of the call is kept


@dataclass(frozen=True, slots=True)
class Kept:
    """The time of one response."""

    group: str
    name: str
    onsets: int
    on_grid: float  # share of onsets that are CLOSE to a point of the call's grid
    call: float  # the same for the call's own onsets
    chance: float  # the same for onsets anywhere
    entry: float  # s from the first onset to the nearest beat
    entry_on_grid: float  # s from the first onset to the nearest point
    waited: float  # s from the end of the call's last note to the first onset
    drift: float | None  # s, median signed deviation of the onsets about 8 s after the first; None: it is shorter
    swing: float | None  # median place of the response's second eighth notes; None: too few, or the call has none
    keeps_swing: bool | None


def measure(call: Call, response: Sequence[SoundedNote]) -> Kept | None:
    """Measure a response. None: it has too few onsets."""
    if len(response) < FEWEST_ONSETS:
        return None
    onsets = np.array([note.onset for note in response])
    grid = call.grid
    away = deviations(onsets, grid)
    to_beat = deviations(onsets[:1], grid._replace(points=(0.0,)))[0]
    since = onsets - onsets[0]
    late = away[(since >= DRIFT_FROM) & (since <= DRIFT_TO)]
    swing = _swing((onsets - grid.origin) / grid.beat % 1) if call.swing is not None else None
    gaps = np.diff([*grid.points, 1.0]) * grid.beat
    return Kept(
        group=call.group,
        name=call.name,
        onsets=len(onsets),
        on_grid=float((abs(away) <= CLOSE).mean()),
        call=call.on_grid,
        chance=float(np.minimum(2 * CLOSE, gaps).sum() / grid.beat),
        entry=float(abs(to_beat)),
        entry_on_grid=float(abs(away[0])),
        waited=float(onsets[0] - max(note.end for note in call.notes)),
        drift=float(np.median(late)) if len(late) >= 3 else None,
        swing=swing,
        keeps_swing=None if swing is None or call.swing is None else abs(swing - call.swing) <= KEEPS,
    )


def _swing(phases: NDArray[np.float64]) -> float | None:
    upbeats = phases[(phases > UPBEATS[0]) & (phases < UPBEATS[1])]
    return float(np.median(upbeats)) if len(upbeats) >= FEWEST_UPBEATS else None
