"""ASAP and POP909: the files that livegen uses, chosen from their makers' repositories by the lists of `sets`.

GitHub makes an archive of a commit when it is asked for, so that only its files have known checksums: each is compared
with the list.

A folder gets the MIDI files as their makers wrote them, a table of splits like MAESTRO's, and beside each file its
annotated beats: a line per beat, with the time in seconds, a tab, and `beat` or `downbeat`.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from livegen.data.fetch import Copy
from livegen.data.sets import ASAP, POP909, SHARE_ALIKE, DataSet, listed, maestro_beats
from livegen.errors import DataError

LICENCES = ("LICENSE", "LICENSE.md")
BEATS = ".beats.txt"
MAESTRO_BEATS = "maestro-beats"

Beat = tuple[float, bool]
"""The time [s], and whether it is the first beat of a bar."""


def asap_beats(text: str) -> list[Beat]:
    """ASAP's annotations: time, time, labels; the first label is `b`, or `db` for a downbeat, `bR` in rubato."""
    rows = (line.split("\t") for line in text.splitlines() if line.strip())
    return [(float(row[0]), row[2].startswith("db")) for row in rows]


def pop909_beats(text: str) -> list[Beat]:
    """POP909's beat_midi.txt: time, 1 if a bar of two beats begins, 1 if a bar begins."""
    rows = (line.split() for line in text.splitlines() if line.strip())
    return [(float(row[0]), float(row[2]) > 0) for row in rows]


@dataclass(frozen=True, slots=True)
class Release:
    """A data set at one commit of its makers' repository.

    Args:
        data: which.
        name: of the folder and, with .csv, of the table.
        url: of the archive.
        sha256: of the archive, if known.
        home: the page of the repository.
        licence: to print.
        beats: reads an annotation.
        of_maestro: also write the annotations of files of MAESTRO.
    """

    data: DataSet
    name: str
    url: str
    home: str
    licence: str
    beats: Callable[[str], list[Beat]]
    of_maestro: bool = False
    sha256: str | None = None

    @property
    def archive(self) -> str:
        return f"{self.name}.zip"

    def wanted(self, path: PurePosixPath) -> bool:
        return path.name in LICENCES or path.suffix in (".mid", ".txt")

    def arrange(self, whole: Path, source: Path) -> Path:
        """A new folder with the files of the list. Errors name `source`."""
        root = self._root(whole)
        if root is None:
            raise DataError(f"{source}: not {self.data.name}: it has none of its MIDI files. Use another source.")
        folder = whole.with_name("chosen")
        try:
            for row in listed(self.data):
                _copied(root / row.midi, folder / row.midi_filename, row.sha256)
                self._write_beats(folder / row.midi_filename, [(root / row.beats, row.beats_sha256, 0.0)])
            if self.of_maestro:
                self._write_maestro_beats(root, folder / MAESTRO_BEATS)
        except ValueError as error:
            raise DataError(
                f"{source}: not {self.data.name} as livegen knows it: {error}. Download it again."
            ) from error
        for licence in LICENCES:
            if (root / licence).is_file():
                shutil.copyfile(root / licence, folder / licence)
        with (folder / f"{self.name}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("midi_filename", "split"))
            table.writerows((row.midi_filename, row.split) for row in listed(self.data))
        return folder

    def inspect(self, folder: Path, source: Path) -> Copy:
        """Count the files of a folder. Errors name `source`."""
        if not (folder / f"{self.name}.csv").is_file():
            raise DataError(f"{source}: not {self.data.name}: {self.name}.csv is missing. Use another folder.")
        names = [row.midi_filename for row in listed(self.data)]
        return Copy(folder, len(names), sum(not (folder / name).is_file() for name in names))

    def _root(self, whole: Path) -> Path | None:
        """The folder below which the makers' paths are."""
        known = {row.midi for row in listed(self.data)}
        for path in sorted(whole.rglob("*.mid")):
            parts = path.relative_to(whole).parts
            for k in range(len(parts)):
                if "/".join(parts[k:]) in known:
                    return whole.joinpath(*parts[:k])
        return None

    def _write_maestro_beats(self, root: Path, folder: Path) -> None:
        parts: dict[str, list[tuple[Path, str, float]]] = {}
        for row in maestro_beats():
            part = (root / row.beats, row.beats_sha256, float(row.start))
            parts.setdefault(row.midi_filename, []).append(part)
        for name, of_file in parts.items():
            self._write_beats(folder / name, of_file)

    def _write_beats(self, midi: Path, annotations: Iterable[tuple[Path, str, float]]) -> None:
        """Write the beats of a MIDI file from annotations: file, checksum, s to add. Missing ones are left out."""
        read = (
            [(at + start, down) for at, down in self.beats(_checked(path, sha256).decode())]
            for path, sha256, start in annotations
            if path.is_file()
        )
        if beats := sorted(chain.from_iterable(read)):
            lines = (f"{at:.4f}\t{'downbeat' if down else 'beat'}\n" for at, down in beats)
            midi.parent.mkdir(parents=True, exist_ok=True)
            midi.with_suffix(BEATS).write_text("".join(lines), encoding="utf-8")


def _copied(path: Path, target: Path, sha256: str) -> None:
    if path.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_checked(path, sha256))


def _checked(path: Path, sha256: str) -> bytes:
    """The content of a file whose SHA-256 begins like this.

    Raises:
        ValueError: it is another file.
    """
    content = path.read_bytes()
    if not hashlib.sha256(content).hexdigest().startswith(sha256):
        raise ValueError(f"{path.name} has a wrong checksum")
    return content


RELEASES = {
    "asap": Release(
        ASAP,
        "asap-v1.2",
        # The commit of the tag v1.2, the newest release.
        "https://github.com/fosfrancesco/asap-dataset/archive/afc815c75c42e83a79c03feb6da8a35e77d4c6b8.zip",
        "https://github.com/fosfrancesco/asap-dataset",
        f"ASAP has the licence {SHARE_ALIKE}: no commercial use, and what you derive from it must have the same licence"
        f" and name the source: {ASAP.source}.",
        asap_beats,
        of_maestro=True,
    ),
    "pop909": Release(
        POP909,
        "pop909",
        # There is no tag. The newest commit; the songs have not changed since the first.
        "https://github.com/music-x-lab/POP909-Dataset/archive/d83e6edba6872a704f5d3b8b32f5cb540088dae6.zip",
        "https://github.com/music-x-lab/POP909-Dataset",
        f"POP909 has the licence {POP909.licence}. Please name the source: {POP909.source}.",
        pop909_beats,
    ),
}
