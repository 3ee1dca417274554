from __future__ import annotations

import io
import os
import pty
import sys
import threading
from pathlib import Path

import pytest
from mido import Message

from livegen.config.settings import DEFAULTS
from livegen.io import reporter as module
from livegen.io.page import note_name
from livegen.io.publisher import (
    Level,
    Line,
    PortFailed,
    PortGone,
    PortOpened,
    Published,
    Publisher,
    RecordingChanged,
    SettingsApplied,
    Started,
)
from livegen.io.reporter import Reporter
from livegen.note import MonotonicTime, SoundedNote
from livegen.quiet import quiet
from livegen.stage.effects import (
    CallEnded,
    KeyStuck,
    NoResponse,
    NoteEnded,
    NoteStarted,
    Notice,
    PedalMoved,
    ResponseEnded,
    ResponseStarted,
    Send,
    Silenced,
    ThruChanged,
    Unheard,
)
from livegen.stage.events import Part, PortId, Received
from livegen.stage.grid import Grid


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


def written(*items: Published, terminal: bool = True, verbose: int = 0, journal: bool = False) -> str:
    stream = io.StringIO()
    with Reporter(stream, terminal=terminal, verbose=verbose, journal=journal) as reporter:
        for item in items:
            reporter.take(item)
    return stream.getvalue()


@pytest.mark.parametrize(("pitch", "name"), [(0, "C-1"), (21, "A0"), (60, "C4"), (61, "C#4"), (127, "G9")])
def test_notes_are_named_as_pianists_do(pitch: int, name: str) -> None:
    assert note_name(pitch) == name


def test_a_musician_reads_both_parts_and_what_came_of_them() -> None:
    assert written(*CONVERSATION).splitlines() == [
        "you      C4+E4 G4",
        "livegen  C#4 C5",
        "         2 notes in 1.2 s, answered after 0.70 s (computed in 0.03 s)",
    ]


def test_details_are_told_on_demand() -> None:
    assert written(*CONVERSATION, verbose=1).splitlines() == [
        "you      C4(64)+E4(64) G4(64)",
        "         heard 3 notes in 1.0 s, C4 to G4",
        "livegen  C#4(64) C5(64)",
        "         2 notes in 1.2 s, answered after 0.70 s (computed in 0.03 s), began 0.4 ms late",
    ]


def test_without_a_terminal_there_is_a_line_for_each_part() -> None:
    assert written(*CONVERSATION, terminal=False).splitlines() == [
        "heard 3 notes in 1.0 s, C4 to G4",
        "answered: 2 notes in 1.2 s, after 0.70 s (computed in 0.03 s)",
    ]


def test_the_journal_gets_the_priority_of_each_line() -> None:
    items = (
        Line("ready\nto play"),
        Line("a port is gone", Level.WARNING),
        Line("a detail", Level.DEBUG),
        NoResponse("too slow", MonotonicTime(0)),
    )
    assert written(*items, terminal=False, verbose=1, journal=True) == (
        "<6>ready\n<6>to play\n<4>a port is gone\n<7>a detail\n"
        "<4>no response: too slow (if this happens again: livegen doctor)\n"
    )


@pytest.mark.parametrize(
    ("verbose", "shown"),
    [
        (0, ""),
        (1, "a detail\n"),
        (
            2,
            "a detail\nin keys: note_on channel=0 note=60 velocity=64\n"
            "out synth: note_on channel=0 note=60 velocity=64\n",
        ),
    ],
)
def test_details_come_in_two_levels(verbose: int, shown: str) -> None:
    message, now = Message("note_on", note=60), MonotonicTime(0)
    items = (
        Line("a detail", Level.DEBUG),
        Received(message, now, PortId("keys")),
        Send(PortId("synth"), message, Part.CALL, now),
    )
    assert written(*items, terminal=False, verbose=verbose) == shown


EVENING = (
    RecordingChanged("ready"),
    RecordingChanged("recording", "2026-11-28T20-30-15Z"),
    *CONVERSATION * 3,
    RecordingChanged("ready"),
)


def test_a_journal_has_a_line_for_each_recording() -> None:
    line = "<6>Heard 3 phrases (9 notes), answered 3 times (6 notes), in the recording 2026-11-28T20-30-15Z.\n"
    assert written(*EVENING, *EVENING, terminal=False, journal=True) == line * 2
    assert written(*EVENING[:-1], terminal=False, journal=True) == line  # livegen ends
    assert written(RecordingChanged("ready"), RecordingChanged("off"), terminal=False, journal=True) == ""


def test_without_a_recording_it_has_a_line_at_the_end() -> None:
    shown = written(*CONVERSATION, RecordingChanged("off"), *CONVERSATION[:4], terminal=False, journal=True)
    assert shown == (
        "<6>Heard 1 phrase (3 notes), answered 1 time (2 notes).\n"
        "<6>Heard 1 phrase (3 notes), answered 0 times (0 notes).\n"
    )


def test_a_journal_has_each_phrase_on_demand() -> None:
    shown = written(*EVENING, terminal=False, journal=True, verbose=1)
    assert shown.count("<6>heard 3 notes") == shown.count("<6>answered: 2 notes") == 3
    assert "phrases" not in shown


def test_a_day_in_a_journal_fits_a_page() -> None:
    """Switched on in the morning, two hundred phrases in five sittings, the keyboard switched off between them."""
    keys, on = PortId("Keystation 49"), PortOpened("in", PortId("Keystation 49"), "Keystation 49 28:0")
    sitting = (on, EVENING[1], *CONVERSATION * 40, RecordingChanged("ready"), PortGone(keys, "Keystation 49", "in"))
    shown = written(Started(0.5, True), *sitting * 5, terminal=False, journal=True).splitlines()
    assert len(shown) <= 25
    assert not [line for line in shown if line < "<6>"]  # nothing needs a person


def test_an_interrupted_response_says_how_far_it_came() -> None:
    notices = (
        ResponseStarted(9, 4.0, 0.7, 0.03, 0.0, MonotonicTime(10.0)),
        started(60, 10.0, Part.RESPONSE),
        ResponseEnded(1, 2, True, MonotonicTime(10.5), by_player=True),
        Silenced(MonotonicTime(11)),
    )
    assert written(*notices).splitlines() == [
        "livegen  C4",
        "         1 of 9 notes in 0.5 s, answered after 0.70 s (computed in 0.03 s), interrupted by you, "
        "2 dropped as too late",
        "         silenced",
    ]


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ((0.0, 0.5), "pulse 92 bpm, 0.97"),
        ((0.0, 0.66), "pulse 92 bpm, 0.97, swing 2:1"),
        ((0.0, 0.61), "pulse 92 bpm, 0.97, swing 3:2"),
        ((0.0, 0.56), "pulse 92 bpm, 0.97, swing 1.3:1"),
    ],
)
def test_the_pulse_of_a_response_is_named(points: tuple[float, ...], said: str) -> None:
    grid = Grid(0.0, 60 / 92, points, 0.008, 4, 0.97)
    response = ResponseStarted(2, 1.25, 0.7, 0.03, 0.0, MonotonicTime(10.0), grid)
    ended = ResponseEnded(2, 0, False, MonotonicTime(11.5))
    assert written(response, ended, terminal=False) == (
        f"answered: 2 notes in 1.2 s, after 0.70 s (computed in 0.03 s), {said}\n"
    )


def test_a_channel_that_is_not_listened_to_is_named() -> None:
    assert written(*(Unheard(channel, MonotonicTime(0)) for channel in (0, 9)), terminal=False).splitlines() == [
        "channel 1 is not listened to (--channel)",
        "channel 10, the drums' channel, is not listened to (--channel)",
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
        for item in (started(60, 0.0), Line("something else"), started(62, 0.5)):
            reporter.take(item)
    assert stream.getvalue() == "you      C4\nsomething else\nyou      D4\n"


def test_what_cannot_be_spelt_or_written_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w", encoding="ascii") as stream, Reporter(stream, terminal=False) as reporter:
        reporter.take(Line("Für Elise"))
    assert path.read_text() == "F\\xfcr Elise\n"
    full = Path("/dev/full")
    if full.exists():
        with full.open("w") as stream, Reporter(stream, terminal=False) as reporter:
            reporter.take(Line("lost"))
            reporter.take(Line("lost too"))


def test_a_terminal_that_goes_away_does_no_harm() -> None:
    ours, theirs = pty.openpty()
    with open(theirs, "w") as stream, Reporter(stream, terminal=True) as reporter:  # noqa: PTH123  (a descriptor)
        os.close(ours)
        for i in range(50):
            reporter.take(started(60, float(i)))


def test_the_log_is_not_muted_with_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with Reporter(sys.__stderr__ or sys.stderr, terminal=False) as reporter, quiet():
        os.write(2, b"noise\n")
        reporter.take(Line("heard"))
        reporter.close()
    assert capfd.readouterr().err == "heard\n"


def test_a_stream_whose_descriptor_is_closed_does_no_harm(tmp_path: Path) -> None:
    stream = (tmp_path / "log").open("w")
    descriptor = os.dup(stream.fileno())
    os.close(stream.fileno())
    with Reporter(stream, terminal=False) as reporter:
        reporter.take(Line("into nothing"))
    os.dup2(descriptor, stream.fileno())  # for the stream to close
    os.close(descriptor)
    stream.close()


# What else is written.


def test_ports_that_are_opened_and_that_fail() -> None:
    items = (
        PortOpened("in", PortId("keys"), "Keystation 49 28:0", "the first keyboard"),
        PortOpened("out", PortId("FluidSynth"), "FluidSynth (alsa, font.sf2)"),
        PortFailed(PortId("piano"), "Piano 32:0", "it takes no more notes."),
    )
    assert written(*items, terminal=False, journal=True).splitlines() == [
        "<6>in:  Keystation 49 28:0 (the first keyboard)",
        "<6>out: FluidSynth (alsa, font.sf2)",
        "<4>Output Piano 32:0 failed and is no longer used: it takes no more notes. To use it again: livegen reload.",
    ]


@pytest.mark.parametrize(("listening", "text"), [(True, "Play a phrase, then pause."), (False, "Playing the input.")])
def test_that_it_is_ready(listening: bool, text: str) -> None:
    assert written(Started(0.537, listening)) == f"Ready in 0.54 s. {text} Stop with Ctrl-C.\n"
    assert (
        written(Started(0.537, listening), terminal=False) == f"Ready in 0.54 s. {text}\n"
    )  # no keyboard to press it on


def test_a_key_that_hangs_is_named() -> None:
    stuck = KeyStuck(PortId("Keystation 49"), 0, 60, 10.0)
    assert written(stuck, terminal=False, journal=True) == (
        "<6>C4 on Keystation 49 has been down for 10 s: it no longer delays the response "
        "(if it still sounds: livegen panic)\n"
    )


@pytest.mark.parametrize(
    ("thru", "external", "written_so"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_what_the_player_would_not_expect_of_an_output_is_said(thru: bool, external: bool, written_so: bool) -> None:
    text = written(ThruChanged(PortId("Piano"), thru, 1, external), terminal=False)
    assert text == ("Piano also gets what you play; responses use channel 2\n" if written_so else "")


@pytest.mark.parametrize(
    "item",
    [
        SettingsApplied(DEFAULTS),
        NoteEnded(Part.CALL, sounded(60, 0.0)),
        PedalMoved(Part.CALL, 64, True, MonotonicTime(0)),
    ],
)
def test_what_is_of_no_account_in_a_log_is_not_written(item: Published) -> None:
    assert written(item, verbose=2) == ""


def test_notes_are_not_written_where_there_is_no_terminal() -> None:
    assert written(started(60, 0.0), terminal=False, verbose=2) == ""


# A stream that takes nothing.


class Blocked(io.StringIO):
    """A stream whose first write waits until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.go_on = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.waiting.set()
        assert self.go_on.wait(60)
        return super().write(text)


def test_a_slow_log_loses_lines_and_says_how_many_while_publishing_never_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 10)
    stream = Blocked()
    kept: list[Published] = []

    class Keeper:
        def take(self, item: Published) -> None:
            kept.append(item)

    with Reporter(stream, terminal=False) as reporter:
        publisher = Publisher(reporter, Keeper())
        publisher.say("first")
        assert stream.waiting.wait(60)
        for i in range(25):  # the reporter's thread is blocked: would this wait, the test would hang
            publisher.say(f"line {i}")
        stream.go_on.set()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "first"
    assert [line for line in lines if line.startswith("line")] == [f"line {i}" for i in range(10)]
    assert [line.partition(":")[0] for line in lines if "lost" in line] == ["15 lines of the log were lost"]
    assert len(kept) == 26  # a listener beside it loses nothing


def test_a_log_that_takes_nothing_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    stream = Blocked()
    reporter = Reporter(stream, terminal=False)
    reporter.take(Line("into nothing"))
    assert stream.waiting.wait(60)
    reporter.close()
    stream.go_on.set()
