"""Baselines that a model is compared with: predictions that need no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from livegen import encoding, encoding_arrays
from livegen.encoding import SIZES, VARIABLES
from livegen.training.corpus import Piece
from livegen.training.data import Notes
from livegen.training.evaluate import Costs, Window

Chance = Callable[[str, int, int], float]
"""(variable, category, category of the note before) -> probability."""

SHARES = np.linspace(0.0, 0.95, 20)
"""Candidates for the share of the probability that goes to the category of the note before."""


class Marginals:
    """The frequency of each category in the training pieces, with add-one smoothing."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        counts = {name: np.ones(SIZES[name]) for name in VARIABLES}
        for piece in pieces:
            for i, name in enumerate(VARIABLES):
                counts[name] += np.bincount(encoding_arrays.tokens(piece.notes)[:, i], minlength=SIZES[name])
        self.shares = {name: count / count.sum() for name, count in counts.items()}

    def costs(self, windows: Sequence[Window], pieces: Mapping[str, Notes]) -> Costs:
        return _costs(windows, pieces, lambda name, token, _: self.shares[name][token])


class RepeatLast:
    """The category of the note before, with the share of the probability that fits the training pieces best."""

    def __init__(self, marginals: Marginals, pieces: Sequence[Piece]) -> None:
        self._marginals = marginals
        self.shares: dict[str, float] = {}
        tokens = [encoding_arrays.tokens(piece.notes) for piece in pieces]
        for i, name in enumerate(VARIABLES):
            now = np.concatenate([part[1:, i] for part in tokens])
            same = now == np.concatenate([part[:-1, i] for part in tokens])
            otherwise = marginals.shares[name][now]
            likelihood = [np.log(share * same + (1 - share) * otherwise).mean() for share in SHARES]
            self.shares[name] = float(SHARES[int(np.argmax(likelihood))])

    def costs(self, windows: Sequence[Window], pieces: Mapping[str, Notes]) -> Costs:
        def chance(name: str, token: int, before: int) -> float:
            share = self.shares[name]
            return share * float(token == before) + (1 - share) * float(self._marginals.shares[name][token])

        return _costs(windows, pieces, chance)


def _costs(windows: Sequence[Window], pieces: Mapping[str, Notes], chance: Chance) -> Costs:
    tokens = {name: encoding_arrays.tokens(notes).tolist() for name, notes in pieces.items()}
    costs = np.empty((len(windows), len(VARIABLES)))
    for row, window in zip(costs, windows, strict=True):
        before, token = tokens[window.piece][window.target - 1], tokens[window.piece][window.target]
        for i, name in enumerate(VARIABLES):
            row[i] = -np.log(chance(name, token[i], before[i]))
            if name in encoding.TIMES:
                row[i] += encoding.log_cells(token[i])
    return costs
