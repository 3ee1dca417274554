from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import livegen
from livegen import encoding, read_notes
from livegen.encoding import CELL, SIZES, START, VARIABLES, bin_time
from livegen.engine.litert import LiteRt
from livegen.engine.runtime import CHANCES, how
from livegen.note import to_notes

if TYPE_CHECKING:
    from livegen.training.model import Pianist


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """Tokens of a crop, shape (1, 32, 5): more notes than are looked back at, and keys struck again while down.

    Most keys end just as another note begins, where rounding must not decide.
    """
    random = np.random.default_rng(4)
    tokens = np.stack([random.integers(0, SIZES[name], (1, 32)) for name in VARIABLES], axis=-1).astype(np.int32)
    halves = [round(bin_time(b, 0.5) / CELL * 2) for b in range(60)]
    tokens[0, :, 0] = random.integers(0, 12, 32)
    tokens[0, 0, 0] = START
    tokens[0, :, 1] = 60 + tokens[0, :, 1] % 3
    onsets = np.cumsum([0, *(halves[step] for step in tokens[0, 1:, 0])])
    for i, onset in enumerate(onsets[:-1]):
        ends = [halves.index(end - onset) for end in onsets[i + 1 :] if end - onset in halves]
        tokens[0, i, 3] = random.choice(ends or tokens[0, i, 3:4])
    return tokens


@pytest.fixture(scope="module")
def saved(pianist: Pianist, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from livegen.training import export

    folder = tmp_path_factory.mktemp("export")
    export.save(pianist, folder)
    return folder


def as_trained(pianist: Pianist, crop: np.ndarray) -> dict[str, np.ndarray]:
    """Logits of the notes 1.. of a crop, as in training."""
    return {name: np.asarray(logits)[0] for name, logits in pianist(crop).items()}


def note_by_note(runtime: Any, crop: np.ndarray) -> dict[str, np.ndarray]:
    """The same, as live."""
    state, logits = runtime.begin(), {name: [] for name in VARIABLES}
    for before, after in zip(crop[0, :-1], crop[0, 1:], strict=True):
        _, state = runtime.play(state, before[None], how())
        for name, said in runtime.logits(state, tuple(after.tolist())).items():
            logits[name].append(said)
    return {name: np.stack(rows) for name, rows in logits.items()}


def test_the_float_litert_file_is_the_trained_model(pianist: Pianist, float_file: bytes, crop: np.ndarray) -> None:
    live = note_by_note(LiteRt(float_file, pianist.architecture.memory), crop)
    for name, logits in as_trained(pianist, crop).items():
        np.testing.assert_allclose(live[name], logits, atol=1e-4)
        assert np.ptp(logits) > 0.1


@pytest.mark.parametrize("piece", ["1-bach", "4-schumann"])
def test_so_it_is_on_real_music(pianist: Pianist, float_file: bytes, piece: str) -> None:
    notes = to_notes(read_notes(Path(livegen.__file__).parent / "demo" / f"{piece}.mid"))[:50]
    crop = np.array([encoding.context(notes)], np.int32)
    live = note_by_note(LiteRt(float_file, pianist.architecture.memory), crop)
    for name, logits in as_trained(pianist, crop).items():
        np.testing.assert_allclose(live[name], logits, atol=1e-4)


def test_int8_weights_stay_near_it(pianist: Pianist, float_file: bytes, int8_file: bytes, crop: np.ndarray) -> None:
    assert int8_file != float_file
    live = note_by_note(LiteRt(int8_file, pianist.architecture.memory), crop)
    for name, logits in as_trained(pianist, crop).items():
        assert np.abs(live[name] - logits).max() < 0.05 * np.ptp(logits)


def test_the_saved_model_computes_in_float32_from_weights_in_float16(
    pianist: Pianist, crop: np.ndarray, saved: Path
) -> None:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(saved))
    assert {variable.dtype for variable in loaded.weights.values()} == {tf.float16}
    for weight in pianist.weights:
        np.testing.assert_array_equal(loaded.weights[weight.path].numpy(), weight.numpy().astype(np.float16))

    rounded = [weight.numpy() for weight in pianist.weights]
    try:
        for weight in pianist.weights:
            weight.assign(weight.numpy().astype(np.float16))
        expected = as_trained(pianist, crop)  # float32 arithmetic on the rounded weights
    finally:
        for weight, value in zip(pianist.weights, rounded, strict=True):
            weight.assign(value)
    memory = np.zeros((1, pianist.architecture.memory), np.float32)
    for i, (before, after) in enumerate(zip(crop[0, :-1], crop[0, 1:], strict=True)):
        memory = loaded.signatures["play"](memory=memory, known=before[None], how=how())["memory"]
        np.testing.assert_allclose(memory.numpy()[0, -SIZES["step"] :], expected["step"][i], atol=1e-4)
        said = loaded.signatures["play"](memory=memory, known=after[None], how=how())
        for name in VARIABLES[1:]:
            np.testing.assert_allclose(said[name].numpy()[0], expected[name][i], atol=1e-4)


def drawn_often(logits: np.ndarray, times: int, temperature: float, min_p: float, top_p: float) -> np.ndarray:
    """How often each category is drawn."""
    import tensorflow as tf

    from livegen.training.network import sampling

    chances = np.random.default_rng(6).random(times, np.float32)
    likely = sampling.likelihoods(tf.constant(logits[None]), tf.constant([temperature]))
    likely = sampling.cut_off(likely, tf.constant([min_p]), tf.constant([top_p]))
    drawn = sampling.category(likely, chances[:, None])  # each of them, and all in one call
    return np.bincount(drawn.numpy(), minlength=len(logits))


@pytest.mark.parametrize(
    ("temperature", "min_p", "top_p"),
    [(1.0, 0.0, 1.0), (0.7, 0.0, 1.0), (1.6, 0.0, 1.0), (1.0, 0.0, 0.8), (1.0, 0.2, 1.0), (0.9, 0.05, 0.9)],
)
def test_categories_are_drawn_as_often_as_they_are_likely(temperature: float, min_p: float, top_p: float) -> None:
    logits = np.random.default_rng(5).normal(0, 1.5, 12).astype(np.float32)
    odds = np.exp((logits - logits.max()).astype(np.float64) / temperature)
    odds[odds < min_p] = 0
    order = np.argsort(-odds)
    before = np.cumsum(odds[order]) - odds[order]
    odds[order[before >= top_p * odds.sum()]] = 0
    n = 3000
    counts = drawn_often(logits, n, temperature, min_p, top_p)
    assert not counts[odds == 0].any()
    expected = n * odds[odds > 0] / odds.sum()
    assert ((counts[odds > 0] - expected) ** 2 / expected).sum() < 35  # 11 degrees of freedom at most: 0.02 % lie above


@pytest.mark.parametrize("chance", [0.0, 1 - 2**-24])
@pytest.mark.parametrize("likely", [[0.0, 1.0, 0.0], [0.0, 1e-30, 0.0], [0.0, 0.7, 0.0]])
def test_the_first_and_the_last_chance_draw_what_is_likely(chance: float, likely: list[float]) -> None:
    import tensorflow as tf

    from livegen.training.network import sampling

    assert sampling.category(tf.constant([likely]), tf.constant([chance])) == 1


def test_only_pitches_are_cut_off(pianist: Pianist, float_file: bytes, crop: np.ndarray) -> None:
    runtime = LiteRt(float_file, pianist.architecture.memory)
    _, state = runtime.play(runtime.begin(), crop[:, 0], how())
    drawing, random, tokens = how(top_p=0.001), np.random.default_rng(1), []
    for _ in range(200):
        drawing[0, CHANCES] = random.random(5, np.float32)
        token, after = runtime.play(state, np.array([[9, -1, -1, -1, -1]], np.int32), drawing)
        tokens.append((*token[1:], after.step))
    pitch, *others = (set(categories) for categories in zip(*tokens, strict=True))
    assert pitch == {int(runtime.logits(state, (9, 0, 0, 0, 0))["pitch"].argmax())}
    assert all(len(each) > 5 for each in others)
