from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event

import numpy as np
import pytest
from scripted import Scripted
from test_predictor import PATIENCE, REQUEST

from livegen.encoding import SIZES, START
from livegen.engine.cache import Cache, Place
from livegen.engine.improviser import Improviser
from livegen.engine.learning import Forget, Learning
from livegen.engine.passages import LONGEST, MOST, Call, Passage, Passages
from livegen.engine.predictor import Predictor
from livegen.engine.runtime import State
from livegen.note import MonotonicTime, SoundedNote
from livegen.stage.events import Answer

NOTE = (10, 60, 16, 20, 0)
PASSAGE = Passage(((START, 60, 16, 20, 0), *[NOTE] * 40), 1)


class Small(Scripted):
    """With a state large enough for a cache."""

    def _state(self) -> State:
        return State(np.zeros((1, 4 + SIZES["step"]), np.float32), 10, self.rest)


@pytest.fixture
def cache() -> Cache:
    return Cache(Small(), Place(2, 1))


def test_it_learns_a_note_at_a_time(cache: Cache) -> None:
    learning = Learning(cache)
    assert not learning.step()
    learning.put(PASSAGE)
    counts = []
    while learning.step():
        counts.append(len(cache))
    assert counts[-1] == len(cache) == len(PASSAGE) == 40
    assert len(set(counts)) == 41  # from 0 on


def test_what_waits_and_what_is_half_learnt_is_forgotten_too(cache: Cache) -> None:
    learning = Learning(cache)
    learning.put(PASSAGE)
    learning.put(PASSAGE)
    for _ in range(10):
        learning.step()
    assert len(cache) > 0
    learning.put(Forget.ALL)
    learning.settle()
    assert len(cache) == 0
    assert not learning.step()


def test_without_a_cache_nothing_is_kept() -> None:
    learning = Learning(None)
    learning.put(PASSAGE)
    learning.put(Forget.ALL)
    assert not learning.step()


@contextmanager
def predicting(improviser: Improviser) -> Iterator[tuple[Predictor, SimpleQueue[Answer]]]:
    answers: SimpleQueue[Answer] = SimpleQueue()
    predictor = Predictor(improviser, answers.put, seed=7, realtime=lambda: None)
    predictor.start()
    try:
        yield predictor, answers
    finally:
        predictor.stop()


def test_a_request_is_served_before_the_rest_is_learnt() -> None:
    runtime, learning, go_on = Small(), Event(), Event()
    plays = []

    class Watched(Cache):
        def remember(self, *given: object) -> None:
            plays.append("learnt")
            learning.set()
            assert go_on.wait(PATIENCE)

    improviser = Improviser(runtime, Watched(runtime, Place(2, 1)))
    runtime.before_a_note = lambda: plays.append("answered")
    with predicting(improviser) as (predictor, answers):
        predictor.hear(PASSAGE)
        assert learning.wait(PATIENCE)
        predictor.ask(REQUEST)
        go_on.set()
        answers.get(timeout=PATIENCE)
    assert plays[:2] == ["learnt", "answered"]


def test_what_is_forgotten_is_forgotten_in_the_next_answer(cache: Cache) -> None:
    improviser, asked, begun = Improviser(cache._runtime, cache), Event(), Event()
    runtime = cache._runtime
    assert isinstance(runtime, Small)
    known = []

    def wait() -> None:
        known.append(len(cache))
        begun.set()
        assert asked.wait(PATIENCE)

    learning = Learning(cache)
    learning.put(PASSAGE)
    learning.finish()
    runtime.before_a_note = wait
    with predicting(improviser) as (predictor, answers):
        predictor.ask(REQUEST)
        assert begun.wait(PATIENCE)
        predictor.hear(Forget.ALL)
        predictor.ask(REQUEST._replace(id=2))
        asked.set()
        assert getattr(answers.get(timeout=PATIENCE), "request", None) == 2
    assert (known[0], known[-1]) == (40, 0)


def test_a_failure_while_it_learns_is_survived(cache: Cache) -> None:
    class Broken(Cache):
        def remember(self, *given: object) -> None:
            raise MemoryError

    improviser = Improviser(cache._runtime, Broken(cache._runtime, Place(2, 1)))
    with predicting(improviser) as (predictor, answers):
        predictor.hear(PASSAGE)
        predictor.ask(REQUEST)
        assert answers.get(timeout=PATIENCE)


# Passages.


def call(count: int) -> Call:
    return Call((), tuple(SoundedNote(60, MonotonicTime(0.1 * i), 0.1, 64) for i in range(count)))


def test_passages_have_a_bound_and_the_oldest_goes_first() -> None:
    passages = Passages()
    for _ in range(MOST // 1000 + 2):
        passages.add(call(1001))
    assert len(passages) == MOST
    assert len(list(passages)) == MOST // 1000
    passages.clear()
    assert (len(passages), list(passages)) == (0, [])


def test_short_calls_after_much_that_is_only_read_have_a_bound_too() -> None:
    before = call(25).notes
    passages = Passages(Call(before, call(2).notes) for _ in range(5000))
    assert len(list(passages)) * 27 <= 3 * MOST


def test_a_passage_can_be_stored() -> None:
    passage = Call(call(25).notes, call(7).notes).passage()
    assert (len(passage), passage.first) == (6, 26)
    plain = passage.plain() | {"tokens": [list(token) for token in passage.tokens]}
    assert Passage.of_plain(plain) == passage


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "note"},
        {"first": 0},
        {"first": 41},
        {"first": "1"},
        {"tokens": "text"},
        {"tokens": [[0, 1, 2]] * 3},
        {"tokens": [list(NOTE), [80, 60, 16, 20, 0]]},
        {"tokens": [list(NOTE), [10, 128, 16, 20, 0]]},
        {"tokens": [list(NOTE), [10, -1, 16, 20, 0]]},
        {"tokens": [list(NOTE), [10, 60.0, 16, 20, 0]]},
        {"tokens": [list(NOTE), [True, 60, 16, 20, 0]]},
        {"tokens": [list(NOTE)] * (2 * LONGEST + 1)},
    ],
)
def test_what_is_not_a_passage_is_refused(change: dict[str, object]) -> None:
    plain = PASSAGE.plain() | {"tokens": [list(token) for token in PASSAGE.tokens]}
    assert Passage.of_plain(plain)
    with pytest.raises(ValueError, match=r"not a|out of range"):
        Passage.of_plain(plain | change)
