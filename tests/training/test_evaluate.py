from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen import encoding, encoding_arrays
from livegen.data.sets import POP909, listed
from livegen.engine.card import find
from livegen.engine.litert import FILE, LiteRt
from livegen.errors import DataError
from livegen.note import Note, Pedal

if TYPE_CHECKING:
    from livegen.training.data import Notes
    from livegen.training.model import Pianist

pytest.importorskip("matplotlib", reason="matplotlib is missing")

from livegen.training.corpus import Piece
from livegen.training.data import DURATION, STEP
from livegen.training.evaluate import (
    WINDOWS,
    Window,
    evaluate,
    figures,
    fine,
    nats,
    read_windows,
    sample_windows,
    standard_error,
    to_note,
    windows_of,
)


def some_notes(n: int, seed: int = 0) -> Notes:
    """Shape (n, 7), as `read_notes` gives them; the pedal moves every 0.7 s."""
    random = np.random.default_rng(seed)
    step, duration = random.exponential(0.3, n), 0.01 + random.exponential(0.5, n)
    last, one_before = np.cumsum(step) % 0.7, np.cumsum(step) % 0.7 + 0.7
    down = np.cumsum(step) // 0.7 % 2
    pedal = [down, np.where(down, last, one_before), np.where(down, one_before, last)]
    pitch, velocity = random.integers(30, 90, n), random.integers(20, 110, n)
    return np.stack([pitch, step, duration, velocity, *pedal], axis=-1)


def test_windows_are_drawn_or_where_there_are_few_all_of_them() -> None:
    pieces = [Piece(name, some_notes(n), "") for name, n in (("long", 60), ("short", 20), ("other", 27))]
    every = [Window("long", target) for target in range(25, 60)] + [Window("other", 25), Window("other", 26)]
    assert sample_windows(pieces, 37) == sample_windows(pieces, 1000) == every
    drawn = sample_windows(pieces, 36)
    assert len(drawn) == 36
    assert set(drawn) < set(every)
    assert drawn.count(Window("other", 25)) > 1  # pieces evenly: of the short one's two targets some come again
    assert sample_windows(pieces, 36) == drawn != sample_windows(pieces, 36, seed=1)
    with pytest.raises(DataError, match="no piece has the 26 notes"):
        sample_windows(pieces[1:2], 1)


def test_nats_are_those_of_the_trained_model(pianist: Pianist, float_file: bytes) -> None:
    """By another way: all at once, through the training's encoding and Keras' own loss."""
    import keras

    runtime = LiteRt(float_file, pianist.architecture.memory)
    notes = some_notes(9)
    notes[-1, [STEP, DURATION]] = 1.234, 9.0  # a bin of several cells, and the last one
    tokens = encoding_arrays.tokens(notes)[None]
    encoding_arrays.start(tokens)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = [float(loss(tokens[:, -1:, i], logits[:, -1:])) for i, logits in enumerate(pianist(tokens).values())]
    expected[0] += np.log(len([cell for cell in range(801) if encoding.time_bin(cell / 100) == tokens[0, -1, 0]]))
    np.testing.assert_allclose(nats(runtime, notes), expected, atol=1e-3)


def test_a_row_is_the_note_that_live_would_be_heard() -> None:
    row = np.array([60, 0.5, 0.25, 80, 1, 0.125, 0.375])
    assert to_note(row) == Note(60, 0.5, 0.25, 80, Pedal(down=True, pressed=0.125, lifted=0.375))
    notes = some_notes(200)
    assert encoding_arrays.tokens(notes).tolist() == [list(encoding.token(to_note(row))) for row in notes]
    assert len(set(encoding_arrays.tokens(notes)[:, 4].tolist())) > 10


def test_windows_keep_their_places_over_the_threads() -> None:
    card = find("livegen")
    content, pieces = card.read_file(FILE), {"a": some_notes(40, 1), "b": some_notes(40, 2)}
    windows = [Window("ab"[i % 2], 12 + i) for i in range(11)]
    costs = evaluate(content, card.memory, windows, pieces, context=5)
    runtime = LiteRt(content, card.memory)
    for window, cost in zip(windows, costs, strict=True):
        expected = nats(runtime, pieces[window.piece][window.target - 5 : window.target + 1])
        np.testing.assert_allclose(cost, expected, rtol=1e-6)
    np.testing.assert_array_equal(evaluate(content, card.memory, windows[:1], pieces, context=5), costs[:1])
    for target in (-3, 4, 40):
        with pytest.raises(DataError, match=f"a: a window names note {target}"):
            evaluate(content, card.memory, [Window("a", target)], pieces, context=5)


def test_the_standard_error_is_by_piece() -> None:
    values = np.random.default_rng(0).normal(10, 2, 60)
    each = [Window(str(i), 30) for i in range(60)]
    assert standard_error(values, each) == pytest.approx(values.std(ddof=1) / np.sqrt(60))
    thrice = [Window(str(i // 3), 30) for i in range(180)]  # the same value three times in a piece tells nothing new
    assert standard_error(np.repeat(values, 3), thrice) == pytest.approx(standard_error(values, each))
    assert np.isnan(standard_error(values, [Window("one", 30)] * 60))


def test_figures_add_up() -> None:
    costs = {25: np.array([[1.0, 2, 3, 4, 5], [3, 4, 5, 6, 9]]), 5: np.array([[2.0, 2, 3, 4, 5], [4, 4, 5, 6, 9]])}
    found = figures(costs, [Window("a", 30), Window("b", 40)])
    assert (found.step, found.pitch, found.velocity, found.duration, found.total) == (2, 3, 4, 5, 14)
    assert found.pedal == 7  # beside them
    assert found.contexts == {"5": 15, "25": 14}
    assert (found.windows, found.pieces, found.se) == (2, 2, 4)


def test_a_time_in_cells_of_a_millisecond_costs_ln_10_more() -> None:
    found = fine(figures({25: np.array([[1.0, 2, 3, 4, 5]])}, [Window("a", 30)]))
    assert found == {
        "step": pytest.approx(1 + np.log(10), abs=1e-4),
        "duration": pytest.approx(4 + np.log(10), abs=1e-4),
        "total": pytest.approx(10 + 2 * np.log(10), abs=1e-4),
    }


def test_a_data_set_has_its_windows(tmp_path: Path) -> None:
    (tmp_path / "pop909.csv").touch()
    windows = windows_of(tmp_path, ())
    assert len(windows) == 10_000 and min(window.target for window in windows) >= 25
    validation = {row.midi_filename for row in listed(POP909) if row.split == "validation"}
    assert {window.piece for window in windows} == validation
    assert windows_of(tmp_path, (), WINDOWS["MAESTRO"], 7) == read_windows(WINDOWS["MAESTRO"], 7)
    (tmp_path / "pop909.csv").rename(tmp_path / "splits.csv")
    pieces = [Piece("own", some_notes(60), "")]
    assert windows_of(tmp_path, pieces, None, 9) == sample_windows(pieces, 9)


def test_the_windows_are_all_there() -> None:
    windows = read_windows(WINDOWS["MAESTRO"])
    assert len(windows) == 20_000
    assert len({window.piece for window in windows}) == 137
    assert min(window.target for window in windows) >= 25
    few = read_windows(WINDOWS["MAESTRO"], 200)
    assert len(few) == len(set(few)) == 200
    assert len({window.piece for window in few}) > 100


HEAD = b"midi_filename,target\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no gzip", r"not a csv\.gz with the columns"),
        (gzip.compress(b"a,b\n1,2\n"), r"not a csv\.gz with the columns"),
        (gzip.compress(b"x" * 99)[:-9], r"not a csv\.gz with the columns"),
        (gzip.compress(HEAD + b"a.midi\n"), r"not a csv\.gz with the columns"),
        (gzip.compress(HEAD), "contains no windows"),
    ],
)
def test_what_are_no_windows_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "windows.csv.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=problem):
        read_windows(path)
