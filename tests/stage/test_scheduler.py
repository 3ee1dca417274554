from __future__ import annotations

from livegen.note import MonotonicTime, Pedal
from livegen.stage.events import ResponseNote
from livegen.stage.scheduler import LATE, Scheduler, scheduled


def at(seconds: float) -> MonotonicTime:
    return MonotonicTime(seconds)


def test_strokes_come_when_due_releases_before_presses():
    scheduler = Scheduler()
    assert scheduler.next_due is None
    scheduler.play(scheduled([ResponseNote(60, 0, 1, 80), ResponseNote(60, 1.0, 1, 70)], at(10)))
    assert scheduler.playing
    assert scheduler.next_due == 10
    assert scheduler.due(at(9.99)) == []
    assert [(s.note.pitch, s.down) for s in scheduler.due(at(10))] == [(60, True)]
    strokes = scheduler.due(at(11))
    assert [(s.down, s.note.velocity) for s in strokes] == [(False, 80), (True, 70)]


def test_a_note_that_ends_is_the_one_that_began():
    scheduler = Scheduler()
    scheduler.play(scheduled([ResponseNote(60, 0, 1, 80)], at(10)))
    [stroke] = scheduler.due(at(10))
    [release] = scheduler.due(at(11.05))
    assert stroke.down and not release.down
    assert release.note is stroke.note
    assert release.at == 11
    assert (stroke.note.pitch, stroke.note.onset, stroke.note.velocity) == (60, 10, 80)
    assert not scheduler.playing


def test_a_note_over_100_ms_late_is_dropped_whole():
    scheduler = Scheduler()
    scheduler.play(scheduled([ResponseNote(60, 0, 1, 80), ResponseNote(61, 0.05, 1, 80)], at(10)))
    assert [s.note.pitch for s in scheduler.due(at(10.12))] == [61]
    assert (scheduler.played, scheduler.dropped) == (1, 1)
    assert [s.down for s in scheduler.due(at(20))] == [False]


def test_a_short_note_seen_late_is_struck_and_let_go():
    scheduler = Scheduler()
    scheduler.play(scheduled([ResponseNote(60, 0, 0.02, 80)], at(10)))
    assert [s.down for s in scheduler.due(at(10.05))] == [True, False]


def test_cancel_forgets_what_is_pending_and_tells_what_sounds():
    scheduler = Scheduler()
    scheduler.play(scheduled([ResponseNote(60, 0, 1, 80), ResponseNote(61, 0.5, 1, 80)], at(10)))
    [stroke] = scheduler.due(at(10))
    assert scheduler.cancel() == [stroke.note]
    assert scheduler.cancel() == []
    assert scheduler.next_due is None
    assert scheduler.due(at(20)) == []


def pedalled(*pedals: tuple[float, Pedal]) -> Scheduler:
    """A response from 10 s on, of a note at each offset, each 0.25 s long."""
    scheduler = Scheduler()
    scheduler.play(
        scheduled([ResponseNote(60 + i, offset, 0.25, 80, pedal) for i, (offset, pedal) in enumerate(pedals)], at(10))
    )
    return scheduler


def strokes(scheduler: Scheduler, now: float = 100) -> list[tuple[float, str]]:
    """What is due at each moment that something is, in order: a pitch or the pedal, pressed (+) or let go (-)."""
    done = []
    while scheduler.playing and scheduler.next_due <= now:
        moment = scheduler.next_due
        for stroke in scheduler.due(moment):
            assert stroke.at == moment
            what = "pedal" if stroke.note is None else str(stroke.note.pitch)
            done.append((round(stroke.at - 10, 6), "-+"[stroke.down] + what))
    return done


def test_the_pedal_moves_when_the_notes_say_it_did():
    scheduler = pedalled(
        (0.0, Pedal(down=True)),
        (0.5, Pedal(down=True, pressed=0.125, lifted=0.25)),
        (1.0, Pedal(down=False, lifted=0.125)),
        (1.5, Pedal(down=False, pressed=0.375, lifted=0.25)),
        (2.0, Pedal(down=True, pressed=0.125)),
    )
    assert [stroke for stroke in strokes(scheduler) if stroke[1].endswith("pedal")] == [
        (0.0, "+pedal"),
        (0.25, "-pedal"),
        (0.375, "+pedal"),
        (0.875, "-pedal"),
        (1.125, "+pedal"),
        (1.25, "-pedal"),
        (1.875, "+pedal"),
    ]


def test_of_one_moment_releases_go_first_then_the_pedal_then_presses():
    scheduler = pedalled((0.0, Pedal(down=True)), (0.25, Pedal(down=False)), (0.25, Pedal(down=False)))
    assert strokes(scheduler) == [
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
    scheduler = pedalled((0.0, Pedal()), (0.5, Pedal()), (1.0, Pedal(down=True)), (1.5, Pedal(down=True, pressed=9.0)))
    assert [stroke for stroke in strokes(scheduler) if stroke[1].endswith("pedal")] == [(1.0, "+pedal")]


def test_the_pedal_does_not_move_before_the_response_begins():
    """The first note's moves lie before it. So may those of the second, if a note before it was left out."""
    scheduler = pedalled(
        (0.0, Pedal(down=True, pressed=0.3, lifted=0.4)), (0.25, Pedal(down=False, pressed=0.5, lifted=0.375))
    )
    assert scheduler.next_due == 10
    assert [stroke for stroke in strokes(scheduler) if stroke[1].endswith("pedal")] == [
        (0.0, "+pedal"),
        (0.25, "-pedal"),
    ]


def test_the_pedals_moves_are_never_dropped():
    scheduler = pedalled((0.0, Pedal(down=True)), (0.5, Pedal(down=False, lifted=0.25)), (1.0, Pedal(down=True)))
    late = scheduler.due(at(11 + 2 * LATE))
    assert [(stroke.note, stroke.down) for stroke in late] == [(None, True), (None, False), (None, True)]
    assert scheduler.dropped == 3
    assert not scheduler.playing


def test_cancel_forgets_the_pedal_too():
    scheduler = pedalled((0.0, Pedal(down=True)), (0.5, Pedal(down=False)))
    scheduler.due(at(10))
    scheduler.cancel()
    assert not scheduler.playing
    scheduler.play(
        scheduled([ResponseNote(60, 0, 0.25, 80, Pedal(down=True))], at(20))
    )  # the next response begins with the pedal up
    assert [(stroke.at, stroke.down) for stroke in scheduler.due(at(20)) if stroke.note is None] == [(20, True)]


def test_a_new_response_counts_anew():
    scheduler = Scheduler()
    scheduler.play(scheduled([ResponseNote(60, 0, 1, 80)], at(10)))
    scheduler.due(at(12))
    assert (scheduler.played, scheduler.dropped) == (0, 1)
    scheduler.play(scheduled([ResponseNote(60, 0, 1, 80)], at(20)))
    assert (scheduler.played, scheduler.dropped) == (0, 0)
