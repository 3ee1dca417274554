"""Chooses the runtime: LiteRT on the CPU, or TensorFlow if a GPU makes it faster."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from shutil import which
from time import perf_counter
from typing import NamedTuple

import numpy as np

from livegen.engine.cache import Cache, Place
from livegen.engine.card import Card
from livegen.engine.improviser import Improviser
from livegen.engine.litert import LiteRt
from livegen.engine.runtime import Runtime
from livegen.engine.tensorflow import TensorFlow
from livegen.errors import ModelError
from livegen.note import Note

WARM_UP = 12
"""Number of notes to play before livegen is ready."""


class Chosen(NamedTuple):
    runtime: Runtime
    milliseconds: float  # per note, median of the warm-up
    report: str  # one line: which runtime, and why
    card: Card | None = None  # of the model

    def improviser(self) -> Improviser:
        """An improviser with a cache, if the card says where the cache finds the state of the model."""
        place = None if self.card is None else Place.of(self.card.architecture)
        return Improviser(self.runtime, None if place is None else Cache(self.runtime, place))


def choose(card: Card, device: str = "auto") -> Chosen:
    """Load and warm up the runtimes that `device` (auto, cpu or gpu) allows, and return the fastest. gpu: never the CPU
    if the GPU works.

    Raises:
        ModelError: the model's files are damaged, or no runtime works.
    """
    gpu, no_gpu = None, ""
    if device == "gpu" or (device == "auto" and gpu_is_likely()):
        gpu, no_gpu = _attempt(lambda: TensorFlow(card, gpu=True))
        if gpu and device == "gpu":
            return _report(card, gpu)
        no_gpu = f"TensorFlow on the GPU is not used: {no_gpu}" if no_gpu else ""
    cpu, no_litert = _attempt(lambda: LiteRt.of(card), ModelError)
    if cpu is None and gpu is None and find_spec("tensorflow"):
        cpu, no_tensorflow = _attempt(lambda: TensorFlow(card, gpu=False))
        no_litert = f"{no_litert}; TensorFlow: {no_tensorflow}" if no_tensorflow else no_litert
    remarks = [remark for remark in (no_gpu, f"LiteRT is not used: {no_litert}" if no_litert else "") if remark]
    both = sorted((each for each in (gpu, cpu) if each), key=lambda each: each.milliseconds)
    if not both:
        raise ModelError(f"No runtime can run the model {card.name}. {'. '.join(remarks)}. Install livegen again.")
    return _report(card, *both, remarks=remarks)


def gpu_is_likely() -> bool:
    """Whether there may be a GPU. If not, there is no need to import TensorFlow, which takes seconds."""
    return find_spec("tensorflow") is not None and (
        any(Path("/dev").glob("nvidia[0-9]*")) or which("nvidia-smi") is not None
    )


def warm_up(runtime: Runtime, notes: int = WARM_UP) -> float:
    """Play some notes without output. Returns milliseconds per note, median."""
    samples = Improviser(runtime).improvise([Note(60, 0.0, 0.5, 64)], 0.5, np.random.default_rng(0))
    times = [perf_counter() for _ in islice(samples, notes)]
    lasted = sorted(np.diff(times))
    return 1000 * float(lasted[len(lasted) // 2])  # np.median imports numpy.ma, which takes as long as the warm-up


def _attempt(load: Callable[[], Runtime], *fatal: type[Exception]) -> tuple[Chosen | None, str]:
    """Load and warm up a runtime. Returns it, or the reason why it does not work. Errors in `fatal` are raised."""
    try:
        runtime = load()
        milliseconds = warm_up(runtime)
    except fatal:
        raise
    except Exception as error:  # noqa: BLE001  (drivers and memory may fail with any error, and the CPU still works)
        return None, _reason(error)
    return Chosen(runtime, milliseconds, f"{runtime.name}, {milliseconds:.2f} ms per note"), ""


def _reason(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed"
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:200] if lines else type(error).__name__


def _report(card: Card, kept: Chosen, *others: Chosen, remarks: list[str] | None = None) -> Chosen:
    slower = "".join(f" (slower: {other.report})" for other in others)
    return Chosen(kept.runtime, kept.milliseconds, ". ".join([kept.report + slower, *(remarks or [])]), card)
