from __future__ import annotations

from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livegen.note import PEDAL_UP, Note, Pedal
from livegen.stage.events import ResponseNote
from livegen.stage.playable import RESTRIKE, SHORTEST, in_reach, playable
from livegen.stage.response import MAX_NOTES, STRETCH, Sampled, compose, place


def drawn(pitch: int = 60, step: float = 0.5, duration: float = 0.4, rest: float = 0.0) -> Sampled:
    return Sampled(Note(pitch, step, duration, 64), rest)


def scale(step: float = 0.5, duration: float = 0.4, resting: int = -1):
    return (drawn(40 + i % 40, step, duration, 0.9 if i == resting else 0.1) for i in count())


def end(notes: tuple[ResponseNote, ...]) -> float:
    return max(note.offset + note.duration for note in notes)


def test_the_first_step_lies_before_the_response():
    notes = compose(iter([drawn(step=3.0), drawn(61, step=0.25)]), 1, 8)
    assert [note.offset for note in notes] == [0.0, 0.25]


def test_it_is_as_long_as_asked_for():
    for length in (1.0, 2.0, 4.0, 8.0):
        notes = compose(scale(), length, 8)
        assert min(length, 8 / STRETCH) <= end(notes) <= min(8, length * STRETCH) + 1e-9


def test_it_ends_where_a_rest_is_likeliest():
    assert len(compose(scale(0.1, 0.1, resting=43), 4, 8)) == 44
    assert len(compose(scale(0.1, 0.1, resting=3), 4, 8)) == 40  # too early: then the first that is long enough


def test_before_a_long_rest_the_last_note_is_held():
    notes = compose(iter([drawn(), drawn(64, 0.1), drawn(67, 0.2), drawn(step=1.9)]), 1, 8)
    assert [note.offset for note in notes] == pytest.approx([0.0, 0.1, 0.3])
    assert [note.offset + note.duration for note in notes] == pytest.approx([0.4, 0.5, 1.0])


def test_it_ends_with_a_notes_end_and_never_over_the_longest():
    notes = compose(scale(0.1, 30.0), 8, 8)
    assert end(notes) == pytest.approx(8)


def test_a_model_gone_astray_ends():
    assert len(compose((drawn(i % 128, 0.0, 0.1) for i in count()), 4, 8)) <= MAX_NOTES


def test_draws_that_run_out_are_all_there_is():
    assert compose(iter([]), 2, 8) == ()
    assert len(compose(iter([drawn()]), 2, 8)) == 1


def test_each_note_keeps_its_pedal_though_it_is_shortened():
    down, up = Pedal(down=True, pressed=0.1), Pedal(down=False, pressed=0.6, lifted=0.2)
    draws = [Sampled(Note(60, 0.5, 2.0, 64, pedal), 0.0) for pedal in (down, up, PEDAL_UP)]
    notes = compose(iter(draws), 8, 8)
    assert [note.pedal for note in notes] == [down, up, PEDAL_UP]
    assert notes[0].duration < 0.5


notes_drawn = st.builds(
    drawn,
    st.integers(0, 127),
    st.floats(0, 2),
    st.floats(0.001, 10),
    st.floats(0, 1),
)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(notes_drawn, max_size=80), st.floats(1, 8))
def test_hands_can_play_whatever_is_drawn(draws, length):
    notes = compose(iter(draws), length, 8.0)
    offsets = [note.offset for note in notes]
    assert offsets == sorted(offsets)
    assert all(b - a <= 2.0 + 1e-9 for a, b in pairwise(offsets)) or len(notes) < len(draws)
    for note in notes:
        assert note.duration >= SHORTEST - 1e-9
        assert note.offset + note.duration <= 8.0 + 1e-9
        down = [n for n in notes if n.offset <= note.offset < n.offset + n.duration]
        assert in_reach(n.pitch for n in down)
        assert [n.pitch for n in down].count(note.pitch) == 1
    assert not notes or end(notes) >= min(length, 8.0 / STRETCH) - 1e-9


def test_as_many_notes_as_asked_for_from_the_first_step_on():
    notes = place(scale(0.25, 0.1), 100)
    assert len(notes) == 100
    assert [note.offset for note in notes] == pytest.approx([0.25 * (i + 1) for i in range(100)])
    assert place(scale(), 0) == ()


def test_for_notes_that_no_hand_can_play_others_are_drawn():
    notes = place((drawn(60 + i % 2, 0.01, 1.0) for i in count()), 50)  # two keys, ten times as quick as they come up
    assert len(notes) == 50
    assert playable(notes) == notes
    for key in (60, 61):
        strokes = [note for note in notes if note.pitch == key]
        assert all(b.offset - a.offset - a.duration >= RESTRIKE - 1e-9 for a, b in pairwise(strokes))
