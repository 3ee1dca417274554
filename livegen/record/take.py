"""A recording while it is played: its journal, and its MIDI file as far as it goes."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from livegen import __version__
from livegen.record import folder
from livegen.record.entries import VERSION
from livegen.record.finish import rebuilt, write_midi
from livegen.record.journal import SUFFIX, Entry, JournalFile, encoded
from livegen.record.writer import RecordingWriter

MOST_WAITING = 100_000  # entries for a disk that cannot be written, at most 20 MB
CLOCK = 1.0  # s; a larger step of the wall clock is recorded


class Take:
    """A recording while it is played.

    Args:
        place: the folder of recordings.
        at: of the first note, in s of the monotonic clock.
    """

    def __init__(self, place: Path, at: float) -> None:
        self.start = at
        self.last_note = at
        self._place = place
        self._journal: JournalFile | None = None
        self._waiting: list[bytes] = []
        self._midi: RecordingWriter | None = RecordingWriter(place)
        self._skew = _skew()
        self.lost = 0
        """Number of entries that are lost."""
        self.id = next(folder.ids(at + self._skew))
        self.add({"kind": "start", "at": at, "wall": at + self._skew, "version": VERSION, "livegen": __version__})

    @property
    def waiting(self) -> int:
        """Number of entries that are not on the disk."""
        return len(self._waiting)

    def add(self, entry: Entry) -> None:
        """The next entry."""
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            return
        self._waiting.append(encoded(entry))
        if self._midi is not None:
            try:
                self._midi.add(entry)
            except OSError:  # it is rebuilt from the journal in the end
                self._drop_midi()

    def write(self) -> None:
        """Have all entries survive a power cut.

        Raises:
            OSError: the disk is full or gone. The entries still wait.
        """
        if abs(_skew() - self._skew) > CLOCK:
            self._skew = _skew()
            self.add({"kind": "clock", "at": time.monotonic(), "wall": time.time()})
        if self._journal is None:
            self._journal = self._created()
        if self._waiting:
            self._journal.append(self._waiting)
            self._waiting.clear()

    def end(self) -> Path | None:
        """Write the MIDI file, and remove the journal. Returns the file, or None if there is no note.

        Raises:
            OSError: the disk is full or gone. The journal stays; it can be tried again.
        """
        self.write()
        assert self._journal is not None
        if self._midi is None:
            self._midi = rebuilt(self._journal.path, self._place)
        try:
            path = write_midi(self._midi, self._place, self.id)
        finally:
            self._drop_midi()
        self._journal.remove()
        return path

    def close(self) -> None:
        """Leave the journal as it is, for the next start."""
        self._drop_midi()
        if self._journal is not None:
            self._journal.close()

    def _drop_midi(self) -> None:
        if self._midi is not None:
            self._midi.close()
        self._midi = None

    def _created(self) -> JournalFile:
        folder.make(self._place)
        for name in folder.ids(self.start + self._skew):
            taken = (self._place / f"{name}{suffix}" for suffix in (folder.MIDI, folder.KEPT))
            if not any(path.exists() for path in taken):
                with suppress(FileExistsError):  # of another process
                    journal = JournalFile(self._place / f"{name}{SUFFIX}")
                    self.id = name
                    return journal
        raise AssertionError("there is always another name")


def _skew() -> float:
    """The difference between the wall clock and the monotonic one, in seconds."""
    return time.time() - time.monotonic()
