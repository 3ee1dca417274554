"""Two keys that are pressed together in silence: what makes the gesture, and that nothing else is lost or late."""

from __future__ import annotations

import pytest
from mido import Message

from livegen.config.settings import Settings
from livegen.live.daemon import stage_settings
from livegen.note import MonotonicTime
from livegen.stage.effects import Ask, Effect, Ignored, MakePlan, NoteStarted, Send, Used
from livegen.stage.events import InputClosed, InputOpened, OutputOpened, PortId, Predicted, Received, ResponseNote
from livegen.stage.gesture import SILENCE, TOGETHER
from livegen.stage.session import Session
from livegen.stage.settings import ALL

KEYS, OTHER, OUT = PortId("keys"), PortId("other"), PortId("out")
LOW, HIGH = 21, 108


class Scene:
    """A session that is run as the loop does."""

    def __init__(self, keep: str = "key:21+108") -> None:
        self.session = Session(stage_settings(Settings(keep=keep, thru="on", channel=ALL, silence=0.7)))
        self.effects: list[Effect] = []
        for port in (KEYS, OTHER):
            self.session.step(InputOpened(port, live=True), MonotonicTime(0.0))
        self.session.step(OutputOpened(OUT), MonotonicTime(0.0))

    def happens(self, event: object, at: float) -> list[Effect]:
        before = len(self.effects)
        while (due := self.session.next_due) is not None and due <= at:
            self._handle(None, due)
        self._handle(event, MonotonicTime(at))
        return self.effects[before:]

    def _handle(self, event: object, now: MonotonicTime) -> None:
        for each in self.session.sort(event, now):  # type: ignore[arg-type]  (any event)
            self.effects += self.session.step(each, now)

    def key(self, note: int, at: float, velocity: int = 80, port: PortId = KEYS) -> list[Effect]:
        return self.happens(Received(Message("note_on", note=note, velocity=velocity), MonotonicTime(at), port), at)

    def up(self, note: int, at: float) -> list[Effect]:
        return self.happens(Received(Message("note_off", note=note), MonotonicTime(at), KEYS), at)

    def time(self, at: float) -> list[Effect]:
        return self.happens(None, at)

    @property
    def used(self) -> list[str]:
        return [effect.action for effect in self.effects if isinstance(effect, Used)]

    @property
    def sent(self) -> list[tuple[str, int]]:
        return [(e.message.type, e.message.note) for e in self.effects if isinstance(e, Send)]

    @property
    def started(self) -> list[int]:
        return [effect.pitch for effect in self.effects if isinstance(effect, NoteStarted)]


@pytest.mark.parametrize("keys", [(LOW, HIGH), (HIGH, LOW)])
def test_the_two_keys_together_are_used_and_are_not_music(keys):
    scene = Scene()
    assert scene.key(keys[0], 1.0) == []
    scene.key(keys[1], 0.999 + TOGETHER)
    assert scene.used == ["key:21 keep"]
    scene.up(keys[0], 1.3)
    scene.up(keys[1], 1.4)
    scene.time(9.0)
    assert (scene.sent, scene.started) == ([], [])
    assert len([effect for effect in scene.effects if isinstance(effect, Ignored)]) == 4
    assert scene.session.next_due is None


def test_it_can_be_made_again_and_the_keys_are_music_alone():
    scene = Scene()
    for at in (1.0, 3.0):
        scene.key(LOW, at)
        scene.key(HIGH, at + 0.01)
        scene.up(LOW, at + 0.2)
        scene.up(HIGH, at + 0.2)
    assert len(scene.used) == 2
    scene.key(LOW, 5.0)
    scene.time(5.0 + TOGETHER)
    assert scene.started == [LOW]
    scene.up(LOW, 6.0)
    assert scene.sent == [("note_on", LOW), ("note_off", LOW)]


@pytest.mark.parametrize("note", [LOW, HIGH])
def test_one_of_them_alone_sounds_a_moment_later_with_its_own_time(note):
    scene = Scene()
    assert scene.key(note, 1.0) == []
    assert scene.session.next_due == 1.0 + TOGETHER
    [started] = [e for e in scene.time(1.0 + TOGETHER) if isinstance(e, NoteStarted)]
    assert (started.pitch, started.at) == (note, 1.0)
    assert not scene.used


def test_another_key_is_never_late_and_lets_the_first_go_before_it():
    scene = Scene()
    scene.key(60, 1.0)
    assert scene.sent == [("note_on", 60)]
    scene.up(60, 1.1)
    scene.key(LOW, 5.0)
    scene.key(64, 5.01)
    scene.key(HIGH, 5.02)
    assert scene.sent[2:] == [("note_on", LOW), ("note_on", 64), ("note_on", HIGH)]
    assert not scene.used


@pytest.mark.parametrize(
    ("first", "second"),
    [((LOW, 1.0), (HIGH, 1.001 + TOGETHER)), ((LOW, 1.0), (LOW, 1.02)), ((LOW, 0.8 + SILENCE), (HIGH, 0.81 + SILENCE))],
    ids=["too late", "the same key", "too soon after another key"],
)
def test_what_is_not_the_gesture(first, second):
    scene = Scene()
    scene.key(60, 0.5)
    scene.up(60, 0.9)
    scene.key(*first)
    scene.key(*second)
    scene.time(4.0)
    assert not scene.used
    assert scene.started[1:] == [first[0], second[0]]


def test_while_a_key_is_down_or_from_two_keyboards_it_is_music():
    scene = Scene()
    scene.key(60, 1.0)
    scene.key(LOW, 3.0)
    scene.key(HIGH, 3.01)
    assert scene.started == [60, LOW, HIGH]
    for note in (60, LOW, HIGH):
        scene.up(note, 4.0)
    scene.key(LOW, 8.0)
    scene.key(HIGH, 8.01, port=OTHER)
    assert not scene.used


def test_while_a_response_sounds_the_first_key_ends_it_at_once():
    scene = Scene()
    scene.key(60, 1.0)
    scene.up(60, 1.5)
    scene.time(2.0)
    if plan := next((effect for effect in reversed(scene.effects) if isinstance(effect, MakePlan)), None):
        scene.happens(plan.answer(), 2.0)
        scene.time(2.0)
    request = next(effect.id for effect in reversed(scene.effects) if isinstance(effect, Ask))
    notes = tuple(ResponseNote(70 + i, i * 0.5, 0.4, 80) for i in range(8))
    scene.happens(Predicted(request, notes, 0.01), 2.0)
    scene.time(3.0)
    assert any(note == 70 for _, note in scene.sent)
    assert [e for e in scene.key(LOW, 3.1) if isinstance(e, Send)]
    scene.key(HIGH, 3.11)
    assert not scene.used


def test_a_release_or_the_loss_of_the_port_does_not_overtake_it():
    scene = Scene()
    scene.key(LOW, 1.0)
    scene.up(LOW, 1.03)
    assert scene.sent == [("note_on", LOW), ("note_off", LOW)]
    scene.key(HIGH, 3.0)
    scene.happens(InputClosed(KEYS, MonotonicTime(3.02)), 3.02)
    assert scene.sent[2:] == [("note_on", HIGH), ("note_off", HIGH)]


def test_a_clock_in_between_passes():
    scene = Scene()
    scene.key(LOW, 1.0)
    scene.happens(Received(Message("clock"), MonotonicTime(1.01), KEYS), 1.01)
    scene.key(HIGH, 1.02)
    assert len(scene.used) == 1


def test_without_the_setting_nothing_is_held_back():
    scene = Scene("none")
    scene.key(LOW, 1.0)
    assert scene.started == [LOW]
