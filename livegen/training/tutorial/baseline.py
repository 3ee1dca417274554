"""The tutorial's model beside others in `livegen evaluate`.

It tells one number for a step or a duration, no distribution. It is given one: a Laplace density around its number, as
wide as suits the training pieces best, added up over cells of 10 ms. What lies below zero counts to the first cell,
since the tutorial plays it so, and what lies above 8 s to the last. Velocity and pedal, which it does not know, cost
what they cost the marginals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livegen import encoding
from livegen.encoding import CELL, LAST_CELL, TIMES, VARIABLES
from livegen.note import WINDOW
from livegen.training.baselines import Marginals
from livegen.training.corpus import Piece
from livegen.training.data import DURATION, PITCH, STEP, Notes
from livegen.training.evaluate import Costs, Window, draw_windows, refuse_seen
from livegen.training.tutorial.model import SCALE
from livegen.training.tutorial.train import columns, load

NAME = "the tutorial preset"
FITTED_ON = 20_000  # windows of the training pieces
BATCH = 1024
COLUMN = {"step": STEP, "duration": DURATION}


def laplace_mass(cells: NDArray[np.int64], centre: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """The probability of each cell of 10 ms, under a Laplace density of that centre and scale [s]."""

    def below(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.5 * np.exp(-np.maximum(centre - seconds, 0) / scale)  # for what is not above the centre

    def above(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.5 * np.exp(-np.maximum(seconds - centre, 0) / scale)

    low = np.where(cells == 0, -np.inf, cells * CELL)
    high = np.where(cells >= LAST_CELL, np.inf, (cells + 1) * CELL)
    # From the side on which the cell lies: 1 - (1 - tiny) would be 0.
    left, right = below(high) - below(low), above(low) - above(high)
    return np.where(high <= centre, left, np.where(low >= centre, right, 1 - below(low) - above(high)))


class TutorialBaseline:
    """A run of the preset `tutorial`, with its scales.

    Raises:
        DataError: the folder is not that of such a run, or it was trained on what it is to be evaluated on.
    """

    def __init__(self, run: Path, training: Sequence[Piece], marginals: Marginals, hashes: Mapping[str, str]) -> None:
        self._model, recipe = load(run)
        refuse_seen(NAME, set(recipe.hashes.split()), hashes)
        self._marginals = marginals
        windows = draw_windows(training, FITTED_ON)
        targets, told = self._told(windows, {piece.name: piece.notes for piece in training})
        self.scales = {name: float(np.abs(targets[:, COLUMN[name]] - told[name]).mean()) for name in TIMES}

    def costs(self, windows: Sequence[Window], pieces: Mapping[str, Notes]) -> Costs:
        """Nats of each window, by variable: shape (windows, 5)."""
        targets, told = self._told(windows, pieces)
        pitch = targets[:, PITCH].astype(np.int64)
        logits = told["pitch"] - told["pitch"].max(axis=-1, keepdims=True)
        tokens = encoding.tokens(targets)
        chances = {
            "pitch": np.exp(logits[np.arange(len(pitch)), pitch]) / np.exp(logits).sum(axis=-1),
            **{name: self._mass(name, targets, told[name]) for name in TIMES},
        }
        for name in VARIABLES:
            if name not in chances:
                chances[name] = self._marginals.shares[name][tokens[:, VARIABLES.index(name)]]
        costs: Costs = -np.log(np.stack([chances[name] for name in VARIABLES], axis=-1))
        return costs

    def _mass(self, name: str, targets: Notes, told: NDArray[np.float64]) -> NDArray[np.float64]:
        cells = np.minimum(encoding.cells(targets[:, COLUMN[name]]), LAST_CELL)
        return laplace_mass(cells, told, self.scales[name])

    def _told(
        self, windows: Sequence[Window], pieces: Mapping[str, Notes]
    ) -> tuple[Notes, dict[str, NDArray[np.float64]]]:
        """The notes to be told, and what the model tells: logits of shape (windows, 128), times of shape (windows,)."""
        notes = np.stack([pieces[window.piece][window.target - WINDOW : window.target + 1] for window in windows])
        told = self._model.predict(columns(notes[:, :-1]) / SCALE, batch_size=BATCH, verbose=0)
        told = {name: values.astype(np.float64) for name, values in told.items()}
        return notes[:, -1], {"pitch": told["pitch"], **{name: np.maximum(0, told[name][:, 0]) for name in TIMES}}
