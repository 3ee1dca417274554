from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen.encoding import SIZES, VARIABLES

if TYPE_CHECKING:
    from livegen.training.model import Pianist

QUIET = (1, 2, 5, 11)  # units that nothing reads
UNITS = 16


@pytest.fixture
def tokens() -> np.ndarray:
    random = np.random.default_rng(6)
    return np.stack([random.integers(0, SIZES[name], (3, 20)) for name in VARIABLES], axis=-1).astype(np.int32)


@pytest.fixture
def partly_unheard(pianist: Pianist) -> Pianist:
    from livegen.training.model import untrained

    copy = untrained(pianist.architecture)
    copy.set_weights(pianist.get_weights())
    readers = [copy.heads.kernel, copy.back.query.kernel, copy.back.key.kernel, copy.lstm[1].cell.kernel]
    for kernel in [*readers, *(layer.cell.recurrent_kernel for layer in copy.lstm)]:
        weights = np.array(kernel.value)
        weights[list(QUIET)] = 0
        kernel.assign(weights)
    return copy


def test_what_nothing_reads_goes_first_and_is_not_missed(partly_unheard: Pianist, tokens: np.ndarray) -> None:
    from livegen.training.prune import pruned

    smaller = pruned(partly_unheard, UNITS - len(QUIET), tokens)
    assert smaller.architecture.units == UNITS - len(QUIET)
    for name, logits in partly_unheard(tokens).items():
        np.testing.assert_allclose(smaller(tokens)[name], logits, atol=1e-5)


def test_the_fewer_stay_the_more_changes(pianist: Pianist, tokens: np.ndarray) -> None:
    from livegen.training.prune import pruned

    def change(smaller: Pianist) -> float:
        return sum(float(np.abs(smaller(tokens)[name] - logits).mean()) for name, logits in pianist(tokens).items())

    changes = [change(pruned(pianist, units, tokens)) for units in (15, 12, 8)]
    assert 0 < changes[0] < changes[1] < changes[2]


def test_with_all_of_them_it_is_the_same(pianist: Pianist, tokens: np.ndarray) -> None:
    from livegen.training.prune import pruned

    assert pianist.architecture.units == UNITS
    same = pruned(pianist, UNITS, tokens)
    for mine, weight in zip(same.get_weights(), pianist.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, weight)
