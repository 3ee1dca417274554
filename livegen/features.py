"""Notes <-> the categories that the model reads and draws. The one encoding, live and in training.

A note is a token of four categories in the order in which they are drawn: step, pitch, velocity, duration.
Times are counted in cells of 10 ms; a bin is one cell up to 200 ms and a growing run of cells above, up to 8 s;
the last bin holds everything from 8 s on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from livegen.note import Note

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VARIABLES = ("step", "pitch", "velocity", "duration")
"""The order in which the variables of a note are drawn; each sees those before it."""

CELL = 0.010  # s
LAST_CELL = 800  # everything from 8 s on
FINE_CELLS = 20  # up to here a bin is one cell
COARSE_BINS = 59  # geometric bins from there to LAST_CELL


def _time_edges() -> tuple[int, ...]:
    edges = list(range(FINE_CELLS + 1))
    ratio = (LAST_CELL / FINE_CELLS) ** (1 / COARSE_BINS)
    for i in range(1, COARSE_BINS + 1):
        edges.append(max(edges[-1] + 1, round(FINE_CELLS * ratio**i)))
    return tuple(edges)


TIME_EDGES = _time_edges()
"""First cell of each bin, in cells of 10 ms; the last entry opens the bin without an end."""
TIME_BINS = len(TIME_EDGES)
START = TIME_BINS
"""What stands for the step of the first note of a context, whose predecessor is not in it."""

PITCHES = 128
VELOCITY_WIDTH = 4
VELOCITY_BINS = 128 // VELOCITY_WIDTH

SIZES = {"step": TIME_BINS, "pitch": PITCHES, "velocity": VELOCITY_BINS, "duration": TIME_BINS}
"""How many categories each variable is drawn from. As input, a step has one more: START."""

SCHEME = f"livegen-1:{TIME_BINS}x{PITCHES}x{VELOCITY_BINS}x{TIME_BINS}"
"""Names this encoding in a model's card: a model of another encoding is refused."""

_ROUNDING = 1e-6  # of a cell: 0.03 s / 0.01 s is 2.9999999999999996


def time_bin(seconds: float) -> int:
    """The bin (0..TIME_BINS-1) of a step or duration in seconds."""
    return bisect_right(TIME_EDGES, int(seconds / CELL + _ROUNDING)) - 1


def bin_time(time_bin: int, fraction: float) -> float:
    """Seconds at `fraction` (0..1) of a bin's span. The last bin counts as one cell from 8 s on."""
    first = TIME_EDGES[time_bin]
    last = TIME_EDGES[time_bin + 1] if time_bin + 1 < TIME_BINS else first + 1
    return (first + (last - first) * fraction) * CELL


def bin_velocity(velocity_bin: int, fraction: float) -> int:
    """A MIDI velocity (1..127) at `fraction` (0..1, exclusive of 1) of a bin."""
    return max(1, velocity_bin * VELOCITY_WIDTH + int(fraction * VELOCITY_WIDTH))


def token(note: Note) -> tuple[int, int, int, int]:
    """The four categories of a note, in the order of VARIABLES."""
    return time_bin(note.step), note.pitch, note.velocity // VELOCITY_WIDTH, time_bin(note.duration)


def context(notes: Sequence[Note]) -> list[tuple[int, int, int, int]]:
    """Tokens of a context as the model reads it: the first note's step is START."""
    tokens = [token(note) for note in notes]
    if tokens:
        tokens[0] = (START, *tokens[0][1:])
    return tokens


def tokens(notes: NDArray[np.float64]) -> NDArray[np.int32]:
    """`token` for many notes at once.

    Args:
        notes: shape (..., 4): step [s], pitch, velocity, duration [s].

    Returns:
        Categories, shape (..., 4), in the order of VARIABLES.
    """
    import numpy as np

    out = np.empty(notes.shape, np.int32)
    for column in (0, 3):
        cells = (notes[..., column] / CELL + _ROUNDING).astype(np.int64)
        out[..., column] = np.searchsorted(TIME_EDGES, cells, side="right") - 1
    out[..., 1] = notes[..., 1]
    out[..., 2] = notes[..., 2] // VELOCITY_WIDTH
    return out


def log_cells(time_bin: int) -> float:
    """ln of how many 10 ms cells a bin holds: what the probability of one of them costs beyond its bin's."""
    from math import log

    return log(TIME_EDGES[time_bin + 1] - TIME_EDGES[time_bin]) if time_bin + 1 < TIME_BINS else 0.0
