"""Encodes notes as the categories that the model reads and samples. The daemon and training use the same encoding.

Pure: the standard library only. `livegen.encoding_arrays` does the same for arrays of notes.

A note is a token of five categories, in the order of sampling: step, pitch, velocity, duration, pedal. Times are
counted in cells of 10 ms. A bin is one cell up to 200 ms, and an increasing number of cells from there to 8 s; the last
bin contains everything from 8 s. The category of the pedal gives its position at the onset of the note, and whether, in
which order and in which quarters of the step it moved since the previous onset.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import inf, log

from livegen.note import PEDAL_UP, Note, Pedal

VARIABLES = ("step", "pitch", "velocity", "duration", "pedal")
"""The variables of a note in the order of sampling. Each depends on those before it."""

TIMES = ("step", "duration")
"""The variables that are times, in bins of cells."""

CELL = 0.010  # s
LAST_CELL = 800  # everything from 8 s
FINE_CELLS = 20  # below this a bin is one cell
COARSE_BINS = 59  # geometric bins from FINE_CELLS to LAST_CELL


def _time_edges() -> tuple[int, ...]:
    edges = list(range(FINE_CELLS + 1))
    ratio = (LAST_CELL / FINE_CELLS) ** (1 / COARSE_BINS)
    for i in range(1, COARSE_BINS + 1):
        edges.append(max(edges[-1] + 1, round(FINE_CELLS * ratio**i)))
    return tuple(edges)


TIME_EDGES = _time_edges()
"""The first cell of each bin. The last bin has no end."""
TIME_BINS = len(TIME_EDGES)
START = TIME_BINS
"""The category for the step of the first note of a context, which is unknown."""

PITCHES = 128
VELOCITY_WIDTH = 4
VELOCITY_BINS = 128 // VELOCITY_WIDTH

QUARTERS = 4
MOVES: tuple[tuple[bool, int | None, int | None], ...] = (
    (False, None, None),
    (True, None, None),
    *((True, None, q) for q in range(QUARTERS)),
    *((False, q, None) for q in range(QUARTERS)),
    *((True, first, then) for first in range(QUARTERS) for then in range(first, QUARTERS)),
    *((False, then, first) for first in range(QUARTERS) for then in range(first, QUARTERS)),
)
"""The meaning of each category of the pedal: whether it is down, the quarter of the step in which it was lifted, and
the quarter in which it was pressed. None: it did not move this way."""
_CATEGORY = {moves: category for category, moves in enumerate(MOVES)}
_STILL = (PEDAL_UP, Pedal(down=True))
PEDAL_MOVES = len(MOVES)

SIZES = {
    "step": TIME_BINS,
    "pitch": PITCHES,
    "velocity": VELOCITY_BINS,
    "duration": TIME_BINS,
    "pedal": PEDAL_MOVES,
}
"""The number of categories of each variable. As input, a step has one more: START."""

Token = tuple[int, int, int, int, int]
"""A note's categories in the order of VARIABLES."""

_SCALES = dict.fromkeys(TIMES, f"/{CELL * 1000:.0f}ms/{CELL * LAST_CELL:.0f}s")
SCHEME = "livegen-2:" + ",".join(f"{name}/{SIZES[name]}{_SCALES.get(name, '')}" for name in VARIABLES)
"""The name of this encoding, with its order and scales, for the model card. livegen refuses models with another one."""

ROUNDING = 1e-6
"""Of a cell or a quarter: 0.03 s / 0.01 s is 2.9999999999999996."""
SAME_MOMENT = 1e-6
"""s: a smaller difference is a rounding error of the clock."""


def time_bin(seconds: float) -> int:
    """The bin (0..TIME_BINS-1) of a step or duration in seconds."""
    return bisect_right(TIME_EDGES, int(seconds / CELL + ROUNDING)) - 1


def bin_time(time_bin: int, fraction: float) -> float:
    """Seconds at `fraction` (0..1) of a bin's span. The last bin counts as one cell, from 8 s."""
    first = TIME_EDGES[time_bin]
    last = TIME_EDGES[time_bin + 1] if time_bin + 1 < TIME_BINS else first + 1
    return (first + (last - first) * fraction) * CELL


def bin_velocity(velocity_bin: int, fraction: float) -> int:
    """A MIDI velocity (1..127) at `fraction` (0..1, exclusive of 1) of a bin."""
    return max(1, velocity_bin * VELOCITY_WIDTH + int(fraction * VELOCITY_WIDTH))


def pedal_category(pedal: Pedal, step: float) -> int:
    """The category of the pedal at the onset of a note, `step` seconds after the previous onset."""
    lifted, pressed = _quarter(pedal.lifted, step), _quarter(pedal.pressed, step)
    if lifted is not None and pressed is not None:  # the category has the last two moves, not the position before them
        moves = pedal.down, lifted, pressed
        return _CATEGORY.get(moves, _CATEGORY[pedal.down, None, None])  # time stamps of two inputs may be out of order
    if pedal.down:
        return _CATEGORY[True, None, pressed]
    return _CATEGORY[False, lifted, None]


def _quarter(ago: float, step: float) -> int | None:
    """The quarter of the step that is `ago` seconds before its end; None: before the step."""
    if ago >= step - SAME_MOMENT:  # a move at the previous onset belongs to that note
        return None
    return min(int(QUARTERS * (1 - ago / step) + ROUNDING), QUARTERS - 1)


def category_pedal(category: int, step: float) -> Pedal:
    """The pedal for a category and a step in seconds. Moves are in the middle of their quarters."""
    down, lifted, pressed = MOVES[category]
    if lifted is None and pressed is None:  # most notes
        return _STILL[down]
    same = 0.25 if lifted == pressed else 0.0  # of a quarter, in both directions, to separate two moves

    def ago(quarter: int | None, later: float) -> float:
        return inf if quarter is None else step * (1 - (quarter + 0.5 + later) / QUARTERS)

    return Pedal(down, pressed=ago(pressed, same if down else -same), lifted=ago(lifted, -same if down else same))


def token(note: Note) -> Token:
    """The categories of a note, in the order of VARIABLES."""
    return (
        time_bin(note.step),
        note.pitch,
        note.velocity // VELOCITY_WIDTH,
        time_bin(note.duration),
        pedal_category(note.pedal, note.step),
    )


def context(notes: Sequence[Note]) -> list[Token]:
    """The tokens of a context for the model. What came before its first note is unknown."""
    tokens = [token(note) for note in notes]
    if tokens:
        _, pitch, velocity, duration, pedal = tokens[0]
        tokens[0] = START, pitch, velocity, duration, int(MOVES[pedal][0])
    return tokens


def log_cells(time_bin: int) -> float:
    """ln of the number of 10 ms cells in a bin: the loss of a cell, in addition to the loss of its bin."""
    return log(TIME_EDGES[time_bin + 1] - TIME_EDGES[time_bin]) if time_bin + 1 < TIME_BINS else 0.0
