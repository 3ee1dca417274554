"""Notes <-> the categories that the model reads and draws. The one encoding, live and in training.

A note is a token of five categories in the order in which they are drawn: step, pitch, velocity, duration, pedal.
Times are counted in cells of 10 ms; a bin is one cell up to 200 ms and a growing run of cells above, up to 8 s;
the last bin holds everything from 8 s on. The pedal's category tells where it is at the note's onset, and whether, in
which order and in which quarters of the step it moved since the onset before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import inf, log
from typing import TYPE_CHECKING

from livegen.note import PEDAL_UP, Note, Pedal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VARIABLES = ("step", "pitch", "velocity", "duration", "pedal")
"""The order in which the variables of a note are drawn; each sees those before it."""

TIMES = ("step", "duration")
"""Those of them that are times, in bins of cells."""

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

QUARTERS = 4
_MOVES: tuple[tuple[bool, int | None, int | None], ...] = (
    (False, None, None),
    (True, None, None),
    *((True, None, q) for q in range(QUARTERS)),
    *((False, q, None) for q in range(QUARTERS)),
    *((True, first, then) for first in range(QUARTERS) for then in range(first, QUARTERS)),
    *((False, then, first) for first in range(QUARTERS) for then in range(first, QUARTERS)),
)
"""What each category of the pedal says: whether it is down, and the quarter of the step in which it was lifted and in
which it was pressed, if it was."""
_CATEGORY = {moves: category for category, moves in enumerate(_MOVES)}
_STILL = (PEDAL_UP, Pedal(down=True))
PEDAL_MOVES = len(_MOVES)

SIZES = {
    "step": TIME_BINS,
    "pitch": PITCHES,
    "velocity": VELOCITY_BINS,
    "duration": TIME_BINS,
    "pedal": PEDAL_MOVES,
}
"""How many categories each variable is drawn from. As input, a step has one more: START."""

Token = tuple[int, int, int, int, int]
"""A note's categories in the order of VARIABLES."""

_SCALES = dict.fromkeys(TIMES, f"/{CELL * 1000:.0f}ms/{CELL * LAST_CELL:.0f}s")
SCHEME = "livegen-2:" + ",".join(f"{name}/{SIZES[name]}{_SCALES.get(name, '')}" for name in VARIABLES)
"""Names this encoding, its order and its scales, in a model's card: a model of another encoding is refused."""

_ROUNDING = 1e-6  # of a cell or a quarter: 0.03 s / 0.01 s is 2.9999999999999996
_INSTANT = 1e-6  # s: what differs by less is one moment, whatever the clock began with


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


def pedal_category(pedal: Pedal, step: float) -> int:
    """The category of the pedal at the onset of a note that came `step` seconds after the one before."""
    lifted, pressed = _quarter(pedal.lifted, step), _quarter(pedal.pressed, step)
    if lifted is not None and pressed is not None:  # how it stood before is not told: only the last two moves are
        told = pedal.down, lifted, pressed
        return _CATEGORY.get(told, _CATEGORY[pedal.down, None, None])  # two players' stamps may cross
    if pedal.down:
        return _CATEGORY[True, None, pressed]
    return _CATEGORY[False, lifted, None]


def _quarter(ago: float, step: float) -> int | None:
    """The quarter of the step in which something was that is `ago` seconds gone by its end; None before its begin."""
    if ago >= step - _INSTANT:  # what was at the onset before belongs to that one
        return None
    return min(int(QUARTERS * (1 - ago / step) + _ROUNDING), QUARTERS - 1)


def category_pedal(category: int, step: float) -> Pedal:
    """The pedal as a category says it is, for a step in seconds; moves lie in the middle of their quarters."""
    down, lifted, pressed = _MOVES[category]
    if lifted is None and pressed is None:  # as for most notes
        return _STILL[down]
    same = 0.25 if lifted == pressed else 0.0  # of a quarter, either way: two moves are one after the other

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
    """Tokens of a context as the model reads it: what came before its first note is not known."""
    tokens = [token(note) for note in notes]
    if tokens:
        _, pitch, velocity, duration, pedal = tokens[0]
        tokens[0] = START, pitch, velocity, duration, int(_MOVES[pedal][0])
    return tokens


def tokens(notes: NDArray[np.float64]) -> NDArray[np.int32]:
    """`token` for many notes at once.

    Args:
        notes: shape (..., 7), the fields of `Note` and of its pedal in their order: pitch, step [s], duration [s],
            velocity, whether the pedal is down, how long ago [s] it was pressed, and lifted.

    Returns:
        Categories, shape (..., 5), in the order of VARIABLES.
    """
    import numpy as np

    pitch, step, duration, velocity, down, pressed, lifted = np.moveaxis(notes, -1, 0)

    def bins(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.searchsorted(TIME_EDGES, cells(seconds), side="right") - 1

    def quarters(ago: NDArray[np.float64]) -> NDArray[np.int64]:
        """As `_quarter`, but one more, and 0 for None."""
        within = ago < step - _INSTANT
        share = np.divide(ago, step, out=np.ones_like(ago), where=within)
        quarter = np.minimum(QUARTERS * (1 - share) + _ROUNDING, QUARTERS - 1).astype(np.int64)
        return np.where(within, 1 + quarter, 0)

    table = np.zeros((2, QUARTERS + 1, QUARTERS + 1), np.int32)
    for category, (is_down, lift, press) in enumerate(_MOVES):
        table[int(is_down), 0 if lift is None else lift + 1, 0 if press is None else press + 1] = category
    pedal = table[down.astype(np.int64), quarters(lifted), quarters(pressed)]
    return np.stack([bins(step), pitch, velocity // VELOCITY_WIDTH, bins(duration), pedal], axis=-1).astype(np.int32)


def cells(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """The cells of 10 ms that times fall in, counted on beyond LAST_CELL."""
    import numpy as np

    return (seconds / CELL + _ROUNDING).astype(np.int64)


def start(tokens: NDArray[np.int32]) -> None:
    """`first`, in place, for the first tokens of many contexts: shape (contexts, notes, 5)."""
    import numpy as np

    tokens[:, 0, 0] = START
    tokens[:, 0, 4] = np.array([down for down, _, _ in _MOVES])[tokens[:, 0, 4]]


def log_cells(time_bin: int) -> float:
    """ln of how many 10 ms cells a bin holds: what the probability of one of them costs beyond its bin's."""
    return log(TIME_EDGES[time_bin + 1] - TIME_EDGES[time_bin]) if time_bin + 1 < TIME_BINS else 0.0
