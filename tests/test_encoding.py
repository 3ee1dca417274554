"""The one encoding: the same for one note live and for arrays in training."""

from __future__ import annotations

from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livegen import encoding as f
from livegen import encoding_arrays as arrays
from livegen.note import PEDAL_UP, Note, Pedal

BUSY = settings(deadline=None)  # the machine may be

SECONDS = st.floats(0, 20, allow_nan=False)
AGO = st.sampled_from([0.0, inf]) | st.floats(1e-9, 20)


@st.composite
def pedals(draw: st.DrawFn) -> Pedal:
    """Where a pedal can be: it was pressed after it was lifted if it is down, else the other way round."""
    down, (later, sooner) = draw(st.booleans()), sorted([draw(AGO), draw(AGO)])
    return Pedal(True, pressed=later, lifted=sooner) if down else Pedal(False, pressed=sooner, lifted=later)


NOTES = st.builds(Note, st.integers(0, 127), SECONDS, st.floats(0.001, 20), st.integers(1, 127), pedals())


def rows(notes: list[Note]) -> np.ndarray:
    """Shape (n, 7), as training has them."""
    return np.array(
        [(n.pitch, n.step, n.duration, n.velocity, n.pedal.down, n.pedal.pressed, n.pedal.lifted) for n in notes],
        float,
    )


def test_bins_are_cells_of_10_ms_at_first_and_grow_to_8_s():
    assert f.TIME_EDGES[: f.FINE_CELLS + 1] == tuple(range(f.FINE_CELLS + 1))
    assert f.TIME_EDGES[-1] == f.LAST_CELL
    assert all(a < b for a, b in zip(f.TIME_EDGES, f.TIME_EDGES[1:], strict=False))
    widths = [b / a for a, b in zip(f.TIME_EDGES[20:], f.TIME_EDGES[21:], strict=False)]
    assert max(widths) < 1.1


@pytest.mark.parametrize(
    ("seconds", "time_bin"), [(0, 0), (0.0099, 0), (0.01, 1), (0.03, 3), (7.999, 78), (8, 79), (1e6, 79)]
)
def test_time_bins(seconds, time_bin):
    assert f.time_bin(seconds) == time_bin


@BUSY
@given(SECONDS)
def test_a_time_lies_in_its_bin(seconds):
    time_bin = f.time_bin(seconds)
    low, high = f.bin_time(time_bin, 0.0), f.bin_time(time_bin, 1.0)
    assert low <= seconds + 1e-7
    assert seconds < high or time_bin == f.TIME_BINS - 1


@BUSY
@given(st.integers(0, f.TIME_BINS - 1), st.floats(0.001, 0.999))
def test_a_drawn_time_is_read_as_what_was_drawn(time_bin, fraction):
    assert f.time_bin(f.bin_time(time_bin, fraction)) == time_bin


@BUSY
@given(st.integers(0, f.VELOCITY_BINS - 1), st.floats(0, 1, exclude_max=True))
def test_a_drawn_velocity_is_midi_and_read_as_what_was_drawn(velocity_bin, fraction):
    velocity = f.bin_velocity(velocity_bin, fraction)
    assert 1 <= velocity <= 127
    assert velocity // f.VELOCITY_WIDTH == velocity_bin


@BUSY
@given(st.lists(NOTES, min_size=1))
def test_arrays_are_encoded_as_single_notes_are(notes):
    encoded = arrays.tokens(rows(notes))
    assert encoded.dtype == np.int32
    assert [tuple(map(int, row)) for row in encoded] == [f.token(note) for note in notes]
    batch = arrays.tokens(np.stack([rows(notes), rows(notes)[::-1]]))
    assert np.array_equal(batch, np.stack([encoded, encoded[::-1]]))


@BUSY
@given(NOTES)
def test_a_token_is_of_the_variables_categories(note):
    token = f.token(note)
    assert len(token) == len(f.VARIABLES)
    assert all(0 <= category < f.SIZES[name] for name, category in zip(f.VARIABLES, token, strict=True))
    assert token[1] == note.pitch


@BUSY
@given(st.lists(st.lists(NOTES, min_size=2, max_size=2), min_size=1))
def test_of_what_came_before_a_context_nothing_is_told(contexts):
    tokens = arrays.tokens(np.stack([rows(notes) for notes in contexts]))
    arrays.start(tokens)
    assert [list(map(tuple, context)) for context in tokens.tolist()] == [f.context(notes) for notes in contexts]
    for notes, (first, second) in zip(contexts, tokens.tolist(), strict=True):
        assert first == [f.START, *f.token(notes[0])[1:4], f.pedal_category(Pedal(notes[0].pedal.down), 1.0)]
        assert tuple(second) == f.token(notes[1])


def test_a_context_without_notes_has_no_tokens():
    assert f.context([]) == []


@pytest.mark.parametrize(
    ("pedal", "category"),
    [
        (PEDAL_UP, (False, None, None)),
        (Pedal(down=True), (True, None, None)),
        (Pedal(down=True, pressed=1.0), (True, None, None)),  # with the onset before, or earlier
        (Pedal(down=False, pressed=2.0, lifted=1.5), (False, None, None)),
        (Pedal(down=True, pressed=0.0), (True, None, 3)),  # with this onset
        (Pedal(down=True, pressed=0.99), (True, None, 0)),
        (Pedal(down=True, pressed=0.75, lifted=1.5), (True, None, 1)),  # a quarter begins with its first moment
        (Pedal(down=False, lifted=0.5, pressed=3.0), (False, 2, None)),
        (Pedal(down=True, pressed=0.1, lifted=0.6), (True, 1, 3)),
        (Pedal(down=True, pressed=0.3, lifted=0.4), (True, 2, 2)),
        (Pedal(down=False, pressed=0.9, lifted=0.1), (False, 3, 0)),
    ],
)
def test_the_pedals_category_tells_its_moves_since_the_onset_before(pedal, category):
    assert f.MOVES[f.pedal_category(pedal, 1.0)] == category
    assert f.pedal_category(pedal, 0.0) == pedal.down  # of a chord's other notes: nothing moved in no time


def test_every_category_of_the_pedal_is_another_state_of_it():
    assert f.PEDAL_MOVES == len(set(f.MOVES)) == 30


@BUSY
@given(st.integers(0, f.PEDAL_MOVES - 1), st.floats(1e-4, 20))
def test_a_drawn_pedal_is_read_as_what_was_drawn(category, step):
    pedal = f.category_pedal(category, step)
    assert f.pedal_category(pedal, step) == category
    moves = [ago for ago in (pedal.pressed, pedal.lifted) if ago != inf]
    assert all(0 < ago < step for ago in moves)
    assert len(set(moves)) == len(moves)
    if moves:
        assert (pedal.pressed < pedal.lifted) is pedal.down  # its last move is where it is now


@pytest.mark.parametrize("category", range(f.PEDAL_MOVES))
def test_in_a_chord_a_drawn_pedal_is_where_it_is(category):
    pedal = f.category_pedal(category, 0.0)
    assert {pedal.pressed, pedal.lifted} <= {0.0, inf}
    assert f.pedal_category(pedal, 0.0) == pedal.down == f.MOVES[category][0]


def test_a_move_a_moment_before_the_onset_lies_in_the_last_quarter():
    pedal = Pedal(down=True, pressed=1e-17)
    assert f.pedal_category(pedal, 1.0) == f.pedal_category(Pedal(down=True, pressed=0.0), 1.0)


def test_the_cells_of_all_bins_make_up_all_cells():
    cells = [round(exp(f.log_cells(i))) for i in range(f.TIME_BINS)]
    assert sum(cells) == f.LAST_CELL + 1
    assert f.log_cells(f.TIME_BINS - 1) == 0
    assert f.log_cells(f.TIME_BINS - 2) == pytest.approx(log(800 - 752))
