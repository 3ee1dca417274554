"""The line that `systemctl status` shows."""

from __future__ import annotations

from livegen.io.publisher import Line, PortsMissing, Published, RecordingChanged, Started
from livegen.io.status_line import StatusLine
from livegen.note import MonotonicTime
from livegen.stage.effects import TurnChanged
from livegen.stage.events import Turn


def lines(*items: Published) -> list[str]:
    told: list[str] = []
    line = StatusLine(told.append)
    for item in items:
        line.write(item)
    return told


def turn(turn: Turn) -> TurnChanged:
    return TurnChanged(turn, MonotonicTime(0.0))


READY = Started(0.5, True)


def test_it_follows_the_turns() -> None:
    assert lines(READY, turn(Turn.LISTENING), Line("heard"), turn(Turn.RESPONDING), turn(Turn.IDLE)) == [
        "Ready",
        "Listening",
        "Responding",
        "Ready",
    ]


def test_it_says_what_it_waits_for() -> None:
    missing = Started(0.5, True, ("a keyboard", "FluidSynth"))
    assert lines(missing, PortsMissing(("FluidSynth",)), turn(Turn.LISTENING), PortsMissing(())) == [
        "Waiting for a keyboard and FluidSynth",
        "Waiting for FluidSynth",
        "Listening. Waiting for FluidSynth",
        "Listening",
    ]


def test_recordings_that_fail_are_shown() -> None:
    failing = RecordingChanged("failing", "2026", "No space left on device")
    assert lines(READY, failing, RecordingChanged("recording", "2026")) == [
        "Ready",
        "Ready. Recordings cannot be written: No space left on device",
        "Ready",
    ]


def test_before_it_is_ready_it_says_nothing() -> None:
    assert lines(PortsMissing(("Keyboard",)), turn(Turn.LISTENING)) == []
