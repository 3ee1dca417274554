from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from livegen.training.model import Pianist


@pytest.fixture(scope="session")
def pianist() -> Pianist:
    """Random weights everywhere: those that start at zero would hide what is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own, on import
        pytest.importorskip("tensorflow", reason="TensorFlow is missing")
        from livegen.training.model import Architecture, Pianist
    pianist = Pianist(Architecture(units=16, layers=2, hidden=8, embedding=(4, 6, 3, 5, 2)))
    pianist(np.zeros((1, 2, 5), np.int32))
    random = np.random.default_rng(3)
    for weight in pianist.weights:
        weight.assign(random.normal(0, 0.3, weight.shape))
    return pianist
