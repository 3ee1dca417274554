from __future__ import annotations

import pytest

from livegen.engine.learning import Forget
from livegen.engine.passages import Call, Passage
from livegen.live.memory import Memory
from livegen.note import MonotonicTime, SoundedNote
from livegen.stage.effects import CallEnded, NoteEnded
from livegen.stage.events import Part

Item = Call | Forget


class Pupil:
    def __init__(self) -> None:
        self.heard: list[Item] = []

    def hear(self, item: Item) -> None:
        self.heard.append(item)


def note(at: float, pitch: int = 60) -> SoundedNote:
    return SoundedNote(pitch, MonotonicTime(at), 0.1, 64)


def play(memory: Memory, part: Part, *notes: SoundedNote) -> None:
    for each in notes:
        memory.take(NoteEnded(part, each))
    if part is Part.CALL:
        memory.take(CallEnded(notes, MonotonicTime(notes[-1].end + 0.7)))


@pytest.fixture
def model() -> Pupil:
    return Pupil()


def test_calls_are_learnt_after_the_notes_before_them(model: Pupil) -> None:
    memory = Memory()
    calls = [tuple(note(10 * i + 0.2 * k, 60 + k) for k in range(4)) for i in range(3)]
    response = [note(3 + 0.2 * k, 40) for k in range(30)]
    with memory.taught(model):
        play(memory, Part.CALL, *calls[0])
        play(memory, Part.RESPONSE, *response)
        play(memory, Part.CALL, *calls[1])
    play(memory, Part.CALL, *calls[2])
    assert model.heard == [Call((), calls[0]), Call(tuple(response[-25:]), calls[1])]
    assert len(memory.passages) == 9  # also what no model has learnt yet


def test_a_single_note_is_no_music(model: Pupil) -> None:
    memory = Memory()
    with memory.taught(model):
        play(memory, Part.CALL, note(0))
    assert (len(memory.passages), model.heard) == (0, [])


def test_everybody_forgets(model: Pupil) -> None:
    keeper = Pupil()
    memory = Memory([Passage(((80, 60, 16, 20, 0), (10, 60, 16, 20, 0)), 1)], keeper)
    with memory.taught(model):
        play(memory, Part.CALL, note(0), note(1))
        assert memory.forget() == 2
    assert len(memory.passages) == 0
    assert model.heard == keeper.heard == [Call((), (note(0), note(1))), Forget.ALL]
