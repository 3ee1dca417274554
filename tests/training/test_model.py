"""What the pianist is told of the keys, against a plain loop."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen.encoding import CELL, PITCHES, SIZES, START, TIME_BINS, VARIABLES, bin_time

if TYPE_CHECKING:
    from livegen.training.model import Pianist


@pytest.fixture
def tokens() -> np.ndarray:
    """Shape (3, 20, 5), of few pitches: keys are struck again while they are down.

    All steps are whole cells, no duration is: so none ends at an onset, where rounding would decide.
    """
    random = np.random.default_rng(5)
    tokens = np.stack([random.integers(0, SIZES[name], (3, 20)) for name in VARIABLES], axis=-1).astype(np.int32)
    halves = np.array([round(bin_time(b, 0.5) / CELL * 2) for b in range(60)])
    tokens[..., 0] = random.choice(np.flatnonzero(halves % 2 == 0), (3, 20))
    tokens[..., 3] = random.choice(np.flatnonzero(halves % 2), (3, 20))
    tokens[..., 1] = 60 + tokens[..., 1] % 4
    tokens[:, 0, 0] = START
    return tokens


def seconds(time_bin: int) -> float:
    return bin_time(time_bin, 0.5) if time_bin < TIME_BINS else 0.0


def keys_of(notes: np.ndarray, later: float) -> np.ndarray:
    """After the notes (n, 5) of one context, `later` s after the last onset.

    Strokes that fade, keys held, and how loud and how long the strokes were.
    """
    quick, slow, held, loud, long = np.zeros((5, PITCHES))
    now = sum(seconds(step) for step in notes[:, 0]) + later
    onset = 0.0
    for step, pitch, velocity, duration, _ in notes.tolist():
        onset += seconds(step)
        quick[pitch] += exp(-(now - onset) / 0.3)
        faded = exp(-(now - onset) / 2.0)
        slow[pitch] += faded
        loud[pitch] += faded * (velocity / 15.5 - 1)
        long[pitch] += faded * log(seconds(duration) + 0.05)
        if onset + seconds(duration) > now:
            held[pitch] = 1.0
    return np.concatenate([quick, slow, held, loud, long])


@pytest.mark.usefixtures("pianist")  # Keras is there
@pytest.mark.parametrize("at_the_next", [False, True])
def test_the_keys_are_those_of_the_notes_so_far(tokens: np.ndarray, at_the_next: bool) -> None:
    from livegen.training.network.keys import KEYS, SECONDS, keys

    onset = np.cumsum(SECONDS[tokens[..., 0]], axis=1)
    past, before, now = tokens[:, :-1], onset[:, :-1], onset[:, 1:] if at_the_next else onset[:, :-1]
    found = np.asarray(keys(past, before, now))
    assert found.shape == (3, 19, KEYS)
    for i, context in enumerate(tokens):
        for k in range(19):
            later = seconds(context[k + 1, 0]) if at_the_next else 0.0
            np.testing.assert_allclose(found[i, k], keys_of(context[: k + 1], later), atol=1e-4)
    assert 0 < found[..., 2 * PITCHES : 3 * PITCHES].sum(-1).mean() < 4


def test_a_note_is_told_by_those_before_it_and_its_variables_drawn_before(pianist: Pianist, tokens: np.ndarray) -> None:
    """Change one category of one note: the logits that change are those of what comes after it."""
    logits = {name: np.asarray(each) for name, each in pianist(tokens).items()}
    for i, name in enumerate(VARIABLES):
        changed = tokens.copy()
        changed[:, 10, i] = (changed[:, 10, i] + 7) % 30
        for k, other in enumerate(VARIABLES):
            moved = np.abs(np.asarray(pianist(changed)[other]) - logits[other]).max(axis=(0, 2)) > 1e-5
            assert not moved[:9].any(), (name, other)  # the logits of note n are at n - 1
            assert moved[9] == (k > i), (name, other)
            assert moved[10:].all(), (name, other)


@pytest.fixture
def surroundings() -> np.ndarray:
    """What is known of some keys in the middle, shape (1, 1, KEYS)."""
    random = np.random.default_rng(2)
    known = np.zeros((5, PITCHES), np.float32)
    known[:, 50:62] = random.random((5, 12))
    return known.reshape(1, 1, -1)


def higher(known: np.ndarray, semitones: int) -> np.ndarray:
    return np.roll(known.reshape(5, PITCHES), semitones, axis=1).reshape(1, 1, -1)


def test_the_keys_around_make_a_pitch_as_likely_in_every_key(pianist: Pianist, surroundings: np.ndarray) -> None:
    from livegen.training.network.keys import SEEN

    asked = np.random.default_rng(3).random((1, 1, pianist.architecture.hidden), np.float32)
    here = np.asarray(pianist.near(asked, surroundings[..., :SEEN]))[0, 0]
    there = np.asarray(pianist.near(asked, higher(surroundings, 7)[..., :SEEN]))[0, 0]
    np.testing.assert_allclose(there[7:], here[:-7], atol=1e-5)
    assert np.ptp(here) > 0.1
    assert not here[:26].any()  # more than two octaves away nothing is said
    assert not here[86:].any()


def test_the_keys_around_tell_how_one_is_struck_alike_in_every_key(pianist: Pianist, surroundings: np.ndarray) -> None:
    tell = pianist.around["duration"]
    here = np.asarray(tell(surroundings, np.array([[60]])))
    np.testing.assert_allclose(tell(higher(surroundings, -5), np.array([[55]])), here, atol=1e-5)
    assert np.ptp(here) > 0.1
    assert np.abs(np.asarray(tell(surroundings, np.array([[55]]))) - here).max() > 0.1


@pytest.mark.usefixtures("pianist")  # Keras is there
def test_a_look_back_finds_what_came_after_a_moment_like_this_one() -> None:
    from livegen.training.network.attention import BACK, LookBack

    back, time = LookBack(1, 32), BACK + 6
    moments = np.eye(32, dtype=np.float32)[None, :time] * 20
    moments[0, -1] = moments[0, 10]
    notes = np.random.default_rng(4).random((1, time, 32), np.float32)
    back(moments, notes)
    back.set_weights([weight if weight.shape != (32, 32) else np.eye(32) for weight in back.get_weights()])
    found = np.asarray(back(moments, notes))
    np.testing.assert_allclose(found[0, -1], notes[0, 11], atol=1e-5)
    assert not found[0, 0].any()  # there was nothing before
    moments[0, -1] = moments[0, 2]  # too long ago: all that is left is unlike
    far = np.asarray(back(moments, notes))[0, -1]
    np.testing.assert_allclose(far, notes[0, -BACK:].sum(axis=0) / (BACK + 1), atol=1e-5)
