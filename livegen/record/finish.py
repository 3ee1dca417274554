"""Ends recordings: a MIDI file in place of a journal, at once or at the start after a crash."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, closing
from pathlib import Path

from livegen.errors import DataError
from livegen.files import claimed, remove_drafts, sync
from livegen.record.folder import KEPT, MIDI, Recording, recordings
from livegen.record.journal import read
from livegen.record.writer import RecordingWriter

BREATH = 256  # entries; then others get the processor
PAUSE = 0.002  # s


def write_midi(recording: RecordingWriter, place: Path, name: str) -> Path | None:
    """Write the MIDI file of a recording, which survives a power cut then. Without a note there is none.

    Raises:
        OSError: the disk is full.
    """
    draft = place / f".{os.getpid()}.{name}{MIDI}"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123  (for its owner only)
            recording.save(file)
            file.flush()
            os.fsync(file.fileno())
        if not any(recording.summary.notes.values()):
            return None
        path = place / f"{name}{KEPT if recording.summary.kept else MIDI}"
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync(place)
    return path


def rebuilt(journal: Path, place: Path) -> RecordingWriter:
    """The recording in a journal. The caller closes it.

    Raises:
        OSError: the journal cannot be read, or the disk is full.
    """
    with ExitStack() as stack:
        recording = stack.enter_context(closing(RecordingWriter(place)))
        for number, entry in enumerate(read(journal), 1):
            recording.add(entry)
            if number % BREATH == 0:
                time.sleep(PAUSE)
        stack.pop_all()
    return recording


def finish(journal: Path, place: Path) -> Path | None:
    """Make the MIDI file of a journal, and remove the journal. Returns the file, or None if nothing was played.

    Raises:
        OSError: the disk is full, or the journal is gone.
    """
    with closing(rebuilt(journal, place)) as recording:
        written = write_midi(recording, place, journal.stem)
    journal.unlink()
    return written


def recover(place: Path) -> list[Recording]:
    """Finish the journals that a crash left. Those of running processes stay. Returns the new recordings.

    Raises:
        DataError: the folder cannot be read.
        OSError: a recording could not be written. Its journal stays.
    """
    found = []
    failed: OSError | None = None
    for each in recordings(place):
        if each.unfinished:
            try:
                with claimed(each.file, "in use"):
                    remove_drafts(each.file.with_suffix(MIDI))
                    path = finish(each.file, place)
                if path is not None:
                    found.append(Recording(each.id, path))
            except (DataError, FileNotFoundError):  # another process plays it, or was faster
                continue
            except OSError as error:
                failed = failed or error
    if failed is not None:
        raise failed
    return found
