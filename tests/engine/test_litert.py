from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from livegen import encoding
from livegen.encoding import START, VARIABLES, Token
from livegen.engine.card import CARD, Card, Checksum, read
from livegen.engine.litert import FILE, LiteRt
from livegen.engine.runtime import CHANCES, LONG, STEPS, State, how
from livegen.errors import ModelError

FIRST = (START, 60, 16, 20, 1)
SECOND = (3, 64, 17, 30, 5)


@pytest.fixture(scope="module")
def runtime(shipped: Card) -> LiteRt:
    return LiteRt.of(shipped)


def heard(runtime: LiteRt, *tokens: Token) -> State:
    state = runtime.begin()
    for token in tokens:
        _, state = runtime.play(state, np.array([token], np.int32), how())
    return state


def test_logits_have_the_variables_sizes(runtime: LiteRt) -> None:
    said = runtime.logits(heard(runtime, FIRST), SECOND)
    assert set(said) == set(VARIABLES)
    for name, logits in said.items():
        assert logits.shape == (encoding.SIZES[name],)
        assert logits.dtype == np.float32
        assert np.isfinite(logits).all()


def test_a_state_never_changes_under_its_owner(runtime: LiteRt) -> None:
    one = heard(runtime, FIRST)
    memory = one.memory.copy()
    pitches = runtime.logits(one, SECOND)["pitch"]
    kept = pitches.copy()
    _, two = runtime.play(one, np.array([SECOND], np.int32), how())
    runtime.logits(two, (0, 0, 0, 0, 0))
    assert np.array_equal(one.memory, memory)
    assert np.array_equal(pitches, kept)
    assert not runtime.begin().memory.any()
    assert not np.array_equal(two.memory, memory)


def test_a_head_sees_what_was_drawn_before_it_and_nothing_after(runtime: LiteRt) -> None:
    state = heard(runtime, FIRST)
    drawn, otherwise = SECOND, (9, 67, 12, 40, 2)
    for i, name in enumerate(VARIABLES):
        logits = runtime.logits(state, drawn)[name]
        for k in range(len(VARIABLES)):
            changed = tuple(otherwise[j] if j == k else drawn[j] for j in range(len(VARIABLES)))
            assert np.array_equal(logits, runtime.logits(state, changed)[name]) == (k >= i)  # type: ignore[arg-type]


def test_what_is_known_of_a_note_stays(runtime: LiteRt) -> None:
    state, drawing = heard(runtime, FIRST), how()
    random = np.random.default_rng(1)
    drawn = []
    for _ in range(50):
        drawing[0, CHANCES] = random.random(5, np.float32)
        token, _ = runtime.play(state, np.array([[9, -1, 17, -1, 5]], np.int32), drawing)
        drawn.append(token)
    step, pitch, velocity, duration, pedal = (set(categories) for categories in zip(*drawn, strict=True))
    assert (step, velocity, pedal) == ({9}, {17}, {5})
    assert len(pitch) > 10
    assert len(duration) > 10


def test_the_step_after_is_drawn_from_its_logits(runtime: LiteRt) -> None:
    drawing, random = how(), np.random.default_rng(1)
    drawing[0, STEPS], drawing[0, LONG] = 40, 30
    known, steps = np.array([SECOND], np.int32), []
    for _ in range(300):
        drawing[0, CHANCES] = random.random(5, np.float32)
        steps.append(runtime.play(runtime.begin(), known, drawing)[1].step)
    state = runtime.play(runtime.begin(), known, drawing)[1]
    likely = np.exp(state.steps)
    assert state.rest == pytest.approx(likely[30:].sum() / likely.sum(), rel=1e-4)
    assert max(steps) < 40
    expected = (likely[:40] * np.arange(40)).sum() / likely[:40].sum()
    assert np.mean(steps) == pytest.approx(expected, abs=4 * np.std(steps) / 300**0.5)


def test_loading_says_nothing(shipped: Card, capfd: pytest.CaptureFixture[str]) -> None:
    runtime = LiteRt.of(shipped)
    runtime.logits(heard(runtime, FIRST), SECOND)
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
    with pytest.raises(ModelError, match=r"here/model\.tflite: not a LiteRT model"):
        LiteRt(content, shipped.memory, "here/model.tflite")


def test_a_model_of_another_memory_is_refused(shipped: Card) -> None:
    with pytest.raises(ModelError, match=r"model\.tflite: its shapes are"):
        LiteRt(shipped.read_file(FILE), shipped.memory + 1)


def test_a_model_without_the_signature_is_refused(shipped: Card) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is missing")
    import tensorflow as tf

    function = tf.function(lambda x: x + 1.0, input_signature=[tf.TensorSpec((1,), tf.float32)])
    content = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()]).convert()
    with pytest.raises(ModelError, match="no signature play"):
        LiteRt(content, shipped.memory)


def test_a_file_on_which_litert_crashes_is_refused(shipped: Card, tmp_path: Path) -> None:
    """Its checksum is right: it was made so."""
    folder = Path(shutil.copytree(shipped.folder, tmp_path / "copy"))
    content = bytearray((folder / FILE).read_bytes())
    content[8] = 8
    (folder / FILE).write_bytes(content)
    plain = json.loads((folder / CARD).read_text(encoding="utf-8"))
    plain["files"][FILE] = asdict(Checksum.of(bytes(content)))
    (folder / CARD).write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(ModelError, match=r"model\.tflite: LiteRT crashes on this file. Choose another model"):
        LiteRt.of(read(folder))
