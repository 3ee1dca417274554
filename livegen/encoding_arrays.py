"""The same encoding as `livegen.encoding`, for numpy arrays of notes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import CELL, MOVES, QUARTERS, ROUNDING, SAME_MOMENT, START, TIME_EDGES, VELOCITY_WIDTH


def tokens(notes: NDArray[np.float64]) -> NDArray[np.int32]:
    """The same as `livegen.encoding.token`, for many notes at once.

    Args:
        notes: shape (..., 7), the fields of `Note` and of its pedal: pitch, step [s], duration [s], velocity, whether
            the pedal is down, how long ago [s] it was pressed, and how long ago [s] it was lifted.

    Returns:
        Categories, shape (..., 5), in the order of VARIABLES.
    """
    pitch, step, duration, velocity, down, pressed, lifted = np.moveaxis(notes, -1, 0)

    def bins(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.searchsorted(TIME_EDGES, cells(seconds), side="right") - 1

    def quarters(ago: NDArray[np.float64]) -> NDArray[np.int64]:
        """The quarter of the step plus 1, or 0 if it was not in the step."""
        within = ago < step - SAME_MOMENT
        share = np.divide(ago, step, out=np.ones_like(ago), where=within)
        quarter = np.minimum(QUARTERS * (1 - share) + ROUNDING, QUARTERS - 1).astype(np.int64)
        return np.where(within, 1 + quarter, 0)

    table = np.zeros((2, QUARTERS + 1, QUARTERS + 1), np.int32)
    for category, (is_down, lift, press) in enumerate(MOVES):
        table[int(is_down), 0 if lift is None else lift + 1, 0 if press is None else press + 1] = category
    pedal = table[down.astype(np.int64), quarters(lifted), quarters(pressed)]
    return np.stack([bins(step), pitch, velocity // VELOCITY_WIDTH, bins(duration), pedal], axis=-1).astype(np.int32)


def cells(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """The 10 ms cells of times, without the limit of LAST_CELL."""
    return (seconds / CELL + ROUNDING).astype(np.int64)


def start(tokens: NDArray[np.int32]) -> None:
    """Mark the first token of each context in place, as `encoding.context` does: shape (contexts, notes, 5)."""
    tokens[:, 0, 0] = START
    tokens[:, 0, 4] = np.array([down for down, _, _ in MOVES])[tokens[:, 0, 4]]
