"""The one encoding: the same for one note live and for arrays in training."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livegen import features as f
from livegen.note import Note

SECONDS = st.floats(0, 20, allow_nan=False)


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


@given(SECONDS)
def test_a_time_lies_in_its_bin(seconds):
    time_bin = f.time_bin(seconds)
    low, high = f.bin_time(time_bin, 0.0), f.bin_time(time_bin, 1.0)
    assert low <= seconds + 1e-7
    assert seconds < high or time_bin == f.TIME_BINS - 1


@given(st.integers(0, f.TIME_BINS - 1), st.floats(0.001, 0.999))
def test_a_drawn_time_is_read_as_what_was_drawn(time_bin, fraction):
    assert f.time_bin(f.bin_time(time_bin, fraction)) == time_bin


@given(st.integers(0, f.VELOCITY_BINS - 1), st.floats(0, 1, exclude_max=True))
def test_a_drawn_velocity_is_midi_and_read_as_what_was_drawn(velocity_bin, fraction):
    velocity = f.bin_velocity(velocity_bin, fraction)
    assert 1 <= velocity <= 127
    assert velocity // f.VELOCITY_WIDTH == velocity_bin


@given(st.lists(st.tuples(st.integers(0, 127), SECONDS, st.floats(0.001, 20), st.integers(1, 127)), min_size=1))
def test_arrays_are_encoded_as_single_notes_are(notes):
    array = np.array([(step, pitch, velocity, duration) for pitch, step, duration, velocity in notes], float)
    one_by_one = [f.token(Note(pitch, step, duration, velocity)) for pitch, step, duration, velocity in notes]
    assert [tuple(map(int, row)) for row in f.tokens(array)] == one_by_one


def test_the_first_step_of_a_context_is_start():
    assert f.context([]) == []
    first, second = f.context([Note(60, 3.0, 1, 64), Note(60, 3.0, 1, 64)])
    assert first == (f.START, *second[1:])


def test_the_cells_of_all_bins_make_up_all_cells():
    cells = [round(exp(f.log_cells(i))) for i in range(f.TIME_BINS)]
    assert sum(cells) == f.LAST_CELL + 1
    assert f.log_cells(f.TIME_BINS - 1) == 0
    assert f.log_cells(f.TIME_BINS - 2) == pytest.approx(log(800 - 752))
