"""Milliseconds per note, for each engine that is available."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice, pairwise
from time import perf_counter

import numpy as np

from livegen import encoding
from livegen.bench.apart import apart
from livegen.bench.figures import MissingError, Report, Row, Spread, Target
from livegen.config.settings import Settings
from livegen.encoding import Token, context
from livegen.engine import card, choose
from livegen.engine.cache import PITCHES_BEFORE, Cache, Place
from livegen.engine.card import Card
from livegen.engine.improviser import Improviser
from livegen.engine.litert import LiteRt
from livegen.engine.passages import MOST
from livegen.engine.runtime import Runtime, how
from livegen.engine.tensorflow import TensorFlow
from livegen.io.realtime import quiet_collector
from livegen.note import WINDOW, Note
from livegen.stage.settings import Sampling

STEP = Target("<=", 0.3)  # ms
REMEMBERED = Target("<=", 0.2)  # ms

PHRASE = tuple(Note(48 + 7 * i % 24, 0.12, 0.2, 40 + i) for i in range(WINDOW))
"""A context to continue."""


def _on_gpu(card: Card) -> Runtime:
    if not choose.gpu_is_likely():  # importing TensorFlow to find out would take seconds
        raise MissingError("no GPU, or TensorFlow is not installed")
    return TensorFlow(card, gpu=True)


ENGINES: dict[str, tuple[str, Callable[[Card], Runtime]]] = {
    "litert": ("LiteRT on the CPU", LiteRt.of),
    "tensorflow_cpu": ("TensorFlow on the CPU", lambda card: TensorFlow(card, gpu=False)),
    "tensorflow_gpu": ("TensorFlow on the GPU", _on_gpu),
}


@dataclass(frozen=True, slots=True)
class Speed:
    prime: Spread  # ms, to read a context of WINDOW notes
    step: Spread  # ms per note, the model alone
    note: Spread  # ms per note, with sampling
    remembered: Spread | None  # ms per note more, if the cache is full; None: the model has no cache


def measure(settings: Settings, engine: str, responses: int) -> Speed:
    """Improvise `responses` times, in this process.

    Raises:
        LivegenError, ImportError, RuntimeError, MissingError: the engine does not run here.
    """
    model = card.find(settings.model)
    runtime = ENGINES[engine][1](model)
    choose.warm_up(runtime)
    improviser = Improviser(runtime)
    sampling = Sampling(settings.temperature, settings.top_p, settings.min_p)
    random, parameters = np.random.default_rng(0), how()
    primes: list[float] = []
    steps: list[float] = []
    notes: list[float] = []
    with quiet_collector():
        for _ in range(responses):
            start = perf_counter()
            state = runtime.begin()
            for token in context(PHRASE):
                _, state = runtime.play(state, np.array((token,), np.int32), parameters)
            primes.append(perf_counter() - start)
            for token in map(encoding.token, PHRASE):
                known = np.array((token,), np.int32)
                start = perf_counter()
                _, state = runtime.play(state, known, parameters)
                steps.append(perf_counter() - start)
            # So few notes that it does not read its context again, which is measured above.
            samples = islice(improviser.improvise(PHRASE, 0.5, random, sampling), WINDOW - 1)
            notes += [after - before for before, after in pairwise([perf_counter() for _ in samples])]
        remembered = recalls(runtime, model)
    prime, step, note = (Spread.of(seconds, 1000) for seconds in (primes, steps, notes))
    return Speed(prime, step, note, Spread.of(remembered, 1000) if remembered else None)


def recalls(runtime: Runtime, model: Card, notes: int = 500) -> list[float]:
    """How long a full cache takes for each of some notes [s]: all that is more than without it. [] if there is none.

    The remembered notes are random, about as many after each pitch as a pianist plays.
    """
    place = Place.of(model.architecture)
    if place is None:
        return []
    cache, random, sampling = Cache(runtime, place), np.random.default_rng(0), Sampling(memory=0.5)
    pitches = random.normal(62, 12, MOST + 1).round().clip(21, 108).astype(int).tolist()
    tokens: list[Token] = [(10, pitch, 16, 20, 0) for pitch in pitches]
    states = [runtime.begin()]
    for token in tokens[:notes]:
        states.append(runtime.play(states[-1], np.array((token,), np.int32), how())[1])
    before = [tokens[max(0, at - PITCHES_BEFORE) : at] for at in range(1, MOST + 1)]
    for at, token in enumerate(tokens[1:]):
        cache.remember(states[at % notes + 1], before[at], token)
    taken = []
    for at, state in enumerate(states[1:]):
        start = perf_counter()
        recalled = cache.recall(state, before[at], sampling)
        if recalled is not None:
            recalled.steps(state.steps)
            recalled.rest(10, random)
        taken.append(perf_counter() - start)
    return taken


def measure_all(settings: Settings, responses: int, report: Report) -> tuple[list[Row], float | None]:
    """Rows for each engine, and the p50 [ms] of the fastest note; None if none runs."""
    speeds: dict[str, Speed] = {}
    missing: dict[str, str] = {}
    for engine, (name, _) in ENGINES.items():
        report(name)
        try:
            speeds[engine] = apart(measure, settings, engine, responses)
        except MissingError as error:
            missing[engine] = str(error)
    best = min(speeds, key=lambda engine: speeds[engine].note.p50, default=None)
    rows: list[Row] = []
    for engine, (name, _) in ENGINES.items():
        if engine in missing:
            rows.append(Row(engine, name, remark=missing[engine]))
            continue
        speed, target = speeds[engine], {"p50": STEP} if engine == best else {}
        prime = f"{name}: context of {WINDOW} notes"
        rows.append(Row(f"{engine}_prime", prime, speed.prime.values("p50", "p99")))
        rows.append(Row(f"{engine}_step", f"{name}: model, per note", speed.step.values("p50", "p99"), target))
        if speed.remembered is not None:
            label = f"{name}: {MOST:,} remembered notes, per note"
            rows.append(Row(f"{engine}_memory", label, speed.remembered.values("p50", "p99"), {"p50": REMEMBERED}))
        rows.append(Row(f"{engine}_note", f"{name}: with sampling, per note", speed.note.values("p50", "p99"), target))
    return rows, None if best is None else speeds[best].note.p50
