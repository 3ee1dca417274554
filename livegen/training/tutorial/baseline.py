"""The tutorial's model as a baseline in `livegen evaluate`.

It predicts one number for a step or a duration, not a distribution. So its distribution is a Laplace density around
that number, with the scale that fits the training pieces best, summed over cells of 10 ms. Mass below zero counts to
the first cell, since the tutorial plays negative times as zero, and mass above 8 s to the last. The model has no
velocity and no pedal: their loss is that of the marginals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livegen import encoding_arrays
from livegen.encoding import CELL, LAST_CELL, TIMES, VARIABLES
from livegen.note import WINDOW
from livegen.training.baselines import Marginals
from livegen.training.corpus import Piece
from livegen.training.data import DURATION, PITCH, STEP, Notes
from livegen.training.evaluate import Costs, Window, refuse_seen, sample_windows
from livegen.training.tutorial.model import SCALE
from livegen.training.tutorial.train import columns, load

NAME = "the tutorial preset"
FITTED_ON = 20_000  # windows of the training pieces
BATCH = 1024
COLUMN = {"step": STEP, "duration": DURATION}


def laplace_mass(cells: NDArray[np.int64], centre: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """The probability of each cell of 10 ms under a Laplace density with this centre and scale [s]."""

    def below(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.5 * np.exp(-np.maximum(centre - seconds, 0) / scale)  # up to the centre

    def above(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.5 * np.exp(-np.maximum(seconds - centre, 0) / scale)

    low = np.where(cells == 0, -np.inf, cells * CELL)
    high = np.where(cells >= LAST_CELL, np.inf, (cells + 1) * CELL)
    # Computed from the cell's side of the centre: 1 - (1 - tiny) would be 0.
    left, right = below(high) - below(low), above(low) - above(high)
    return np.where(high <= centre, left, np.where(low >= centre, right, 1 - below(low) - above(high)))


class TutorialBaseline:
    """A run of the preset `tutorial`, with fitted scales.

    Raises:
        DataError: the folder is not such a run, or the run was trained on the evaluation data.
    """

    def __init__(self, run: Path, training: Sequence[Piece], marginals: Marginals, hashes: Mapping[str, str]) -> None:
        self._model, recipe = load(run)
        refuse_seen(NAME, set(recipe.hashes.split()), hashes)
        self._marginals = marginals
        windows = sample_windows(training, FITTED_ON)
        targets, predicted = self._predicted(windows, {piece.name: piece.notes for piece in training})
        self.scales = {name: float(np.abs(targets[:, COLUMN[name]] - predicted[name]).mean()) for name in TIMES}

    def costs(self, windows: Sequence[Window], pieces: Mapping[str, Notes]) -> Costs:
        """The loss of each window."""
        targets, predicted = self._predicted(windows, pieces)
        pitch = targets[:, PITCH].astype(np.int64)
        logits = predicted["pitch"] - predicted["pitch"].max(axis=-1, keepdims=True)
        tokens = encoding_arrays.tokens(targets)
        chances = {
            "pitch": np.exp(logits[np.arange(len(pitch)), pitch]) / np.exp(logits).sum(axis=-1),
            **{name: self._mass(name, targets, predicted[name]) for name in TIMES},
        }
        for name in VARIABLES:
            if name not in chances:
                chances[name] = self._marginals.shares[name][tokens[:, VARIABLES.index(name)]]
        costs: Costs = -np.log(np.stack([chances[name] for name in VARIABLES], axis=-1))
        return costs

    def _mass(self, name: str, targets: Notes, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        cells = np.minimum(encoding_arrays.cells(targets[:, COLUMN[name]]), LAST_CELL)
        return laplace_mass(cells, predicted, self.scales[name])

    def _predicted(
        self, windows: Sequence[Window], pieces: Mapping[str, Notes]
    ) -> tuple[Notes, dict[str, NDArray[np.float64]]]:
        """The target notes, and the predictions: logits of shape (windows, 128), times of shape (windows,)."""
        notes = np.stack([pieces[window.piece][window.target - WINDOW : window.target + 1] for window in windows])
        predicted = self._model.predict(columns(notes[:, :-1]) / SCALE, batch_size=BATCH, verbose=0)
        predicted = {name: values.astype(np.float64) for name, values in predicted.items()}
        return notes[:, -1], {
            "pitch": predicted["pitch"],
            **{name: np.maximum(0, predicted[name][:, 0]) for name in TIMES},
        }
