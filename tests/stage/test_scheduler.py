from __future__ import annotations

from livegen.note import MonotonicTime, Pedal, SoundedNote
from livegen.stage.events import ResponseNote
from livegen.stage.scheduler import LATE, Player, scheduled


def at(seconds: float) -> MonotonicTime:
    return MonotonicTime(seconds)


def test_strokes_come_when_due_releases_before_presses():
    player = Player()
    assert player.next_due is None
    player.play(scheduled([ResponseNote(60, 0, 1, 80), ResponseNote(60, 1.0, 1, 70)], at(10)))
    assert player.playing
    assert player.next_due == 10
    assert player.due(at(9.99)) == []
    assert [(s.note.pitch, s.down) for s in player.due(at(10))] == [(60, True)]
    strokes = player.due(at(11))
    assert [(s.down, s.note.velocity) for s in strokes] == [(False, 80), (True, 70)]


def test_an_ended_note_is_told_as_it_sounded():
    player = Player()
    player.play(scheduled([ResponseNote(60, 0, 1, 80)], at(10)))
    player.due(at(10))
    [release] = player.due(at(11.05))
    assert release.note == SoundedNote(60, at(10), 1.0, 80)
    assert not player.playing


def test_a_note_over_100_ms_late_is_dropped_whole():
    player = Player()
    player.play(scheduled([ResponseNote(60, 0, 1, 80), ResponseNote(61, 0.05, 1, 80)], at(10)))
    assert [s.note.pitch for s in player.due(at(10.12))] == [61]
    assert player.dropped == 1
    assert [s.down for s in player.due(at(20))] == [False]


def test_a_short_note_seen_late_is_struck_and_let_go():
    player = Player()
    player.play(scheduled([ResponseNote(60, 0, 0.02, 80)], at(10)))
    assert [s.down for s in player.due(at(10.05))] == [True, False]


def test_cancel_forgets_what_is_pending_and_tells_what_sounds():
    player = Player()
    player.play(scheduled([ResponseNote(60, 0, 1, 80), ResponseNote(61, 0.5, 1, 80)], at(10)))
    player.due(at(10))
    assert player.cancel(at(10.25)) == [SoundedNote(60, at(10), 0.25, 80)]
    assert player.next_due is None
    assert player.due(at(20)) == []


def pedalled(*pedals: tuple[float, Pedal]) -> Player:
    """A response from 10 s on, of a note at each offset, each 0.25 s long."""
    player = Player()
    player.play(
        scheduled([ResponseNote(60 + i, offset, 0.25, 80, pedal) for i, (offset, pedal) in enumerate(pedals)], at(10))
    )
    return player


def strokes(player: Player, now: float = 100) -> list[tuple[float, str]]:
    """What is due at each moment that something is, in order: a pitch or the pedal, pressed (+) or let go (-)."""
    done = []
    while player.playing and player.next_due <= now:
        moment = player.next_due
        for stroke in player.due(moment):
            assert stroke.at == moment
            what = "pedal" if stroke.note is None else str(stroke.note.pitch)
            done.append((round(stroke.at - 10, 6), "-+"[stroke.down] + what))
    return done


def test_the_pedal_moves_when_the_notes_say_it_did():
    player = pedalled(
        (0.0, Pedal(down=True)),
        (0.5, Pedal(down=True, pressed=0.125, lifted=0.25)),
        (1.0, Pedal(down=False, lifted=0.125)),
        (1.5, Pedal(down=False, pressed=0.375, lifted=0.25)),
        (2.0, Pedal(down=True, pressed=0.125)),
    )
    assert [stroke for stroke in strokes(player) if stroke[1].endswith("pedal")] == [
        (0.0, "+pedal"),
        (0.25, "-pedal"),
        (0.375, "+pedal"),
        (0.875, "-pedal"),
        (1.125, "+pedal"),
        (1.25, "-pedal"),
        (1.875, "+pedal"),
    ]


def test_of_one_moment_releases_go_first_then_the_pedal_then_presses():
    player = pedalled((0.0, Pedal(down=True)), (0.25, Pedal(down=False)), (0.25, Pedal(down=False)))
    assert strokes(player) == [
        (0.0, "+pedal"),
        (0.0, "+60"),
        (0.25, "-60"),
        (0.25, "-pedal"),
        (0.25, "+61"),
        (0.25, "+62"),
        (0.5, "-61"),
        (0.5, "-62"),
    ]


def test_a_pedal_that_stays_where_it_is_is_not_moved():
    player = pedalled((0.0, Pedal()), (0.5, Pedal()), (1.0, Pedal(down=True)), (1.5, Pedal(down=True, pressed=9.0)))
    assert [stroke for stroke in strokes(player) if stroke[1].endswith("pedal")] == [(1.0, "+pedal")]


def test_the_pedal_does_not_move_before_the_response_begins():
    """The first note's moves lie before it; so may those of the second, whose step was drawn after a note left out."""
    player = pedalled(
        (0.0, Pedal(down=True, pressed=0.3, lifted=0.4)), (0.25, Pedal(down=False, pressed=0.5, lifted=0.375))
    )
    assert player.next_due == 10
    assert [stroke for stroke in strokes(player) if stroke[1].endswith("pedal")] == [(0.0, "+pedal"), (0.25, "-pedal")]


def test_the_pedals_moves_are_never_dropped():
    player = pedalled((0.0, Pedal(down=True)), (0.5, Pedal(down=False, lifted=0.25)), (1.0, Pedal(down=True)))
    late = player.due(at(11 + 2 * LATE))
    assert [(stroke.note, stroke.down) for stroke in late] == [(None, True), (None, False), (None, True)]
    assert player.dropped == 3
    assert not player.playing


def test_cancel_forgets_the_pedal_too():
    player = pedalled((0.0, Pedal(down=True)), (0.5, Pedal(down=False)))
    player.due(at(10))
    player.cancel(at(10.1))
    assert not player.playing
    player.play(
        scheduled([ResponseNote(60, 0, 0.25, 80, Pedal(down=True))], at(20))
    )  # the next response begins with the pedal up
    assert [(stroke.at, stroke.down) for stroke in player.due(at(20)) if stroke.note is None] == [(20, True)]
