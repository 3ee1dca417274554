from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from scripted import Scripted

from livegen.engine import choose as module
from livegen.engine.card import Card
from livegen.engine.choose import choose
from livegen.engine.litert import LiteRt
from livegen.engine.tensorflow import TensorFlow
from livegen.errors import ModelError


@pytest.fixture
def no_litert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)  # importing it fails as if it were not there


def as_a_gpu(monkeypatch: pytest.MonkeyPatch, load: Callable[[Card], object]) -> None:
    """Where a GPU is likely, `load` takes the place of TensorFlow on it."""
    monkeypatch.setattr(module, "gpu_is_likely", lambda: True)

    def load_it(card: Card, *, gpu: bool) -> object:
        assert gpu
        return load(card)

    monkeypatch.setattr(module, "TensorFlow", load_it)


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_without_a_gpu_litert_plays(shipped: Card, monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    monkeypatch.setattr(module, "gpu_is_likely", lambda: False)
    chosen = choose(shipped, device)
    assert isinstance(chosen.runtime, LiteRt)
    assert chosen.report == f"LiteRT on the CPU, {chosen.milliseconds:.2f} ms per note"
    assert chosen.milliseconds > 0


def test_on_the_cpu_tensorflow_is_never_imported() -> None:
    code = (
        "import sys; from livegen.engine.card import find; from livegen.engine.choose import choose;"
        "choose(find('livegen'), 'cpu'); print([m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'keras')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_of_both_the_faster_is_kept_and_the_report_has_both(shipped: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    as_a_gpu(monkeypatch, lambda card: Scripted())  # faster than any model
    chosen = choose(shipped)
    assert isinstance(chosen.runtime, Scripted)
    assert "(slower: LiteRT on the CPU, " in chosen.report


def test_a_slower_gpu_is_not_kept_unless_it_was_asked_for(tiny: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow on the CPU stands in for a GPU: real, and slower than LiteRT for so small a model."""
    as_a_gpu(monkeypatch, lambda card: TensorFlow(card, gpu=False))
    chosen = choose(tiny)
    assert isinstance(chosen.runtime, LiteRt)
    assert "(slower: TensorFlow on the CPU, " in chosen.report
    assert isinstance(choose(tiny, "gpu").runtime, TensorFlow)


def out_of_memory(card: Card) -> object:
    raise MemoryError("OOM when allocating tensor with shape[384,1536]\nHint: a long story")


def no_driver(card: Card) -> object:
    raise RuntimeError("cuInit failed.")


def not_installed(card: Card) -> object:
    raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")


def silent(card: Card) -> object:
    raise AssertionError


def no_saved_model(card: Card) -> object:
    return TensorFlow(replace(card, files={}), gpu=False)


def breaks_while_playing(card: Card) -> object:
    runtime = Scripted()

    def stop() -> None:
        if len(runtime.hows) > 10:
            raise MemoryError("out of memory on the device")

    runtime.before_a_note = stop
    return runtime


@pytest.mark.parametrize("device", ["auto", "gpu"])
@pytest.mark.parametrize(
    ("load", "said"),
    [
        (out_of_memory, "OOM when allocating tensor with shape[384,1536]"),
        (no_driver, "cuInit failed"),
        (not_installed, "tensorflow is not installed"),
        (silent, "AssertionError"),
        (no_saved_model, "has no saved_model for TensorFlow. Choose another model (livegen models)"),
        (breaks_while_playing, "out of memory on the device"),
    ],
)
def test_a_gpu_that_fails_is_named_and_the_cpu_plays(
    shipped: Card, monkeypatch: pytest.MonkeyPatch, load: Callable[[Card], object], said: str, device: str
) -> None:
    as_a_gpu(monkeypatch, load)
    chosen = choose(shipped, device)
    assert isinstance(chosen.runtime, LiteRt)
    assert ". TensorFlow on the GPU is not used: " in chosen.report
    assert chosen.report.endswith(said)
    assert "\n" not in chosen.report


def test_on_the_cpu_no_gpu_is_tried(shipped: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    as_a_gpu(monkeypatch, lambda card: pytest.fail("it was tried"))
    assert isinstance(choose(shipped, "cpu").runtime, LiteRt)


@pytest.mark.parametrize("device", ["auto", "cpu", "gpu"])
@pytest.mark.usefixtures("no_litert")
def test_without_litert_tensorflow_plays_on_the_cpu(tiny: Card, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    monkeypatch.setattr(module, "gpu_is_likely", lambda: False)
    if device == "gpu" and tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow's GPU would be taken")
    chosen = choose(tiny, device)
    assert chosen.runtime.name == "TensorFlow on the CPU"
    assert "LiteRT is not used: ai_edge_litert.interpreter is not installed" in chosen.report


@pytest.mark.usefixtures("no_litert")
def test_with_nothing_to_run_it_that_is_an_error(shipped: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"No runtime can run the model livegen\. LiteRT is not used"):
        choose(shipped)


def test_a_damaged_model_is_refused_not_worked_around(shipped: Card) -> None:
    spoilt = {name: replace(checksum, size=0) for name, checksum in shipped.files.items()}
    with pytest.raises(ModelError, match="damaged or replaced"):
        choose(replace(shipped, files=spoilt), "cpu")


def test_a_gpu_is_likely_where_tensorflow_and_a_driver_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module, "find_spec", lambda name: object())
    assert module.gpu_is_likely()
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert not module.gpu_is_likely()
