from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from livegen.engine.sampling import draw as draw_likely
from livegen.engine.sampling import likelihoods


def draw(
    logits: np.ndarray, random: np.random.Generator, temperature: float = 1.0, allowed: np.ndarray | None = None
) -> int:
    return draw_likely(likelihoods(logits), random, temperature, allowed)


LOGITS = arrays(np.float32, st.integers(1, 40), elements=st.floats(-8, 8, width=32))


@given(LOGITS, st.floats(0.05, 3), st.data())
def test_what_is_not_allowed_is_never_drawn(logits: np.ndarray, temperature: float, data: st.DataObject) -> None:
    allowed = data.draw(arrays(np.bool_, len(logits)).filter(np.any))
    assert allowed[draw(logits, np.random.default_rng(data.draw(st.integers(0, 99))), temperature, allowed)]


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.6])
def test_frequencies_are_the_probabilities(temperature: float) -> None:
    logits = np.random.default_rng(5).normal(0, 1.5, 12).astype(np.float32)
    odds = np.exp(logits.astype(np.float64) / temperature)
    random, n = np.random.default_rng(6), 20_000
    counts = np.bincount([draw(logits, random, temperature) for _ in range(n)], minlength=len(odds))
    expected = n * odds / odds.sum()
    assert ((counts - expected) ** 2 / expected).sum() < 35  # 11 degrees of freedom: 0.02 % lie above


def test_a_seed_repeats_its_draws() -> None:
    logits = np.random.default_rng(0).normal(0, 2, 128).astype(np.float32)

    def draws(seed: int) -> list[int]:
        random = np.random.default_rng(seed)
        return [draw(logits, random) for _ in range(50)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_cold_is_the_likeliest() -> None:
    logits = np.array([0, 3, 1], np.float32)
    random = np.random.default_rng(0)
    assert {draw(logits, random, 0.05) for _ in range(100)} == {1}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_model_gone_mad_is_found_out(bad: float) -> None:
    with pytest.raises(ValueError, match="no numbers"):
        draw(np.array([0, bad, 1], np.float32), np.random.default_rng(0))


def test_nothing_allowed_is_an_error() -> None:
    with pytest.raises(ValueError, match="no category is allowed"):
        draw(np.zeros(3, np.float32), np.random.default_rng(0), allowed=np.zeros(3, np.bool_))
