"""--like: from invention to imitation of the call."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from livegen.engine import choose
from livegen.engine.card import Card
from livegen.engine.improviser import Improviser
from livegen.note import Note
from livegen.stage.settings import Sampling

RIFF = (60, 63, 65, 66, 65, 63, 70, 67)


@pytest.fixture(scope="module")
def improviser(shipped: Card) -> Improviser:
    return choose.choose(shipped, "cpu").improviser()


def call(notes: int = 24) -> list[Note]:
    return [Note(RIFF[k % len(RIFF)], 0.25 if k else 0.0, 0.2, 70 + k % 8) for k in range(notes)]


def played(improviser: Improviser, like: float, seed: int) -> list[int]:
    samples = improviser.improvise(call(), 0.25, np.random.default_rng(seed), Sampling(0.9, 0.98, like=like))
    return [sampled.note.pitch for sampled in islice(samples, 24)]


def steps_of_the_riff(pitches: list[int]) -> int:
    """How many notes follow each other as in the riff."""
    follow = set(zip(RIFF, (*RIFF[1:], RIFF[0]), strict=True))
    return sum(pair in follow for pair in pairwise(pitches))


def test_imitation_plays_the_riff_again_and_invention_does_not(improviser: Improviser) -> None:
    found = {
        like: sum(steps_of_the_riff(played(improviser, like, seed)) for seed in range(6)) for like in (0.0, 0.5, 1.0)
    }
    assert found[1.0] > 1.5 * found[0.5]
    assert found[1.0] > 3 * found[0.0]


def test_in_the_middle_it_changes_nothing(improviser: Improviser) -> None:
    alone = Improviser(improviser.runtime)  # without a cache
    assert played(improviser, 0.5, 3) == played(alone, 0.5, 3)


def test_the_same_seed_imitates_in_the_same_way(improviser: Improviser) -> None:
    assert played(improviser, 1.0, 3) == played(improviser, 1.0, 3)
