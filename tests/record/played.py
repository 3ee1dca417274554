"""What is published while somebody plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import mido
from mido import Message

from livegen.config.settings import Settings
from livegen.io.publisher import Published, SettingsApplied
from livegen.note import MonotonicTime, SoundedNote
from livegen.record.entries import entry
from livegen.record.journal import Entry, JournalFile, encoded
from livegen.stage.effects import NoteEnded, NoteStarted
from livegen.stage.events import Part, PortId, Received

START = 1_795_900_000.0  # s since 1970: 2026-11-28T20:26:40Z
ID = "2026-11-28T20-26-40Z"


def heard(at: float, kind: str, port: str = "Keys", **data: int) -> Received:
    return Received(Message(kind, **data), MonotonicTime(at), PortId(port))


def key(at: float, note: int, length: float = 0.5, port: str = "Keys", channel: int = 0) -> list[Published]:
    return [
        heard(at, "note_on", port, note=note, velocity=80, channel=channel),
        heard(at + length, "note_off", port, note=note, channel=channel),
    ]


def answer(at: float, note: int, length: float = 0.5) -> list[Published]:
    sounded = SoundedNote(note, MonotonicTime(at), length, 70)
    return [NoteStarted(Part.RESPONSE, note, 70, MonotonicTime(at)), NoteEnded(Part.RESPONSE, sounded)]


def entries(items: Sequence[Published], settings: Settings | None = None) -> Iterator[Entry]:
    """The journal of what is played from second 100 on."""
    yield {"kind": "start", "at": 100.0, "wall": START, "version": 1, "livegen": "0"}
    for item in (SettingsApplied(settings or Settings()), *items):
        made = entry(item, 100.0)
        assert made is not None
        yield made


def journal(place: Path, items: Sequence[Published], name: str = ID) -> Path:
    """A journal that a crash has left."""
    place.mkdir(parents=True, exist_ok=True)
    file = JournalFile(place / f"{name}.journal")
    file.append(map(encoded, entries(items)))
    file.close()
    return file.path


def absolute(track: mido.MidiTrack, of: Callable[[Message], bool] = lambda _: True) -> list[tuple[float, Message]]:
    """The messages of a track, with their times in seconds."""
    now, found = 0, []
    for message in track:
        now += message.time
        if not message.is_meta and of(message):
            found.append((now / 1920, message.copy(time=0)))
    return found


def metas(track: mido.MidiTrack, kind: str) -> list[str]:
    return [message.text for message in track if message.type == kind]
