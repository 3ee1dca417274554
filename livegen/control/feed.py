"""What listeners of the control socket get: everything that is published, as events (docs/control.md). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import singledispatch
from typing import Any

from livegen.config.settings import SPECS, Settings
from livegen.io.publisher import (
    KeepRequested,
    Line,
    PortFailed,
    PortGone,
    PortOpened,
    Published,
    RecordingChanged,
    SettingsApplied,
)
from livegen.note import SoundedNote
from livegen.stage.effects import (
    CallEnded,
    NoResponse,
    NoteEnded,
    NoteStarted,
    PatienceChanged,
    PedalMoved,
    PulseChanged,
    ResponseEnded,
    ResponseStarted,
    Send,
    Silenced,
    TurnChanged,
    Unused,
)
from livegen.stage.events import Received

LEVELS = {4: "warning", 6: "info", 7: "debug"}

Event = dict[str, Any]


def event(item: Published, offset: float) -> Event | None:
    """An item as an event, or None if it is none.

    Args:
        item: what was published.
        offset: s, the time of the clock on the wall minus the monotonic time: `time` is in s since 1970.
    """
    found = _event(item)
    at = getattr(item, "at", None)
    if found is not None and at is not None:
        found["time"] = round(at + offset, 4)
    return found


@singledispatch
def _event(_: object) -> Event | None:
    return None


@_event.register
def _(item: NoteStarted) -> Event:
    late = {"late_ms": _ms(item.late)} if item.late else {}
    return {"event": "note_on", "part": item.part.value, "note": item.pitch, "velocity": item.velocity, **late}


@_event.register
def _(item: NoteEnded) -> Event:
    seconds = round(item.note.duration, 4)
    return {"event": "note_off", "part": item.part.value, "note": item.note.pitch, "seconds": seconds}


@_event.register
def _(item: PedalMoved) -> Event:
    return {"event": "pedal", "part": item.part.value, "control": item.control, "down": item.down}


@_event.register
def _(item: TurnChanged) -> Event:
    return {"event": "turn", "turn": item.turn.name.lower()}


@_event.register
def _(item: PulseChanged) -> Event:
    return {"event": "pulse", "tempo": item.tempo, "certainty": item.certainty, "bar": item.bar}


@_event.register
def _(item: CallEnded) -> Event:
    return {"event": "call", "notes": len(item.notes), "seconds": round(_length(item.notes), 3)}


@_event.register
def _(item: ResponseStarted) -> Event:
    return {
        "event": "response",
        "notes": item.notes,
        "seconds": round(item.seconds, 3),
        "waited": round(item.waited, 4),
        "computed": round(item.computed, 4),
    }


@_event.register
def _(item: ResponseEnded) -> Event:
    return {
        "event": "response_end",
        "played": item.played,
        "dropped": item.dropped,
        "interrupted": item.interrupted,
    }


@_event.register
def _(item: NoResponse) -> Event:
    return {"event": "no_response", "why": item.why}


@_event.register
def _(item: Unused) -> Event:
    return {"event": "unused", "computed": None if item.computed is None else round(item.computed, 4)}


@_event.register
def _(item: PatienceChanged) -> Event:
    return {"event": "patience", "factor": round(item.factor, 3)}


@_event.register
def _(_: Silenced) -> Event:
    return {"event": "panic"}


@_event.register
def _(_: KeepRequested) -> Event:
    return {"event": "keep"}


@_event.register
def _(item: RecordingChanged) -> Event:
    return {"event": "recording", "state": item.state, "id": item.id, "why": item.why}


@_event.register
def _(item: PortOpened) -> Event:
    return {"event": "port", "direction": item.direction, "port": item.port, "name": item.name, "state": "open"}


@_event.register
def _(item: PortGone) -> Event:
    state = "closed" if item.closed else "gone"
    return {"event": "port", "direction": item.direction, "port": item.port, "name": item.name, "state": state}


@_event.register
def _(item: PortFailed) -> Event:
    return {"event": "port", "direction": "out", "port": item.port, "name": item.name, "state": "failed"}


@_event.register
def _(item: SettingsApplied) -> Event:
    return {"event": "settings", "settings": plain(item.settings)}


@_event.register
def _(item: Line) -> Event:
    return {"event": "log", "level": LEVELS[item.level], "text": item.text}


@_event.register
def _(item: Received) -> Event:
    return {"event": "midi", "direction": "in", "port": item.port, "bytes": item.message.bytes()}


@_event.register
def _(item: Send) -> Event:
    return {"event": "midi", "direction": "out", "port": item.output, "bytes": item.message.bytes()}


def plain(settings: Settings) -> Mapping[str, Any]:
    """All settings by name, for JSON."""
    assert len(fields(settings)) == len(SPECS)
    return {spec.name: getattr(settings, spec.field) for spec in SPECS}


def _length(notes: tuple[SoundedNote, ...]) -> float:
    return max((note.end for note in notes), default=0.0) - min((note.onset for note in notes), default=0.0)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
