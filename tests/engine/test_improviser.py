from __future__ import annotations

from itertools import islice
from math import nan

import numpy as np
import pytest
from scripted import Scripted

from livegen.encoding import CELL, START, TIME_EDGES, category_pedal, time_bin, token
from livegen.engine.card import Card
from livegen.engine.improviser import KEPT, MAX_STEP, Improviser
from livegen.engine.litert import LiteRt
from livegen.engine.runtime import CHANCES, CUT, LONG, STEPS, TEMPERATURES
from livegen.note import Note, Pedal
from livegen.stage.response import LONG_GAP, Sampled
from livegen.stage.settings import AS_IS, Sampling

CALL = (
    Note(60, 0.0, 0.4, 70),
    Note(64, 0.31, 0.2, 80, Pedal(down=True, pressed=0.1)),
    Note(67, 0.32, 0.9, 90, Pedal(down=True, pressed=0.42)),
)


def play(
    runtime: Scripted | LiteRt, notes: int, *, gap: float | None = 0.9, seed: int = 1, window: int = 25
) -> list[Sampled]:
    draws = Improviser(runtime).improvise(CALL, gap, np.random.default_rng(seed), window=window)
    return list(islice(draws, notes))


def test_the_context_is_read_and_the_first_step_is_the_gap() -> None:
    runtime = Scripted()
    one, two = play(runtime, 2, gap=0.873)
    assert runtime.readings[0][:3] == [(START, *token(CALL[0])[1:]), token(CALL[1]), token(CALL[2])]
    assert one.note.step == 0.873
    assert runtime.readings[0][3][0] == time_bin(0.873)
    assert time_bin(two.note.step) == 10


def test_without_a_gap_the_model_draws_the_first_step_too() -> None:
    runtime = Scripted(lambda k: (7, 50 + k, 20, 33, 12))
    one, two = play(runtime, 2, gap=None)
    assert [time_bin(drawn.note.step) for drawn in (one, two)] == [7, 7]
    assert [step for step, *_ in runtime.readings[0][3:]] == [7, 7]


def test_what_was_drawn_is_read_before_the_next_note() -> None:
    runtime = Scripted(lambda k: (7, 50 + k, 20, 33, 12 + k))
    play(runtime, 2)
    assert runtime.readings[0][3:] == [(time_bin(0.9), 50, 20, 33, 12), (7, 51, 20, 33, 13)]


def test_each_note_has_chances_of_its_own_and_the_pedal_no_temperature() -> None:
    runtime = Scripted()
    sampling = Sampling(temperature=0.5, top_p=0.8, min_p=0.1)
    list(islice(Improviser(runtime).improvise(CALL, 0.5, np.random.default_rng(1), sampling), 20))
    hows = np.concatenate(runtime.hows)
    chances = hows[:, CHANCES]
    assert len(np.unique(chances)) == chances.size == 100
    assert chances.min() >= 0 and chances.max() < 1
    np.testing.assert_array_equal(hows[:, TEMPERATURES], np.tile([0.5, 0.5, 0.5, 0.5, 1], (20, 1)))
    np.testing.assert_array_equal(hows[:, CUT], np.tile(np.float32([0.1, 0.8]), (20, 1)))


def test_no_step_over_two_seconds_may_be_drawn() -> None:
    runtime = Scripted()
    play(runtime, 1)
    assert (
        TIME_EDGES[int(runtime.hows[0][0, STEPS])] * CELL
        <= MAX_STEP
        < TIME_EDGES[int(runtime.hows[0][0, STEPS]) + 1] * CELL
    )


def test_the_pedal_that_was_drawn_is_in_the_note() -> None:
    notes = [drawn.note for drawn in play(Scripted(lambda k: (7, 60, 20, 33, k)), 30, gap=0.5)]
    assert [note.pedal for note in notes] == [category_pedal(k, note.step) for k, note in enumerate(notes)]


def test_what_is_inside_a_bin_is_drawn_evenly() -> None:
    notes = [drawn.note for drawn in play(Scripted(lambda k: (40, 60, 20, 40, 0)), 400)[1:]]
    for values in ([note.step for note in notes], [note.duration for note in notes]):
        assert {time_bin(value) for value in values} == {40}
        assert len(set(values)) == len(values)
    assert {note.velocity for note in notes} == {80, 81, 82, 83}


def test_rest_is_what_the_model_says() -> None:
    runtime = Scripted()
    runtime.rest = 0.25
    assert [drawn.rest for drawn in play(runtime, 3)] == [0.25] * 3
    assert (
        TIME_EDGES[int(runtime.hows[0][0, LONG])] * CELL
        >= LONG_GAP
        > TIME_EDGES[int(runtime.hows[0][0, LONG]) - 1] * CELL
    )


@pytest.mark.parametrize(
    ("heard", "window", "again", "kept"),  # in notes; a short call is filled up
    [(25, 25, 25, KEPT), (3, 25, 25, 22 + KEPT), (1, 1, 25, 24 + KEPT), (25, 40, 40, 15 + KEPT)],
)
def test_after_so_many_generated_notes_the_model_reads_the_call_again(
    heard: int, window: int, again: int, kept: int
) -> None:
    runtime = Scripted(lambda k: (1 + k % 9, 40 + k % 60, 16, 20, k % 30))
    draws = Improviser(runtime).improvise((CALL * 9)[-heard:], 0.9, np.random.default_rng(1), window=window)
    list(islice(draws, 120))
    call, played = runtime.readings[0][:heard], runtime.readings[0][heard:]
    for reading in runtime.readings[1:]:
        assert len(played) % again == 0
        known = [*call, *played[-kept:]]
        assert reading[: len(known)] == known
        played += reading[len(known) :]
    assert [pitch for _, pitch, *_ in played] == [40 + k % 60 for k in range(120)]


def test_only_the_last_window_of_a_long_context_is_read() -> None:
    runtime = Scripted()
    next(Improviser(runtime).improvise(CALL, 0.5, np.random.default_rng(0), window=2))
    held = 1  # the pedal is down; that it was just pressed is told by the step, and that is not in the context
    assert runtime.readings[0][:2] == [(START, *token(CALL[1])[1:4], held), token(CALL[2])]


def test_sampling_and_window_are_those_of_each_response() -> None:
    """Nothing of the one before is left, where they are improvised one after the other."""
    runtime = Scripted()
    improviser = Improviser(runtime)
    for sampling, window in ((Sampling(temperature=0.5), 1), (AS_IS, 3)):
        next(improviser.improvise(CALL, 0.5, np.random.default_rng(0), sampling, window))
    assert [how[0, TEMPERATURES].tolist() for how in runtime.hows] == [[0.5, 0.5, 0.5, 0.5, 1], [1, 1, 1, 1, 1]]
    assert [len(reading) - 1 for reading in runtime.readings] == [1, 3]  # and the note that was sampled


def test_without_notes_there_is_nothing_to_go_on_from() -> None:
    with pytest.raises(ValueError, match="at least one note"):
        next(Improviser(Scripted()).improvise((), 0.5, np.random.default_rng(0)))


def test_a_model_without_numbers_is_an_error() -> None:
    runtime = Scripted()
    runtime.rest = nan
    with pytest.raises(ValueError, match="not numbers"):
        next(Improviser(runtime).improvise(CALL, 0.5, np.random.default_rng(0)))


def test_the_shipped_model_plays_on_and_a_seed_repeats_it(shipped: Card) -> None:
    runtime = LiteRt.of(shipped)
    once = play(runtime, 120)
    assert play(runtime, 120) == once
    assert play(runtime, 120, seed=2) != once
    assert play(LiteRt.of(shipped), 120) == once
    assert len({drawn.note.pitch for drawn in once}) > 8
    assert len({drawn.note.velocity for drawn in once}) > 8
    assert all(0 <= drawn.rest <= 1 for drawn in once)
    assert max(drawn.note.step for drawn in once) <= MAX_STEP
