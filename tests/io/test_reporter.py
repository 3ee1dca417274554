from __future__ import annotations

import io
import os
import pty
import sys
from pathlib import Path

import pytest

from livegen.io.reporter import Reporter, note_name
from livegen.note import MonotonicTime, SoundedNote
from livegen.quiet import quiet
from livegen.stage.events import (
    CallEnded,
    NoResponse,
    NoteStarted,
    Notice,
    Part,
    ResponseEnded,
    ResponseStarted,
    Silenced,
    Unheard,
)


def started(pitch: int, at: float, part: Part = Part.CALL, velocity: int = 64) -> NoteStarted:
    return NoteStarted(part, pitch, velocity, MonotonicTime(at))


def sounded(pitch: int, at: float) -> SoundedNote:
    return SoundedNote(pitch, MonotonicTime(at), 0.5, 64)


CONVERSATION: tuple[Notice, ...] = (
    started(60, 0.0),
    started(64, 0.02),
    started(67, 0.5),
    CallEnded((sounded(60, 0.0), sounded(64, 0.02), sounded(67, 0.5)), MonotonicTime(1.7)),
    ResponseStarted(2, 1.25, 0.7, 0.03, 0.0004, MonotonicTime(1.7)),
    started(61, 1.7, Part.RESPONSE),
    started(72, 2.0, Part.RESPONSE),
    ResponseEnded(2, 0, False, MonotonicTime(2.95)),
)


def written(*notices: Notice, terminal: bool = True, verbose: int = 0, journal: bool = False) -> str:
    stream = io.StringIO()
    with Reporter(stream, terminal=terminal, verbose=verbose, journal=journal) as reporter:
        for notice in notices:
            reporter.notice(notice)
    return stream.getvalue()


@pytest.mark.parametrize(("pitch", "name"), [(0, "C-1"), (21, "A0"), (60, "C4"), (61, "C#4"), (127, "G9")])
def test_notes_are_named_as_pianists_do(pitch: int, name: str) -> None:
    assert note_name(pitch) == name


def test_a_musician_reads_both_parts_and_what_came_of_them() -> None:
    assert written(*CONVERSATION).splitlines() == [
        "you      C4+E4 G4",
        "livegen  C#4 C5",
        "         2 notes in 1.2 s, answered after 0.70 s (thought 0.03 s)",
    ]


def test_details_are_told_on_demand() -> None:
    assert written(*CONVERSATION, verbose=1).splitlines() == [
        "you      C4(64)+E4(64) G4(64)",
        "         heard 3 notes in 1.0 s, C4 to G4",
        "livegen  C#4(64) C5(64)",
        "         2 notes in 1.2 s, answered after 0.70 s (thought 0.03 s), began 0.4 ms late",
    ]


def test_without_a_terminal_there_is_a_line_for_each_part() -> None:
    assert written(*CONVERSATION, terminal=False).splitlines() == [
        "heard 3 notes in 1.0 s, C4 to G4",
        "answered: 2 notes in 1.2 s, after 0.70 s (thought 0.03 s)",
    ]


def test_the_journal_is_told_how_grave_a_line_is() -> None:
    stream = io.StringIO()
    with Reporter(stream, terminal=False, verbose=1, journal=True) as reporter:
        reporter.say("ready\nto play")
        reporter.warn("a port is gone")
        reporter.debug("a detail")
        reporter.notice(NoResponse("too slow", MonotonicTime(0)))
    assert stream.getvalue() == "<6>ready\n<6>to play\n<4>a port is gone\n<7>a detail\n<4>no answer: too slow\n"


@pytest.mark.parametrize(("verbose", "shown"), [(0, ""), (1, "one\n"), (2, "one\ntwo\n")])
def test_details_come_in_two_levels(verbose: int, shown: str) -> None:
    stream = io.StringIO()
    with Reporter(stream, terminal=False, verbose=verbose) as reporter:
        reporter.debug("one")
        reporter.debug("two", level=2)
    assert stream.getvalue() == shown


def test_an_interrupted_response_says_how_far_it_came() -> None:
    notices = (
        ResponseStarted(9, 4.0, 0.7, 0.03, 0.0, MonotonicTime(10.0)),
        started(60, 10.0, Part.RESPONSE),
        ResponseEnded(1, 2, True, MonotonicTime(10.5)),
        Silenced(MonotonicTime(11)),
    )
    assert written(*notices).splitlines() == [
        "livegen  C4",
        "         1 of 9 notes in 0.5 s, answered after 0.70 s (thought 0.03 s), interrupted by you, "
        "2 dropped as too late",
        "         silenced",
    ]


def test_a_channel_that_is_not_listened_to_is_named() -> None:
    assert written(*(Unheard(channel, MonotonicTime(0)) for channel in (0, 9)), terminal=False).splitlines() == [
        "channel 1 is not listened to (--channel)",
        "channel 10, that of drums, is not listened to (--channel)",
    ]


def test_notices_without_their_counterpart_are_no_trouble() -> None:
    assert written(ResponseEnded(1, 0, False, MonotonicTime(1)), CallEnded((), MonotonicTime(1)), terminal=False) == (
        "answered: 1 note\nheard nothing\n"
    )


def test_phrases_are_wrapped_to_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    lines = written(*(started(60 + i % 12, float(i)) for i in range(30))).splitlines()
    assert len(lines) > 5
    assert all(len(line) < 20 for line in lines)
    assert all(line.startswith("         ") and line[9] != " " for line in lines[1:])
    names = " ".join(lines).replace("you", "").split()
    assert names == [note_name(60 + i % 12) for i in range(30)]


def test_a_text_between_notes_stands_on_its_own_line() -> None:
    stream = io.StringIO()
    with Reporter(stream, terminal=True) as reporter:
        reporter.notice(started(60, 0.0))
        reporter.say("something else")
        reporter.notice(started(62, 0.5))
    assert stream.getvalue() == "you      C4\nsomething else\nyou      D4\n"


def test_what_cannot_be_spelt_or_written_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w", encoding="ascii") as stream, Reporter(stream, terminal=False) as reporter:
        reporter.say("Für Elise")
    assert path.read_text() == "F\\xfcr Elise\n"
    full = Path("/dev/full")
    if full.exists():
        with full.open("w") as stream, Reporter(stream, terminal=False) as reporter:
            reporter.say("lost")
            reporter.say("lost too")


def test_a_terminal_that_goes_away_does_no_harm() -> None:
    ours, theirs = pty.openpty()
    with open(theirs, "w") as stream, Reporter(stream, terminal=True) as reporter:  # noqa: PTH123  (a descriptor)
        os.close(ours)
        for i in range(50):
            reporter.notice(started(60, float(i)))


def test_the_log_is_not_muted_with_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with Reporter(sys.__stderr__ or sys.stderr, terminal=False) as reporter, quiet():
        os.write(2, b"noise\n")
        reporter.say("heard")
        reporter.close()
    assert capfd.readouterr().err == "heard\n"


def test_a_stream_whose_descriptor_is_closed_does_no_harm(tmp_path: Path) -> None:
    stream = (tmp_path / "log").open("w")
    descriptor = os.dup(stream.fileno())
    os.close(stream.fileno())
    with Reporter(stream, terminal=False) as reporter:
        reporter.say("into nothing")
    os.dup2(descriptor, stream.fileno())  # for the stream to close
    os.close(descriptor)
    stream.close()
