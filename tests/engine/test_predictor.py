from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, current_thread, main_thread

import numpy as np
import pytest
from scripted import Scripted

from livegen.engine.card import Card
from livegen.engine.improviser import Improviser
from livegen.engine.litert import LiteRt
from livegen.engine.predictor import AbandonedError, Predictor, answer
from livegen.engine.runtime import CUT, TEMPERATURES, Runtime
from livegen.note import Note
from livegen.stage.effects import Ask
from livegen.stage.events import Failed, Predicted
from livegen.stage.settings import AS_IS, Sampling

PATIENCE = 30  # s: for a test that hangs, not a deadline
REQUEST = Ask(
    id=1,
    context=(Note(60, 0.0, 0.4, 70), Note(64, 0.3, 0.4, 70)),
    gap=0.9,
    length=3.0,
    longest=8.0,
    response=0,
    sampling=AS_IS,
    window=25,
)

Answers = SimpleQueue[Predicted | Failed]


@contextmanager
def predicting(runtime: Runtime, realtime: Callable[[], object] = lambda: None) -> Iterator[tuple[Predictor, Answers]]:
    answers: Answers = SimpleQueue()
    predictor = Predictor(Improviser(runtime), answers.put, seed=7, realtime=realtime)
    predictor.start()
    try:
        yield predictor, answers
    finally:
        predictor.stop()
        assert not predictor._thread.is_alive()


def test_an_answer_is_a_response_of_the_length_asked_for(shipped: Card) -> None:
    predicted = answer(Improviser(LiteRt.of(shipped)), REQUEST, seed=7)
    assert predicted.request == 1
    assert predicted.notes[0].offset == 0
    assert 3.0 <= max(note.offset + note.duration for note in predicted.notes) <= 1.25 * 3.0
    assert predicted.seconds > 0


def test_the_seed_and_the_responses_number_decide_it(shipped: Card) -> None:
    improviser = Improviser(LiteRt.of(shipped))

    def notes(seed: int | None, response: int) -> object:
        return answer(improviser, REQUEST._replace(response=response), seed=seed).notes

    assert notes(7, 0) == notes(7, 0)
    assert notes(7, 0) != notes(7, 1)
    assert notes(7, 0) != notes(8, 0)
    assert notes(None, 0) != notes(None, 0)


def test_a_response_is_no_longer_than_the_longest(shipped: Card) -> None:
    request = REQUEST._replace(length=3.0, longest=2.0)
    predicted = answer(Improviser(LiteRt.of(shipped)), request, seed=7)
    assert max(note.offset + note.duration for note in predicted.notes) <= 2.0 + 1e-9


def test_the_request_brings_sampling_and_window() -> None:
    runtime = Scripted()
    request = REQUEST._replace(sampling=Sampling(0.5, 0.8, 0.1), window=1)
    answer(Improviser(runtime), request, seed=7)
    np.testing.assert_array_equal(runtime.hows[0][:, TEMPERATURES], [[0.5, 0.5, 0.5, 0.5, 1]])
    np.testing.assert_array_equal(runtime.hows[0][:, CUT], np.float32([[0.1, 0.8]]))
    assert [pitch for _, pitch, *_ in runtime.readings[0][:2]] == [64, 60]  # the last note, and the first of the script


def test_an_abandoned_answer_stops_between_notes() -> None:
    runtime = Scripted()
    with pytest.raises(AbandonedError):
        answer(Improviser(runtime), REQUEST, seed=0, abandoned=lambda: len(runtime.hows) >= 3)
    assert len(runtime.hows) == 3


def test_the_thread_answers_as_the_function_does(shipped: Card) -> None:
    runtime = LiteRt.of(shipped)
    with predicting(runtime) as (predictor, answers):
        predictor.ask(REQUEST)
        predicted = answers.get(timeout=PATIENCE)
    assert isinstance(predicted, Predicted)
    assert predicted.notes == answer(Improviser(runtime), REQUEST, seed=7).notes


def test_the_newest_request_wins_and_the_one_at_hand_is_abandoned() -> None:
    runtime, asked = Scripted(), Event()
    begun = Event()

    def wait() -> None:
        begun.set()
        assert asked.wait(PATIENCE)

    runtime.before_a_note = wait
    with predicting(runtime) as (predictor, answers):
        predictor.ask(REQUEST)
        assert begun.wait(PATIENCE)
        for number in (2, 3, 4):
            predictor.ask(REQUEST._replace(id=number))
        asked.set()
        assert answers.get(timeout=PATIENCE).request == 4
        predictor.ask(REQUEST._replace(id=5))
        assert answers.get(timeout=PATIENCE).request == 5
        assert answers.empty()


def test_a_failure_is_an_answer_and_the_next_request_is_answered() -> None:
    runtime, broken = Scripted(), Event()
    broken.set()

    def break_down() -> None:
        if broken.is_set():
            raise MemoryError("out of memory")

    runtime.before_a_note = break_down
    with predicting(runtime) as (predictor, answers):
        predictor.ask(REQUEST)
        assert answers.get(timeout=PATIENCE) == Failed(1, "MemoryError: out of memory")
        broken.clear()
        predictor.ask(REQUEST._replace(id=2))
        assert isinstance(answers.get(timeout=PATIENCE), Predicted)


def test_a_stop_does_not_wait_for_the_whole_response() -> None:
    runtime, begun, stopped = Scripted(lambda k: (0, 60, 16, 20, 0)), Event(), Event()

    def slow() -> None:
        begun.set()
        stopped.wait(PATIENCE)

    runtime.before_a_note = slow
    with predicting(runtime) as (predictor, answers):
        predictor.ask(REQUEST)
        assert begun.wait(PATIENCE)
        predictor._requests.put(None)
        stopped.set()
        predictor.stop()
        predictor.stop()  # may be called again
        assert answers.empty()
    assert len(runtime.hows) == 1


def test_priority_is_asked_for_in_the_thread_and_may_be_refused() -> None:
    where = []

    def refuse() -> None:
        where.append(current_thread())
        raise PermissionError

    with predicting(Scripted(), refuse) as (predictor, answers):
        predictor.ask(REQUEST)
        assert isinstance(answers.get(timeout=PATIENCE), Predicted)
    assert where == [predictor._thread]
    assert where != [main_thread()]


def test_one_that_never_started_can_be_stopped() -> None:
    Predictor(Improviser(Scripted()), lambda _: None, seed=None, realtime=lambda: None).stop()
