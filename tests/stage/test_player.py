from __future__ import annotations

from livegen.note import MonotonicTime, SoundedNote
from livegen.stage.events import ReplyNote
from livegen.stage.player import Player


def at(seconds: float) -> MonotonicTime:
    return MonotonicTime(seconds)


def test_strokes_come_when_due_releases_before_presses():
    player = Player()
    assert player.next_due is None
    player.play([ReplyNote(60, 0, 1, 80), ReplyNote(60, 1.0, 1, 70)], at(10))
    assert player.playing
    assert player.next_due == 10
    assert player.due(at(9.99)) == []
    assert [(s.note.pitch, s.down) for s in player.due(at(10))] == [(60, True)]
    strokes = player.due(at(11))
    assert [(s.down, s.note.velocity) for s in strokes] == [(False, 80), (True, 70)]


def test_an_ended_note_is_told_as_it_sounded():
    player = Player()
    player.play([ReplyNote(60, 0, 1, 80)], at(10))
    player.due(at(10))
    [release] = player.due(at(11.05))
    assert release.note == SoundedNote(60, at(10), 1.0, 80)
    assert not player.playing


def test_a_note_over_100_ms_late_is_dropped_whole():
    player = Player()
    player.play([ReplyNote(60, 0, 1, 80), ReplyNote(61, 0.05, 1, 80)], at(10))
    assert [s.note.pitch for s in player.due(at(10.12))] == [61]
    assert player.dropped == 1
    assert [s.down for s in player.due(at(20))] == [False]


def test_a_short_note_seen_late_is_struck_and_let_go():
    player = Player()
    player.play([ReplyNote(60, 0, 0.02, 80)], at(10))
    assert [s.down for s in player.due(at(10.05))] == [True, False]


def test_cancel_forgets_what_is_pending_and_tells_what_sounds():
    player = Player()
    player.play([ReplyNote(60, 0, 1, 80), ReplyNote(61, 0.5, 1, 80)], at(10))
    player.due(at(10))
    assert player.cancel(at(10.25)) == [SoundedNote(60, at(10), 0.25, 80)]
    assert player.next_due is None
    assert player.due(at(20)) == []
