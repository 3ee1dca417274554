from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livegen.note import INSTANT, MonotonicTime, Note, NoteWindow, Pedal, SoundedNote, Struck, to_notes


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


def test_the_window_keeps_the_pedal_of_a_note():
    down, up = Pedal(down=True, pressed=0.25), Pedal(down=False, pressed=0.75, lifted=0.125)
    window = NoteWindow()
    for struck in (Struck(64, MonotonicTime(1.0), 64, up), Struck(60, MonotonicTime(0.5), 64, down)):
        window.begin(struck)
        window.end(struck, struck.onset + 0.5)
    assert window.notes(2.0) == (Note(60, 0.0, 0.5, 64, down), Note(64, 0.5, 0.5, 64, up))


def test_a_note_is_in_the_window_from_its_onset_and_its_end_is_added_later():
    window, held, short = NoteWindow(), Struck(40, MonotonicTime(1.0), 64), Struck(60, MonotonicTime(2.0), 64)
    for struck in (held, short):
        window.begin(struck)
    window.end(short, 2.25)
    assert [note.duration for note in window.notes(5.0)] == [4.0, 0.25]
    window.end(held, 9.0)
    assert [note.duration for note in window.notes(10.0)] == [8.0, 0.25]


def test_the_end_of_a_note_that_the_window_has_lost_changes_nothing():
    window, first, second = NoteWindow(1), Struck(60, MonotonicTime(0.0), 64), Struck(62, MonotonicTime(1.0), 64)
    window.begin(first)
    window.begin(second)
    window.end(first, 5.0)
    assert [(note.pitch, note.duration) for note in window.notes(1.5)] == [(62, 0.5)]


def test_a_smaller_window_keeps_the_last_notes():
    window = NoteWindow(3)
    for pitch in (60, 62, 64):
        window.begin(Struck(pitch, MonotonicTime(float(pitch)), 64))
    window.resize(2)
    assert [note.pitch for note in window.notes(100.0)] == [62, 64]


def test_the_end_of_a_note():
    assert sounded(60, 1.0, 0.5).end == 1.5


def test_a_window_holds_at_least_one_note():
    with pytest.raises(ValueError, match="at least 1"):
        NoteWindow(0)


def test_what_has_begun_lasts_at_least_an_instant():
    assert Struck(60, MonotonicTime(1.0), 64).ended(1.0).duration == INSTANT
    assert Struck(60, MonotonicTime(1.0), 64).ended(0.5).duration == INSTANT


def test_a_note_is_in_the_window_from_its_onset_and_lasts_until_now_or_its_end():
    window = NoteWindow()
    bass, melody = Struck(40, MonotonicTime(0.0), 64), Struck(60, MonotonicTime(1.0), 64)
    window.begin(bass)
    window.begin(melody)
    window.end(melody, 1.5)
    assert [note.duration for note in window.notes(3.0)] == [3.0, 0.5]
    window.end(bass, 4.0)
    assert [note.duration for note in window.notes(9.0)] == [4.0, 0.5]
    assert [note.onset for note in window.sounded(9.0)] == [0.0, 1.0]


def test_of_two_notes_that_are_alike_each_has_its_own_end():
    window = NoteWindow()
    one, other = Struck(60, MonotonicTime(1.0), 64), Struck(60, MonotonicTime(1.0), 64)
    window.begin(one)
    window.begin(other)
    window.end(one, 2.0)
    window.end(other, 3.0)
    assert sorted(note.duration for note in window.sounded(9)) == [1.0, 2.0]


def test_the_end_of_a_note_that_the_window_has_lost_is_nothing():
    window = NoteWindow(1)
    lost, kept = Struck(60, MonotonicTime(0.0), 64), Struck(62, MonotonicTime(1.0), 64)
    window.begin(lost)
    window.begin(kept)
    window.end(lost, 2.0)
    assert [(note.pitch, note.duration) for note in window.sounded(3.0)] == [(62, 2.0)]


def test_a_window_can_be_resized_and_cleared():
    window = NoteWindow(None)
    for pitch in range(40):
        window.begin(Struck(pitch, MonotonicTime(float(pitch)), 64))
    assert len(window) == 40
    window.resize(3)
    assert [note.pitch for note in window.notes(50)] == [37, 38, 39]
    with pytest.raises(ValueError, match="at least 1"):
        window.resize(0)
    window.clear()
    assert len(window) == 0 and window.last_onset is None


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(st.integers(0, 127), st.floats(0, 100)), max_size=60), st.integers(1, 30))
def test_a_window_is_the_last_notes_in_order_of_onset(notes, size):
    window = NoteWindow(size)
    for pitch, onset in notes:
        window.begin(Struck(pitch, MonotonicTime(onset), 64))
    assert len(window) <= size
    inside = window.notes(200.0)
    assert len(inside) == len(window) == min(size, len(notes))
    assert [note.order for note in window.sounded(200)] == sorted(note.order for note in window.sounded(200))
    if notes:
        assert window.last_onset == max(onset for _, onset in notes)
    else:
        assert window.last_onset is None
