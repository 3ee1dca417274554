from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from livegen import features
from livegen.engine.card import Card
from livegen.engine.litert import LiteRt, contents
from livegen.errors import ModelError
from livegen.features import START, VARIABLES

FIRST = (START, 60, 16, 20, 1)
SECOND = (3, 64, 17, 30, 5)


@pytest.fixture(scope="module")
def runtime(shipped: Card) -> LiteRt:
    return LiteRt.of(shipped)


def test_logits_have_the_variables_sizes(runtime: LiteRt) -> None:
    state = runtime.advance(runtime.begin(), FIRST)
    said = runtime.logits(state, SECOND)
    assert set(said) == set(VARIABLES)
    for name, logits in said.items():
        assert logits.shape == (features.SIZES[name],)
        assert logits.dtype == np.float32
        assert np.isfinite(logits).all()


def test_a_state_never_changes_under_its_owner(runtime: LiteRt) -> None:
    one = runtime.advance(runtime.begin(), FIRST)
    memory, hidden = one.memory.copy(), one.hidden.copy()
    pitches = runtime.logits(one, SECOND)["pitch"]
    kept = pitches.copy()
    two = runtime.advance(one, SECOND)
    runtime.logits(two, (0, 0, 0, 0, 0))
    assert np.array_equal(one.memory, memory)
    assert np.array_equal(one.hidden, hidden)
    assert np.array_equal(pitches, kept)
    assert not runtime.begin().memory.any()
    assert not np.array_equal(two.memory, memory)


def test_a_head_sees_what_was_drawn_before_it_and_nothing_after(runtime: LiteRt) -> None:
    state = runtime.advance(runtime.begin(), FIRST)
    drawn, otherwise = SECOND, (9, 67, 12, 40, 2)
    for i, name in enumerate(VARIABLES):
        logits = runtime.logits(state, drawn)[name]
        for k in range(len(VARIABLES)):
            changed = tuple(otherwise[j] if j == k else drawn[j] for j in range(len(VARIABLES)))
            assert np.array_equal(logits, runtime.logits(state, changed)[name]) == (k >= i)  # type: ignore[arg-type]


def test_loading_says_nothing(shipped: Card, capfd: pytest.CaptureFixture[str]) -> None:
    runtime = LiteRt.of(shipped)
    runtime.logits(runtime.advance(runtime.begin(), FIRST), SECOND)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_it_loads_where_there_is_no_stderr() -> None:
    code = (
        "import os; os.close(2); from livegen.engine.card import find; from livegen.engine.litert import LiteRt;"
        "print(LiteRt.of(find('livegen')).name)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "LiteRT on the CPU\n"


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\0" * 4096])
def test_what_is_no_litert_file_is_refused(shipped: Card, content: bytes) -> None:
    with pytest.raises(ModelError, match=r"here/litert/draw\.tflite: not a LiteRT model"):
        LiteRt(contents(shipped) | {"draw": content}, shipped.architecture, "here/")


@pytest.mark.parametrize("size", ["units", "keys"])
def test_a_model_of_other_sizes_is_refused(shipped: Card, size: str) -> None:
    sizes = replace(shipped.architecture, **{size: getattr(shipped.architecture, size) + 1})
    with pytest.raises(ModelError, match=r"advance\.tflite: its shapes are"):
        LiteRt(contents(shipped), sizes)


def test_a_model_without_the_signatures_is_refused(shipped: Card) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is missing")
    import tensorflow as tf

    function = tf.function(lambda x: x + 1.0, input_signature=[tf.TensorSpec((1,), tf.float32)])
    content = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()]).convert()
    with pytest.raises(ModelError, match="no signature advance"):
        LiteRt(contents(shipped) | {"advance": content}, shipped.architecture)
