"""What the journal contains of what is published."""

from __future__ import annotations

from livegen.config.settings import SPECS, Settings
from livegen.io.publisher import KeepRequested, PortFailed, PortGone, PortOpened, Published, SettingsApplied
from livegen.record.journal import Entry
from livegen.stage.effects import (
    CallEnded,
    Ignored,
    NoResponse,
    NoteEnded,
    NoteStarted,
    PedalMoved,
    ResponseEnded,
    ResponseStarted,
    Silenced,
)
from livegen.stage.events import Part, Received

VERSION = 1
"""Of the entries."""

HAPPENED: dict[type[Published], tuple[str, tuple[str, ...]]] = {
    CallEnded: ("call ended", ()),
    ResponseStarted: ("response", ("notes", "seconds")),
    ResponseEnded: ("response ended", ("played", "dropped", "interrupted")),
    NoResponse: ("no response", ("why",)),
    Silenced: ("panic", ()),
    KeepRequested: ("keep", ()),
    PortOpened: ("port", ("direction", "port", "name")),
    PortGone: ("port gone", ("direction", "port", "name")),
    PortFailed: ("port failed", ("port", "name", "why")),
}
"""The kind of the entry of an item, and the fields of the item that the entry has too."""

RECORDED = (Received, Ignored, NoteStarted, NoteEnded, PedalMoved, SettingsApplied, *HAPPENED)
"""The items that concern a recording."""


def entry(item: Published, now: float) -> Entry | None:
    """The entry of an item, or None if the journal does not contain it.

    Args:
        item: what is published.
        now: s of the monotonic clock, for items without a time.
    """
    if isinstance(item, SettingsApplied):
        return {"kind": "settings", "at": now, "settings": plain(item.settings)}
    if type(item) in HAPPENED:
        kind, names = HAPPENED[type(item)]
        return {"kind": kind, "at": getattr(item, "at", now)} | {name: getattr(item, name) for name in names}
    return _played(item)


def _played(item: Published) -> Entry | None:
    match item:
        case Received(message, at, port) if hasattr(message, "channel") or message.type == "sysex":
            return {"kind": "in", "at": at, "port": port, "midi": message.hex("")}
        case NoteStarted(Part.RESPONSE, pitch, velocity, at, _, late):
            return {"kind": "note", "at": at, "pitch": pitch, "velocity": velocity, "late": round(late, 6)}
        case NoteEnded(Part.RESPONSE, note):
            return {"kind": "end", "at": note.end, "pitch": note.pitch}
        case PedalMoved(Part.RESPONSE, control, down, at):
            return {"kind": "pedal", "at": at, "control": control, "down": down}
    return None


def plain(settings: Settings) -> dict[str, object]:
    """The settings by name, as JSON has them."""
    values = {spec.name: getattr(settings, spec.field) for spec in SPECS}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
