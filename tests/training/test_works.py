"""Which pieces are of one work."""

from __future__ import annotations

import numpy as np

from livegen.training.corpus import Piece, hold_out
from livegen.training.data import COLUMNS, PITCH, Notes
from livegen.training.works import works


def _piece(seed: int, length: int = 2000) -> Notes:
    notes = np.zeros((length, COLUMNS))
    notes[:, PITCH] = np.random.default_rng(seed).integers(40, 90, length)
    return notes


def _performed(notes: Notes, seed: int) -> Notes:
    """One note in twelve is another: a wrong one, or one of a chord that came first."""
    random = np.random.default_rng(seed)
    other = notes.copy()
    wrong = random.random(len(notes)) < 1 / 12
    other[wrong, PITCH] = random.integers(40, 90, wrong.sum())
    return other


def test_performances_of_one_work_are_told_by_their_notes_and_not_by_their_names() -> None:
    first, second = _piece(1), _piece(2)
    pieces = [first, second, _performed(first, 3), _performed(second, 4)[500:], _performed(first, 5)]
    assert works(pieces).tolist() == [0, 1, 0, 1, 0]


def test_two_halves_are_of_one_work_by_the_whole_of_it() -> None:
    whole = _piece(1)
    assert works([whole[1000:], whole[:1000], whole]).tolist() == [0, 0, 0]


def test_pieces_too_short_to_tell_stand_for_themselves() -> None:
    short = _piece(1, 5)
    assert works([short, short, np.empty((0, COLUMNS))]).tolist() == [0, 1, 2]


def test_whole_works_are_held_out() -> None:
    written = [_piece(seed) for seed in range(100)]
    notes = [_performed(each, 100 + seed) for seed, each in enumerate(written * 2)]
    pieces = [Piece(f"{number}.mid", each, str(number)) for number, each in enumerate(notes)]
    kept, held = hold_out(pieces)
    assert len(kept) + len(held) == len(pieces)
    assert 2 <= len(held) < len(pieces) / 4
    number = {int(piece.sha256) % 100 for piece in held}
    assert not number & {int(piece.sha256) % 100 for piece in kept}


def test_one_work_alone_is_trained_on_and_chosen_by() -> None:
    pieces = [Piece("a.mid", _piece(1), "a"), Piece("b.mid", _performed(_piece(1), 2), "b")]
    kept, held = hold_out(pieces)
    assert kept == held == pieces
