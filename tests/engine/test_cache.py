from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import pytest

from livegen.encoding import SIZES, VARIABLES, Token, context
from livegen.engine import cache as caching
from livegen.engine.cache import UNKNOWN, Cache, Place, Recalled, moments
from livegen.engine.card import Card
from livegen.engine.improviser import Improviser
from livegen.engine.litert import LiteRt
from livegen.engine.passages import Call, Passage
from livegen.note import MonotonicTime, SoundedNote, to_notes
from livegen.stage.settings import Sampling

RIFF = ((62, 0.25), (65, 0.125), (69, 0.125), (74, 0.5), (72, 0.25), (67, 0.25), (70, 0.125), (65, 0.125), (64, 0.5))
C_MAJOR = (48, 52, 55, 60, 64, 67, 71)
EQUAL = Sampling(memory=0.5)


@pytest.fixture(scope="module")
def runtime(shipped: Card) -> LiteRt:
    return LiteRt.of(shipped)


@pytest.fixture
def cache(shipped: Card, runtime: LiteRt) -> Cache:
    place = Place.of(shipped.architecture)
    assert place is not None
    return Cache(runtime, place)


def played(seed: int) -> tuple[SoundedNote, ...]:
    """Other notes each time, then the riff; each onset a little off, as people play."""
    random = np.random.default_rng(seed)
    notes, at = list[SoundedNote](), 0.0
    for pitch, step in (*((int(random.choice(C_MAJOR)), 0.2) for _ in range(14)), *RIFF):
        onset = MonotonicTime(at + random.normal(0, 0.006))
        notes.append(SoundedNote(pitch, onset, 0.9 * step, int(random.integers(60, 80))))
        at += step
    return tuple(notes)


def learn(cache: Cache, *calls: tuple[SoundedNote, ...]) -> None:
    for call in calls:
        deque(cache.learn(Call((), call).passage()), maxlen=0)


def riff_again(runtime: LiteRt, cache: Cache, sampling: Sampling) -> Iterator[tuple[float, float]]:
    """The probability of each pitch of the riff, by the model and by the mixture, after other notes."""
    passage = Passage(tuple(context(to_notes(played(9)))), 15)
    for before, state, token in moments(runtime, passage):
        if token is not None:
            recalled, logits = cache.recall(state, before, sampling), runtime.logits(state, token)
            likely = np.exp(logits["pitch"].astype(float) - logits["pitch"].max())
            model = float(likely[token[1]] / likely.sum())
            gain = 0.0 if recalled is None else recalled.gains(logits, token)[1]
            yield model, model * float(np.exp(gain))


def test_a_riff_that_was_heard_twice_is_its_own_likeliest_continuation(runtime: LiteRt, cache: Cache) -> None:
    learn(cache, played(1), played(2))
    chances = list(riff_again(runtime, cache, EQUAL))[3:]  # after four of its notes
    assert all(mixed > 0.5 for _, mixed in chances)
    assert all(model < 0.5 for model, _ in chances)


def test_what_is_forgotten_does_not_count(runtime: LiteRt, cache: Cache) -> None:
    learn(cache, played(1), played(2))
    assert len(cache) == 2 * (14 + len(RIFF) - 1)
    cache.forget()
    assert len(cache) == 0
    assert all(mixed == model for model, mixed in riff_again(runtime, cache, EQUAL))
    learn(cache, played(1))
    assert len(cache) == 14 + len(RIFF) - 1


def test_without_memory_nothing_is_recalled(runtime: LiteRt, cache: Cache) -> None:
    learn(cache, played(1))
    state, before = runtime.begin(), context(to_notes(played(1)))
    assert cache.recall(state, before, Sampling(memory=0)) is None


def test_a_response_goes_on_with_the_riff_and_without_memory_it_is_as_it_was(runtime: LiteRt, cache: Cache) -> None:
    learn(cache, played(1), played(2))
    notes = to_notes(played(9)[:18])  # four notes of the riff
    remembering, plain = Improviser(runtime, cache), Improviser(runtime)

    def pitches(improviser: Improviser, memory: float, seed: int) -> list[int]:
        sampled = improviser.improvise(notes, None, np.random.default_rng(seed), Sampling(0.9, 0.98, 0.0, memory))
        return [each.note.pitch for each in islice(sampled, 3)]

    riff, seeds = [pitch for pitch, _ in RIFF[4:7]], range(8)
    assert sum(pitches(remembering, 1.0, seed) == riff for seed in seeds) > 4
    assert sum(pitches(plain, 1.0, seed) == riff for seed in seeds) < 2
    assert all(pitches(remembering, 0.0, seed) == pitches(plain, 1.0, seed) for seed in seeds)


def test_it_has_a_bound_and_the_oldest_notes_go_first(
    shipped: Card, runtime: LiteRt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "MOST", 30)
    place = Place.of(shipped.architecture)
    assert place is not None
    cache = Cache(runtime, place)
    learn(cache, played(1), *(tuple(note for note in played(seed)[:14]) for seed in (3, 4)))
    assert len(cache) == 30
    chances = list(riff_again(runtime, cache, EQUAL))
    assert sum(mixed > 0.5 for _, mixed in chances) < 4  # half of the riff is gone


def test_of_very_many_notes_after_the_same_pitch_the_last_ones_count(
    cache: Cache, runtime: LiteRt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "MOST_ALIKE", 5)
    state, before = runtime.begin(), [(10, 60, 16, 20, 0)]
    for pitch in range(50, 60):
        cache.remember(state, before, (10, pitch, 16, 20, 0))
    recalled = cache.recall(state, before, Sampling(memory=1))
    assert recalled is not None
    drawn = {recalled.rest(10, random)[0] for random in map(np.random.default_rng, range(200))}
    assert drawn == {55, 56, 57, 58, 59}


# The mixture, of two remembered notes and a model that knows nothing.

NOTES: Sequence[Token] = ((10, 60, 16, 20, 0), (20, 62, 20, 30, 0))
FLAT = {name: np.zeros(SIZES[name], np.float32) for name in VARIABLES}


def recalled(memory: float = 0.5, temperature: float = 1.0) -> Recalled:
    return Recalled(np.array(NOTES, np.int16).T, np.array([3.0, 1.0]), Sampling(temperature, memory=memory))


def likelihoods(name: str, token: Token) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Of each category of a variable, given those of the token before it."""
    place = VARIABLES.index(name)
    found = []
    for category in range(SIZES[name]):
        step, pitch, velocity, duration, pedal = (*token[:place], category, *token[place + 1 :])
        gain = recalled().gains(FLAT, (step, pitch, velocity, duration, pedal))[place]
        found.append(float(np.exp(gain)) / SIZES[name])
    return np.array(found)


@pytest.mark.parametrize("name", VARIABLES[:4])
@pytest.mark.parametrize("token", [*NOTES, (10, 61, 3, 4, 0)])
def test_likelihoods_add_up_to_1(name: str, token: Token) -> None:
    assert likelihoods(name, token).sum() == pytest.approx(1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_logits_of_a_step_are_those_of_the_mixture(temperature: float) -> None:
    logits = recalled(temperature=temperature).steps(FLAT["step"]).astype(float) / temperature
    chances = np.exp(logits - logits.max())
    np.testing.assert_allclose(chances / chances.sum(), likelihoods("step", NOTES[0]), rtol=1e-4)


def test_notes_are_sampled_as_likely_as_they_are() -> None:
    random, step, count = np.random.default_rng(0), 10, 6_000
    model = np.random.default_rng(1)
    sampled = []
    found = recalled()
    for _ in range(count):
        pitch, velocity, duration, pedal = found.rest(step, random)
        assert pedal == -1
        pitch = int(model.integers(128)) if pitch < 0 else pitch
        velocity = int(model.integers(SIZES["velocity"])) if velocity < 0 else velocity
        sampled.append((pitch, velocity, int(model.integers(SIZES["duration"])) if duration < 0 else duration))
    pitches, velocities, durations = np.array(sampled).T
    share = np.bincount(pitches, minlength=128) / count
    np.testing.assert_allclose(share, likelihoods("pitch", NOTES[0]), atol=0.02)
    sixties = pitches == 60
    share = np.bincount(velocities[sixties], minlength=SIZES["velocity"]) / sixties.sum()
    np.testing.assert_allclose(share, likelihoods("velocity", NOTES[0]), atol=0.03)
    same = sixties & (velocities == 16)
    share = np.bincount(durations[same], minlength=SIZES["duration"]) / same.sum()
    np.testing.assert_allclose(share, likelihoods("duration", NOTES[0]), atol=0.06)


def test_the_more_memory_the_more_is_from_the_cache() -> None:
    def share(memory: float) -> float:
        random = np.random.default_rng(0)
        return sum(recalled(memory).rest(10, random) != UNKNOWN for _ in range(500)) / 500

    assert share(0.01) < share(0.5) < share(1.0) == 1.0
    assert share(0.01) < 0.5


def test_a_model_whose_card_does_not_say_how_large_it_is_has_no_cache() -> None:
    assert Place.of({}) is None
    assert Place.of({"units": 400, "layers": 2}) == Place(400, 2)
