"""Reads the notes of a MIDI file as the daemon hears them, and writes notes as the daemon's recorder does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mido import Message

from livegen.errors import DataError
from livegen.io.file_player import NO_NOTES, messages
from livegen.io.recorder import MidiRecorder
from livegen.note import MonotonicTime, Pedal, SoundedNote
from livegen.smf import events
from livegen.smf import notes as of_file
from livegen.stage.control import PEDALS
from livegen.stage.effects import Send
from livegen.stage.events import Part, PortId, ResponseNote
from livegen.stage.hands import LAYER
from livegen.stage.mpe import MpePorts
from livegen.stage.pairing import DRUMS
from livegen.stage.scheduler import scheduled


def read(path: Path, report: Callable[[str], object] = lambda _: None) -> tuple[SoundedNote, ...]:
    """All notes of a MIDI file that the daemon would hear, by (onset, pitch). Onsets are in seconds from its start.

    Drums are left out, and a key that sounds on several layers is one note.

    Args:
        path: of the file.
        report: called with each part of the file that cannot be read.

    Raises:
        DataError: the file cannot be read, is not a MIDI file, or has no notes.
    """
    file = events.read(path)
    for lost in file.dropped:
        report(f"{path}: {lost}.")
    found = of_file.notes(file, drums=_plays_mpe_on_the_drums(file))
    if not len(found.onset):
        drums = len(of_file.pair(file).on)
        why = "all notes are drums (channel 10). Name a file with other notes" if drums else NO_NOTES
        raise DataError(f"{path}: {why}.")
    columns = (found.pitch, found.onset, found.duration, found.velocity, found.pedal, found.pressed, found.lifted)
    return tuple(
        _without_layers(
            SoundedNote(pitch, onset, duration, velocity, Pedal(*pedal))
            for pitch, onset, duration, velocity, *pedal in zip(*(column.tolist() for column in columns), strict=True)
        )
    )


def _plays_mpe_on_the_drums(file: events.Events) -> bool:
    """Whether channel 10 is one of an MPE controller's."""
    if DRUMS not in file.status[of_file.pair(file).on] & 0x0F:
        return False
    port, mpe = PortId(""), MpePorts()
    for message in messages(file):
        mpe.hear(message, port)
    return mpe.is_mpe(port, DRUMS)


def _without_layers(notes: Iterable[SoundedNote]) -> Iterator[SoundedNote]:
    """The first of the notes that one key begins, on several tracks or channels."""
    last: dict[int, SoundedNote] = {}  # by pitch
    for note in notes:
        before = last.get(note.pitch)
        last[note.pitch] = note
        if before is None or note.onset > before.onset + LAYER or before.end <= note.onset:
            yield note


def write(path: Path, call: Sequence[SoundedNote], response: Sequence[SoundedNote] = ()) -> None:
    """Write a MIDI file with the tracks call and response, on channels 1 and 2, each with its sustain pedal.

    Time begins with the first note. The call's pedal is released when the response begins.

    Raises:
        ConfigError: the file cannot be written.
        StorageError: the disk is full.
    """
    sends: list[Send] = []
    for channel, (part, notes) in enumerate(((Part.CALL, call), (Part.RESPONSE, response))):
        if notes:
            end = max(note.end for note in notes)
            sends += _sends(notes, part, channel, response[0].onset if response and part is Part.CALL else end)
    recorder = MidiRecorder(path)
    for send in sorted(sends, key=lambda send: send.at):
        recorder.send(send)
    recorder.close()


def _sends(notes: Sequence[SoundedNote], part: Part, channel: int, pedal_end: MonotonicTime) -> Iterator[Send]:
    """The messages of a part. At the same time come note_offs first, then the pedal, then note_ons."""

    def send(at: MonotonicTime, kind: str, **data: int) -> Send:
        return Send(PortId(""), Message(kind, channel=channel, **data), part, at)

    for note in notes:
        yield send(note.end, "note_off", note=note.pitch)
    start = notes[0].onset
    placed = (ResponseNote(n.pitch, n.onset - start, n.duration, n.velocity, n.pedal) for n in notes)
    for stroke in scheduled(placed, start):
        if stroke.note is not None:
            yield send(stroke.at, "note_on", note=stroke.note.pitch, velocity=stroke.note.velocity)
        elif stroke.at < pedal_end:
            yield send(stroke.at, "control_change", control=PEDALS["sustain"], value=127 if stroke.down else 0)
    yield send(pedal_end, "control_change", control=PEDALS["sustain"], value=0)
