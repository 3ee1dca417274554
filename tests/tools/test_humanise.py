from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from livegen.encoding import SIZES, VARIABLES
from livegen.engine.runtime import CHANCES, State, Token
from livegen.stage.playable import in_reach
from tools.humanise import LARGEST_HOLE, perform, to_midi
from tools.scores import SCORES, Score, ScoreNote, notes, pitch, row


class Flat:
    """A runtime to which everything is equally likely."""

    name = "flat"

    def begin(self) -> State:
        return State(np.zeros((1, SIZES["step"]), np.float32), 0, 0.0)

    def play(self, state: State, known: NDArray[np.int32], how: NDArray[np.float32]) -> tuple[Token, State]:
        drawn = [int(chance * SIZES[name]) for chance, name in zip(how[0, CHANCES], VARIABLES, strict=True)]
        step, pitch, velocity, duration, pedal = np.where(known[0] < 0, drawn, known[0]).tolist()
        return (step, pitch, velocity, duration, pedal), State(state.memory, drawn[0], 0.0)

    def logits(self, state: State, token: Token) -> dict[str, NDArray[np.float32]]:
        return {name: np.zeros(size, np.float32) for name, size in SIZES.items()}


@pytest.mark.parametrize(("name", "number"), [("C4", 60), ("A0", 21), ("C#5", 73), ("Bb2", 46), ("B#4", 72)])
def test_notes_are_read(name: str, number: int) -> None:
    assert pitch(name) == number


def test_a_row_is_read() -> None:
    assert row("C4+E4/8. | -/2+8") == [
        (Fraction(0), ["C4", "E4"], Fraction(3, 16)),
        (Fraction(3, 16), [], Fraction(5, 8)),
    ]


def test_a_note_that_two_voices_share_is_there_once() -> None:
    score = Score("x", "X", 60, Fraction(1), Fraction(0), ("C4/4", "C4+E4/2"), "-/2")
    assert notes(score) == [
        ScoreNote(Fraction(0), 60, Fraction(1, 2), False),
        ScoreNote(Fraction(0), 64, Fraction(1, 2), False),
    ]


@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.name)
def test_all_voices_of_a_score_fill_its_bars(score: Score) -> None:
    lengths = {sum((value for _, _, value in row(voice)), Fraction(0)) for voice in (*score.voices, score.pedal)}
    assert len(lengths) == 1
    assert ((lengths.pop() - score.pickup) / score.bar).denominator == 1


@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.name)
def test_a_performance_keeps_the_score_and_leaves_no_hole(score: Score) -> None:
    performance = perform(score, Flat(), seed=1)
    written = notes(score)
    assert [n.pitch for n in performance.notes[: len(written)]] == [n.pitch for n in written]
    assert (len(performance.notes) == len(written)) is score.beat  # the others go on
    for before, note, first, second in zip(
        performance.notes, performance.notes[1:], written, written[1:], strict=False
    ):
        seconds = float(second.onset - first.onset) * 240 / score.tempo
        assert note.offset - before.offset <= (0.03 if seconds == 0 else 1.7 * seconds)
    end = 0.0
    for before, note in pairwise(performance.notes):
        end = max(end, before.offset + before.duration)
        assert note.offset - end <= LARGEST_HOLE
        assert in_reach(n.pitch for n in performance.notes if n.offset <= note.offset < n.offset + n.duration)


@pytest.mark.parametrize("score", [score for score in SCORES if score.beat], ids=lambda score: score.name)
def test_a_score_with_a_beat_is_played_in_time(score: Score) -> None:
    late = [
        played.offset - float(written.onset) * 240 / score.tempo
        for written, played in zip(notes(score), perform(score, Flat(), seed=1).notes, strict=True)
    ]
    assert max(map(abs, late)) < 0.045
    assert 0.003 < np.std(late) < 0.015
    assert np.std(late[: len(late) // 2]) == pytest.approx(np.std(late[len(late) // 2 :]), abs=0.006)  # no drift


def test_the_file_is_the_same_for_a_seed_and_ends_every_note() -> None:
    one, two, other = (to_midi("Bach", perform(SCORES[0], Flat(), seed)) for seed in (1, 1, 2))
    assert one.tracks == two.tracks != other.tracks
    kinds = [message.type for message in one.tracks[0]]
    assert kinds.count("note_on") == kinds.count("note_off") > 40
    pedals = [message.value for message in one.tracks[0] if message.type == "control_change"]
    assert pedals[-1] == 0
