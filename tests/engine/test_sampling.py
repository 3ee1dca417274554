from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from livegen.engine.sampling import Sampling, likelihoods
from livegen.engine.sampling import draw as draw_likely


def draw(logits: np.ndarray, random: np.random.Generator, sampling: Sampling, allowed: np.ndarray | None = None) -> int:
    return draw_likely(likelihoods(logits), random, sampling, allowed)


LOGITS = arrays(np.float32, st.integers(1, 40), elements=st.floats(-80, 80, width=32))
SAMPLING = st.builds(
    Sampling,
    temperature=st.floats(0.05, 3),
    top_p=st.floats(0.01, 1),
    min_p=st.one_of(st.just(0.0), st.floats(0, 0.99)),
)


def allowed_by_hand(logits: np.ndarray, sampling: Sampling) -> tuple[dict[int, float], float]:
    """Category -> probability, by the plain definitions, without top-p; and how likely a kept one must be for top-p."""
    scaled = [float(x) / sampling.temperature for x in logits]
    top = max(scaled)
    odds = [np.exp(x - top) for x in scaled]
    kept = {i: p for i, p in enumerate(odds) if p >= sampling.min_p}
    total, mass, least = sum(kept.values()), 0.0, 1.0
    for p in sorted(kept.values(), reverse=True):
        if mass >= sampling.top_p * total:
            break
        mass, least = mass + p, p
    return {i: p / total for i, p in kept.items()}, least


@given(LOGITS, SAMPLING, st.integers(0, 2**32))
def test_only_what_stays_is_ever_drawn(logits: np.ndarray, sampling: Sampling, seed: int) -> None:
    probabilities, least = allowed_by_hand(logits, sampling)
    category = draw(logits, np.random.default_rng(seed), sampling)
    odds = likelihoods(logits - logits.max()) ** (1 / sampling.temperature)
    assert category in probabilities or odds[category] == pytest.approx(sampling.min_p, rel=1e-5)
    assert odds[category] >= least * (1 - 1e-5)


@given(LOGITS, SAMPLING, st.data())
def test_what_is_not_allowed_is_never_drawn(logits: np.ndarray, sampling: Sampling, data: st.DataObject) -> None:
    allowed = data.draw(arrays(np.bool_, len(logits)).filter(np.any))
    logits = logits / 10  # what is out of reach is another test's
    assert allowed[draw(logits, np.random.default_rng(data.draw(st.integers(0, 99))), sampling, allowed)]


@pytest.mark.parametrize(
    "sampling",
    [Sampling(), Sampling(0.7), Sampling(1.6), Sampling(1, 0.8), Sampling(1, 1, 0.2), Sampling(0.9, 0.9, 0.05)],
)
def test_frequencies_are_the_probabilities(sampling: Sampling) -> None:
    logits = np.random.default_rng(5).normal(0, 1.5, 12).astype(np.float32)
    odds = np.exp((logits - logits.max()).astype(np.float64) / sampling.temperature)
    odds[odds < sampling.min_p] = 0
    order = np.argsort(-odds)
    before = np.cumsum(odds[order]) - odds[order]
    odds[order[before >= sampling.top_p * odds.sum()]] = 0
    odds /= odds.sum()

    random, n = np.random.default_rng(6), 20_000
    counts = np.bincount([draw(logits, random, sampling) for _ in range(n)], minlength=len(odds))
    assert not counts[odds == 0].any()
    expected = n * odds[odds > 0]
    chi_square = ((counts[odds > 0] - expected) ** 2 / expected).sum()
    assert chi_square < 35  # 11 degrees of freedom at most: 0.02 % lie above


def test_a_seed_repeats_its_draws() -> None:
    logits = np.random.default_rng(0).normal(0, 2, 128).astype(np.float32)

    def draws(seed: int) -> list[int]:
        random = np.random.default_rng(seed)
        return [draw(logits, random, Sampling(1, 0.95)) for _ in range(50)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_cold_is_the_likeliest() -> None:
    logits = np.array([0, 3, 1], np.float32)
    random = np.random.default_rng(0)
    assert {draw(logits, random, Sampling(0.05)) for _ in range(100)} == {1}
    assert {draw(logits, random, Sampling(3, 0.01)) for _ in range(100)} == {1}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_model_gone_mad_is_found_out(bad: float) -> None:
    with pytest.raises(ValueError, match="no numbers"):
        draw(np.array([0, bad, 1], np.float32), np.random.default_rng(0), Sampling())


def test_nothing_allowed_is_an_error() -> None:
    with pytest.raises(ValueError, match="no category is allowed"):
        draw(np.zeros(3, np.float32), np.random.default_rng(0), Sampling(), np.zeros(3, np.bool_))
