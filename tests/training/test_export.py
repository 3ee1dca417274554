from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from livegen.engine.litert import LiteRt
from livegen.features import SIZES, START, VARIABLES

if TYPE_CHECKING:
    from livegen.training.model import Pianist


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """Tokens of a crop, shape (1, 12, 5), in which keys are struck again while they are down."""
    random = np.random.default_rng(4)
    tokens = np.stack([random.integers(0, SIZES[name], (1, 12)) for name in VARIABLES], axis=-1).astype(np.int32)
    tokens[:, :, 1] = 60 + tokens[:, :, 1] % 3
    tokens[:, 0, 0] = START
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
    for before, after in zip(crop[0, :-1].tolist(), crop[0, 1:].tolist(), strict=True):
        state = runtime.advance(state, tuple(before))
        for name in VARIABLES:
            logits[name].append(runtime.logits(name, state, tuple(after)))
    return {name: np.stack(rows) for name, rows in logits.items()}


def test_the_float_litert_file_is_the_trained_model(
    pianist: Pianist, litert_files: dict[str, bytes], crop: np.ndarray
) -> None:
    live = note_by_note(LiteRt(litert_files, pianist.architecture.sizes), crop)
    for name, logits in as_trained(pianist, crop).items():
        np.testing.assert_allclose(live[name], logits, atol=1e-4)
        assert np.ptp(logits) > 0.1


def test_int8_weights_stay_near_it(
    pianist: Pianist, litert_files: dict[str, bytes], int8_files: dict[str, bytes], crop: np.ndarray
) -> None:
    assert int8_files != litert_files
    live = note_by_note(LiteRt(int8_files, pianist.architecture.sizes), crop)
    for name, logits in as_trained(pianist, crop).items():
        np.testing.assert_allclose(live[name], logits, atol=0.1)


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
    state = tf.zeros((1, pianist.architecture.sizes.state))
    for i, (before, after) in enumerate(zip(crop[:, :-1].swapaxes(0, 1), crop[:, 1:].swapaxes(0, 1), strict=True)):
        out = loaded.signatures["advance"](token=tf.constant(before), state=state)
        state = out["state"]
        np.testing.assert_allclose(out["step"].numpy()[0], expected["step"][i], atol=1e-4)
        for name in VARIABLES[1:]:
            logits = loaded.signatures[name](hidden=out["hidden"], drawn=tf.constant(after))["logits"]
            np.testing.assert_allclose(logits.numpy()[0], expected[name][i], atol=1e-4)
