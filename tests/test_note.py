from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livegen.note import MonotonicTime, Note, NoteWindow, Pedal, SoundedNote, to_notes


def sounded(pitch: int, onset: float, duration: float = 0.1) -> SoundedNote:
    return SoundedNote(pitch, MonotonicTime(onset), duration, 64)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ((-1, 0, 1, 1), "pitch"),
        ((128, 0, 1, 1), "pitch"),
        ((0, -0.1, 1, 1), "step"),
        ((0, float("nan"), 1, 1), "step"),
        ((0, 0, 0, 1), "duration"),
        ((0, 0, 1, 0), "velocity"),
        ((0, 0, 1, 128), "velocity"),
    ],
)
def test_a_note_outside_its_range_is_refused(fields, what):
    with pytest.raises(ValueError, match=what):
        Note(*fields)


def test_steps_are_between_onsets_in_order_of_onset_and_pitch():
    notes = to_notes([sounded(64, 1.0), sounded(60, 1.0), sounded(50, 0.5)])
    assert [(note.pitch, note.step) for note in notes] == [(50, 0.0), (60, 0.5), (64, 0.0)]


def test_a_note_keeps_what_it_knows_of_the_pedal_in_the_window_too():
    down, up = Pedal(down=True, pressed=0.25), Pedal(down=False, pressed=0.75, lifted=0.125)
    played = [SoundedNote(64, MonotonicTime(1.0), 0.1, 64, up), SoundedNote(60, MonotonicTime(0.5), 0.1, 64, down)]
    window = NoteWindow()
    for note in played:
        window.add(note)
    assert window.notes() == to_notes(played) == (Note(60, 0.0, 0.1, 64, down), Note(64, 0.5, 0.1, 64, up))


def test_the_end_of_a_note():
    assert sounded(60, 1.0, 0.5).end == 1.5


def test_a_window_holds_at_least_one_note():
    with pytest.raises(ValueError, match="at least 1"):
        NoteWindow(0)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(st.integers(0, 127), st.floats(0, 100)), max_size=60), st.integers(1, 30))
def test_a_window_is_the_last_notes_however_late_each_is_known(notes, size):
    window = NoteWindow(size)
    for pitch, onset in notes:
        window.add(sounded(pitch, onset))
    assert len(window) <= size
    inside = window.notes()
    assert len(inside) == len(window) == min(size, len(notes))
    # What was pushed out came before what is kept.
    if notes:
        last = max(onset for _, onset in notes)
        assert window.last_onset == last
    else:
        assert window.last_onset is None
