"""Each part of the network in its two forms: for the sequences it is trained on, and for the one note that it plays.

livegen/training/network/__init__.py says why there are two. Here both compute the same, part by part, on random weights
and random music; test_export.py compares the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen.encoding import CELL, PITCHES, SIZES, START, VARIABLES, bin_time

if TYPE_CHECKING:
    from livegen.training.model import Pianist
    from livegen.training.network.keys import Keys
    from livegen.training.network.stored import Stored

NOTES = 32  # more than the attention reaches back


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(11).normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module")
def stored(pianist: Pianist) -> Stored:
    from livegen.training.network.stored import Stored

    return Stored(pianist, "float32")


@pytest.fixture(scope="module")
def tokens() -> np.ndarray:
    """Music of few pitches, shape (1, NOTES, 5): keys are struck again while they are down.

    Some intervals are wider than the model tells apart. No key is released just as another note begins.
    """
    random = np.random.default_rng(12)
    tokens = np.stack([random.integers(0, SIZES[name], (1, NOTES)) for name in VARIABLES], axis=-1).astype(np.int32)
    halves = np.array([round(bin_time(b, 0.5) / CELL * 2) for b in range(60)])
    tokens[..., 0] = random.choice(np.flatnonzero(halves % 2 == 0)[:6], (1, NOTES))
    tokens[..., 3] = random.choice(np.flatnonzero(halves % 2), (1, NOTES))
    tokens[..., 1] = random.choice([2, 58, 60, 61, 125], (1, NOTES), p=[0.1, 0.3, 0.3, 0.2, 0.1])
    tokens[:, 0, 0] = START
    return tokens


def categories(note: np.ndarray) -> list[np.ndarray]:
    """A row of tokens as one note is read: (1,) each."""
    return list(note[:, None])


def last_pitches(tokens: np.ndarray, at: int) -> list[np.ndarray]:
    """The pitches before a note as they are carried along, (1, 1) each, the last one first."""
    from livegen.training.network.embedding import AWAY, BEFORE

    before = [AWAY - pitch for pitch in tokens[0, :at, 1][::-1][:BEFORE]]
    return [np.full((1, 1), each, np.float32) for each in (*before, *[0.0] * BEFORE)][:BEFORE]


def keys_after(tokens: np.ndarray, count: int) -> Keys:
    """The keys after the first notes, one by one."""
    from livegen.training.network.keys import KEYS, Keys

    keys = Keys(np.zeros((1, KEYS // PITCHES - 1, PITCHES), np.float32), np.zeros((1, PITCHES), np.float32))
    for note in tokens[0, :count]:
        keys = keys.later(categories(note)[0]).struck(categories(note))
    return keys


@pytest.fixture(scope="module")
def sequence_keys(tokens: np.ndarray) -> np.ndarray:
    """The keys as they are at each onset after the first, (1, NOTES - 1, KEYS)."""
    from livegen.training.network.keys import SECONDS, keys

    onset = np.cumsum(SECONDS[tokens[..., 0]], axis=1)
    return np.asarray(keys(tokens[:, :-1], onset[:, :-1], onset[:, 1:]))


@pytest.mark.parametrize("fold", [False, True])
def test_reading_a_note(pianist: Pianist, stored: Stored, tokens: np.ndarray, fold: bool) -> None:
    """The products of an embedded note, with and without tables."""
    from livegen.training.network.embedding import Reader, embed

    kernels = [pianist.lstm[0].cell.kernel, pianist.back.value.kernel]
    sequence = np.asarray(embed(pianist.read, pianist.read_intervals, tokens))[0]
    read = Reader(pianist.read, pianist.read_intervals, kernels, stored, fold=fold)
    for i, note in enumerate(tokens[0]):
        found = read(categories(note), last_pitches(tokens, i))
        for product, kernel in zip(found, kernels, strict=True):
            np.testing.assert_allclose(product[0], sequence[i] @ np.asarray(kernel.value), atol=1e-5)


def test_the_lstm(pianist: Pianist, stored: Stored) -> None:
    """All its layers, from note to note."""
    from livegen.training.network.recurrence import advance, run

    kernel = np.asarray(pianist.lstm[0].cell.kernel.value)
    read = normal(1, NOTES, kernel.shape[0])
    sequence = np.asarray(run(pianist.lstm, read, lambda _, x: x))[0]
    states = [np.zeros((1, pianist.architecture.units), np.float32)] * 2 * len(pianist.lstm)
    for i in range(NOTES):
        states, total = advance(pianist.lstm, states, read[:, i] @ kernel, stored)
        np.testing.assert_allclose(total[0], sequence[i], atol=1e-5)


def test_the_keys(tokens: np.ndarray, sequence_keys: np.ndarray) -> None:
    """Aged and struck note by note."""
    from livegen.training.network.keys import ORDER, SEEN, seen

    sequence = sequence_keys[0].reshape(NOTES - 1, -1, PITCHES)
    for i in range(1, NOTES):
        at = keys_after(tokens, i).later(categories(tokens[0, i])[0])
        known = np.asarray(at.known())
        np.testing.assert_allclose(known[0], sequence[i - 1, ORDER], atol=1e-4)
        np.testing.assert_allclose(seen(known)[0], sequence_keys[0, i - 1, :SEEN], atol=1e-4)
    assert sequence[:, 2].sum() > NOTES / 2  # keys are down


def test_the_attention(pianist: Pianist, stored: Stored) -> None:
    """Over the moments that are carried along, beyond the last that it reaches."""
    from livegen.training.network.attention import BACK, Moments, query_kernel

    back, a = pianist.back, pianist.architecture
    states = normal(1, NOTES, a.units)
    read = normal(1, NOTES, back.value.kernel.shape[0])
    sequence = np.asarray(back(states, read))[0]
    width, empty = a.looks * a.look, np.zeros((a.looks, BACK, a.look), np.float32)
    moments = Moments(np.zeros((1, 1), np.float32), np.zeros((1, width), np.float32), empty, empty)
    for i in range(NOTES):
        moments = moments.followed(read[:, i] @ stored(back.value.kernel))
        query, moment = (states[:, i] @ kernel for kernel in (query_kernel(back, stored), stored(back.key.kernel)))
        np.testing.assert_allclose(moments.found(query, back, stored)[0], sequence[i], atol=1e-5)
        moments = moments.read(moment)
    assert np.ptp(sequence[-1]) > 0.1


def test_the_keys_near_a_pitch(pianist: Pianist, stored: Stored, tokens: np.ndarray, sequence_keys: np.ndarray) -> None:
    """One convolution, where the layer for sequences multiplies with all places of the keyboard."""
    from livegen.training.network.keys import SEEN
    from livegen.training.network.surroundings import near, padded, place_weights

    asked = normal(1, NOTES - 1, pianist.architecture.hidden)
    sequence = np.asarray(pianist.near(asked, sequence_keys[..., :SEEN]))[0]
    kernel, bias = place_weights(pianist.near, stored)
    for i in range(1, NOTES):
        at = padded(keys_after(tokens, i).later(categories(tokens[0, i])[0]).known())
        np.testing.assert_allclose(near(asked[:, i - 1] @ kernel + bias, at)[0], sequence[i - 1], atol=1e-4)
    assert np.ptp(sequence) > 0.1


def test_the_keys_around_the_struck_one(
    pianist: Pianist, stored: Stored, tokens: np.ndarray, sequence_keys: np.ndarray
) -> None:
    """For both heads at once, and for a head without such a layer."""
    from livegen.training.network.surroundings import around, padded

    sequence = {name: np.asarray(each(sequence_keys, tokens[:, 1:, 1]))[0] for name, each in pianist.around.items()}
    heads = VARIABLES[2:]
    for i in range(1, NOTES):
        _, pitch, *_ = categories(tokens[0, i])
        at = padded(keys_after(tokens, i).later(categories(tokens[0, i])[0]).known())
        told = np.split(np.asarray(around(pianist.around, heads, at, pitch, stored))[0], len(heads))
        for name, one in zip(heads, told, strict=True):
            np.testing.assert_allclose(one, sequence[name][i - 1] if name in sequence else 0, atol=1e-4)
    assert all(np.ptp(each) > 0.1 for each in sequence.values())


@pytest.mark.parametrize("name", [name for name in VARIABLES if name != "pitch"])
def test_a_head(pianist: Pianist, stored: Stored, tokens: np.ndarray, name: str) -> None:
    """What was sampled before is one row of a table for all heads after it."""
    from livegen.training.network.heads import conditioning, logits, note_logits

    hidden = normal(1, NOTES, pianist.architecture.hidden)
    notes = np.where(tokens == START, 0, tokens)  # START is no step to predict
    sequence = np.asarray(logits(pianist, name, hidden, notes))[0]
    for i, note in enumerate(notes[0]):
        told = hidden[:, i]
        for variable, category in zip(VARIABLES[: VARIABLES.index(name)], categories(note), strict=False):
            told = told + np.asarray(conditioning(pianist, variable, category, [name], stored))
        np.testing.assert_allclose(note_logits(pianist, name, told, stored)[0], sequence[i], atol=1e-5)


def test_the_head_of_the_pitch(pianist: Pianist, stored: Stored, tokens: np.ndarray, sequence_keys: np.ndarray) -> None:
    """Of the key itself, of its interval from the last note, and of the keys around it."""
    from livegen.training.network.heads import conditioning, note_pitch_logits, pitch_logits
    from livegen.training.network.surroundings import padded

    hidden = normal(1, NOTES - 1, pianist.architecture.hidden)
    sequence = np.asarray(pitch_logits(pianist, hidden, tokens[:, 1:], tokens[:, :-1, 1], sequence_keys))[0]
    for i in range(1, NOTES):
        step, *_ = categories(tokens[0, i])
        told = hidden[:, i - 1] + np.asarray(conditioning(pianist, "step", step, ["pitch"], stored))
        at = padded(keys_after(tokens, i).later(step).known())
        found = note_pitch_logits(pianist, told, last_pitches(tokens, i)[0], at, stored)
        np.testing.assert_allclose(found[0], sequence[i - 1], atol=1e-4)


def test_merged_products() -> None:
    """Of several layers with one vector, with and without a bias."""
    from livegen.training.network.stored import merged

    x, (one, other), bias = normal(1, 4), normal(2, 4, 3), normal(3)
    first, second = merged(x, (one, None), (other, bias))
    np.testing.assert_allclose(first, x @ one, atol=1e-6)
    np.testing.assert_allclose(second, x @ other + bias, atol=1e-6)
