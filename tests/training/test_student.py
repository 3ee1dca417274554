"""Distillation: how much each of several teachers counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from livegen.encoding import SIZES, VARIABLES

pytestmark = pytest.mark.usefixtures("tensorflow")

NOTES = 60


@pytest.fixture
def tokens() -> np.ndarray:
    random = np.random.default_rng(7)
    notes = [random.integers(0, SIZES[name], (2, NOTES + 1)) for name in VARIABLES]
    return np.stack(notes, axis=-1).astype(np.int32)


def teacher(right: float, wrong: float = 0.0) -> Callable[..., dict[str, np.ndarray]]:
    """One that gives the true category of each variable the logit `right`, and all others `wrong`."""

    def logits(tokens: np.ndarray, *, training: bool) -> dict[str, np.ndarray]:
        assert not training
        true = {name: np.eye(SIZES[name], dtype=np.float32)[tokens[:, 1:, i]] for i, name in enumerate(VARIABLES)}
        return {name: wrong + (right - wrong) * each for name, each in true.items()}

    return logits


def probability_of_the_truth(right: float, name: str) -> float:
    return float(np.exp(right) / (np.exp(right) + SIZES[name] - 1))


def taught(teachers: list[Callable[..., dict[str, np.ndarray]]], tokens: np.ndarray, name: str) -> np.ndarray:
    """Probability of each true category, (batch, time), in the teachers' average."""
    from livegen.training.student import average

    likely = np.asarray(average(teachers, tokens)[name])
    np.testing.assert_allclose(likely.sum(axis=-1), 1, atol=1e-5)
    return np.take_along_axis(likely, tokens[:, 1:, VARIABLES.index(name), None], axis=-1)[..., 0]


@pytest.mark.parametrize("name", VARIABLES)
def test_the_better_teacher_takes_over(tokens: np.ndarray, name: str) -> None:
    good, poor = 3.0, -1.0
    found = taught([teacher(poor), teacher(good)], tokens, name)
    better, worse = probability_of_the_truth(good, name), probability_of_the_truth(poor, name)
    np.testing.assert_allclose(found[:, 0], (better + worse) / 2, rtol=1e-4)  # nothing is known of them yet
    assert (np.diff(found, axis=1) >= -1e-6).all()
    np.testing.assert_allclose(found[:, -1], better, rtol=1e-3)


def test_equal_teachers_give_the_plain_mean(tokens: np.ndarray) -> None:
    """Two that are equally right about each note, and different otherwise."""
    from livegen.training.student import average

    def leaning(towards: int) -> Callable[..., dict[str, np.ndarray]]:
        def logits(tokens: np.ndarray, *, training: bool) -> dict[str, np.ndarray]:
            said = teacher(2.0)(tokens, training=training)
            for i, name in enumerate(VARIABLES):
                other = (tokens[:, 1:, i, None] + towards) % SIZES[name]
                np.put_along_axis(said[name], other, 1.5, axis=-1)
            return said

        return logits

    teachers = [leaning(1), leaning(2)]
    each = [average([one], tokens) for one in teachers]
    for name, likely in average(teachers, tokens).items():
        mean = (np.asarray(each[0][name]) + np.asarray(each[1][name])) / 2
        np.testing.assert_allclose(likely, mean, atol=1e-5)
        assert np.abs(np.asarray(each[0][name]) - np.asarray(each[1][name])).max() > 0.01


def test_a_note_does_not_decide_who_predicts_it() -> None:
    """The weights of a note are those that the notes before it give: a tempered posterior."""
    from livegen.training.student import TRUST, posterior

    log_likelihood = np.random.default_rng(1).normal(-10, 3, (2, 9, 3)).astype(np.float32)
    weights = np.asarray(posterior(log_likelihood))
    for k in range(9):
        expected = np.exp(TRUST * log_likelihood[:, :k].sum(axis=1))
        np.testing.assert_allclose(weights[:, k], expected / expected.sum(axis=-1, keepdims=True), rtol=1e-4)
