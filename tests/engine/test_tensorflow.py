from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from livegen.encoding import START, Token
from livegen.engine.card import Card, read
from livegen.engine.litert import LiteRt
from livegen.engine.runtime import CHANCES, State, how
from livegen.engine.tensorflow import TensorFlow
from livegen.errors import ModelError

FLOAT16 = 5e-3  # weights are rounded to 11 bits


@pytest.fixture(scope="module")
def runtime(tiny: Card) -> TensorFlow:
    return TensorFlow(tiny, gpu=False)


def heard(runtime: TensorFlow | LiteRt, *tokens: Token) -> State:
    state = runtime.begin()
    for token in tokens:
        _, state = runtime.play(state, np.array([token], np.int32), how())
    return state


def test_it_says_what_litert_says(runtime: TensorFlow, tiny: Card) -> None:
    other, tokens = LiteRt.of(tiny), [(START, 60, 16, 20, 1), (3, 64, 17, 30, 5), (0, 67, 18, 40, 0)]
    mine, its = heard(runtime, *tokens), heard(other, *tokens)
    np.testing.assert_allclose(mine.memory, its.memory, atol=FLOAT16)
    assert mine.rest == pytest.approx(its.rest, abs=FLOAT16)
    others = other.logits(its, (3, 64, 17, 30, 5))
    for name, logits in runtime.logits(mine, (3, 64, 17, 30, 5)).items():
        np.testing.assert_allclose(logits, others[name], atol=FLOAT16)
        assert np.ptp(logits) > 10 * FLOAT16


def test_it_draws_what_litert_draws(runtime: TensorFlow, tiny: Card) -> None:
    other, drawing, random = LiteRt.of(tiny), how(0.8, 0.01, 0.9), np.random.default_rng(1)
    state, known, same = heard(other, (START, 60, 16, 20, 1)), np.array([[3, -1, -1, -1, -1]], np.int32), 0
    for _ in range(100):
        drawing[0, CHANCES] = random.random(5, np.float32)
        (mine, after), (its, after_its) = (each.play(state, known, drawing) for each in (runtime, other))
        same += mine == its and after.step == after_its.step
    assert same > 90  # a chance may lie at the border of two categories


def test_a_state_never_changes_under_its_owner(runtime: TensorFlow) -> None:
    one = heard(runtime, (START, 60, 16, 20, 1))
    memory = one.memory.copy()
    runtime.play(one, np.array([[3, 64, 17, 30, 5]], np.int32), how())
    assert np.array_equal(one.memory, memory)
    assert not runtime.begin().memory.any()


def test_compiling_changes_nothing(runtime: TensorFlow) -> None:
    state, known = heard(runtime, (START, 60, 16, 20, 1)), np.array([[3, 64, 17, 30, 5]], np.int32)
    saved = runtime._model.signatures["play"](memory=state.memory, known=known, how=how())
    _, after = runtime.play(state, known, how())
    np.testing.assert_allclose(after.memory, saved["memory"].numpy(), atol=1e-5)


def test_where_xla_cannot_it_goes_on_without(runtime: TensorFlow, tiny: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    function, refused = tf.function, []

    def without_xla(python: object, **options: object) -> object:
        def refuse(**tensors: object) -> object:
            refused.append(options)
            raise tf.errors.UnimplementedError(None, None, "no XLA on this device")

        if not options.get("jit_compile"):
            return function(python, **options)
        return SimpleNamespace(get_concrete_function=lambda **specs: refuse)

    monkeypatch.setattr(tf, "function", without_xla)
    plain = TensorFlow(tiny, gpu=False)
    assert refused == [{"jit_compile": True}]
    state = heard(plain, (START, 60, 16, 20, 1))
    expected = runtime.logits(state, (0, 0, 0, 0, 0))
    for name, logits in plain.logits(state, (0, 0, 0, 0, 0)).items():
        np.testing.assert_allclose(logits, expected[name], atol=1e-5)


def test_without_a_gpu_it_says_so(tiny: Card) -> None:
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        assert TensorFlow(tiny, gpu=True).name == "TensorFlow on the GPU"
    else:
        with pytest.raises(RuntimeError, match="finds no GPU"):
            TensorFlow(tiny, gpu=True)


def test_a_damaged_saved_model_is_refused_before_tensorflow_reads_it(tiny: Card, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny.folder, tmp_path / "copy"))
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"spoilt")
    with pytest.raises(ModelError, match=r"saved_model\.pb: damaged"):
        TensorFlow(read(folder), gpu=False)


def test_a_model_without_a_saved_model_is_refused(tiny: Card) -> None:
    with pytest.raises(ModelError, match="has no saved_model"):
        TensorFlow(replace(tiny, files={}), gpu=False)
