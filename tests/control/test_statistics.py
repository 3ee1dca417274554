from __future__ import annotations

import sys
import time

import pytest
from mido import Message

from livegen.control.statistics import Statistics, memory
from livegen.io.publisher import Level, Line, PortFailed, PortGone, PortOpened, RecordingChanged
from livegen.note import MonotonicTime
from livegen.stage.effects import (
    NoteStarted,
    PatienceChanged,
    ResponseEnded,
    ResponseStarted,
    Send,
    TurnChanged,
    Unused,
)
from livegen.stage.events import Part, PortId, Turn

AT = MonotonicTime(0.0)
OUT = PortId("synth")


def taken(*items: object) -> dict[str, object]:
    statistics = Statistics()
    for item in items:
        statistics.take(item)
    return dict(statistics.plain())


def test_messages_are_late_by_the_time_since_they_were_due():
    due = MonotonicTime(time.monotonic() - 0.5)
    found = taken(
        Send(OUT, Message("note_on"), Part.RESPONSE, due),
        Send(OUT, Message("note_on"), Part.CALL, due),
        Send(OUT, Message("note_off"), Part.CALL, due),
    )
    assert found["lateness_ms"]["count"] == 1
    assert found["thru_ms"]["count"] == 2
    assert 500 <= found["lateness_ms"]["max"] < 5000


def test_notes_and_responses_are_counted():
    found = taken(
        NoteStarted(Part.CALL, 60, 64, AT),
        NoteStarted(Part.RESPONSE, 60, 64, AT),
        NoteStarted(Part.RESPONSE, 62, 64, AT),
        ResponseStarted(2, 1.0, waited=0.7, computed=0.1, late=0.0, at=AT),
        ResponseEnded(2, 3, interrupted=False, at=AT),
        Unused(0.1, AT),
        PatienceChanged(2.0, AT),
        TurnChanged(Turn.RESPONDING, AT),
        Line("All is well."),
        Line("The disk is full.", Level.WARNING),
        RecordingChanged("failing", "2026-01-01", "the disk is full"),
    )
    assert found["notes"] == {"heard": 1, "played": 2, "dropped": 3}
    assert (found["responses"], found["unused"]) == (1, 1)
    assert found["patience"] == 2.0
    assert found["response_delay_ms"]["max"] == 700
    assert found["turn"] == "responding"
    assert found["recording"] == {"state": "failing", "id": "2026-01-01", "why": "the disk is full"}
    assert found["last_warning"] == "The disk is full."


def test_what_can_be_kept():
    statistics = Statistics()
    why = []
    for state, number in (("off", ""), ("ready", ""), ("recording", "2026-01-01"), ("ready", "")):
        statistics.take(RecordingChanged(state, number))
        why.append(statistics.kept())
    nothing = {"recording": None, "why": "nothing has been played yet"}
    kept = {"recording": "2026-01-01", "why": None}
    assert why == [{"recording": None, "why": "recording is off (livegen set record on)"}, nothing, kept, kept]


def test_ports_are_shown_with_their_state():
    keys, synth = PortOpened("in", PortId("keys"), "Keys 1"), PortOpened("out", OUT, "Synth")
    found = taken(keys, synth, PortFailed(OUT, "Synth", "gone"), PortFailed(PortId("other"), "?", "?"))
    assert found["inputs"] == [{"name": "Keys 1", "state": "open"}]
    assert taken(keys, PortGone(PortId("keys"), "Keys 1", "in"))["inputs"] == [{"name": "Keys 1", "state": "gone"}]
    assert found["outputs"] == [{"name": "Synth", "state": "failed"}]


def test_a_port_that_is_closed_by_a_change_is_not_shown():
    keys = PortId("keys")
    found = taken(PortOpened("in", keys, "Keys"), PortGone(keys, "Keys", "in", closed=True))
    assert found["inputs"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="memory is only read on Linux")
def test_memory():
    assert 10 < memory() < 10_000
