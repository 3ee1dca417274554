"""Where the notes come from: folders of MIDI files, parsed once."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from livegen.errors import DataError, unreadable
from livegen.files import drafted
from livegen.stage.events import Part
from livegen.training.data import COLUMNS, Notes, read_notes
from livegen.training.works import works

HELD_OUT_EVERY = 16  # one training work in 16 is held out to choose by; validation is opened only to report
MAESTRO = "MAESTRO"
TABLE = "maestro-v*.csv"
SUFFIXES = (".mid", ".midi")
CACHE = ".livegen-notes.npz"
"""In the data folder, or in the cache folder where that may not be written."""
_PARSER = 3  # to be counted up when `read_notes` reads otherwise, or says otherwise why it does not


@dataclass(frozen=True, slots=True)
class Piece:
    """One file: its name below the data folder, its notes, and the hash of its bytes."""

    name: str
    notes: Notes
    sha256: str


@dataclass(frozen=True, slots=True)
class Corpus:
    name: str  # for people
    pieces: tuple[Piece, ...]
    skipped: tuple[str, ...]  # why, one for each file that could not be read or has no notes


def is_maestro(folder: Path) -> bool:
    """Whether a folder has MAESTRO's table, which names its splits."""
    return any(folder.glob(TABLE))


def _official(folder: Path, split: str) -> list[str] | None:
    """The files of an official split of MAESTRO, in the order of its csv; None where the folder is not MAESTRO.

    Raises:
        DataError: a file of the split is missing.
    """
    tables = sorted(folder.glob(TABLE))
    if not tables:
        return None
    try:
        with tables[0].open(newline="", encoding="utf-8") as table:
            names = [row["midi_filename"] for row in csv.DictReader(table) if row["split"] == split]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{tables[0]}: not MAESTRO's table with the columns split and midi_filename ({error})"
        ) from error
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{folder}: {len(missing)} files of the {split} split are missing, first {missing[0]}")
    return names


def short(sha256: str) -> str:
    """Enough of a hash to tell a file by."""
    return sha256[:16]


def hashes(pieces: Iterable[Piece]) -> str:
    """What tells later which pieces these were, as recipes and cards have it."""
    return " ".join(sorted({short(piece.sha256) for piece in pieces}))


def maestro_split(folder: Path, split: str) -> list[Piece]:
    """The pieces of one official split of MAESTRO.

    Raises:
        DataError: the folder holds no MAESTRO csv, or a file of the split is missing or damaged.
    """
    names = _official(folder, split)
    if names is None:
        raise DataError(f"{folder}: no maestro-v*.csv in it; is it the unpacked folder of MAESTRO?")
    found = read(folder, names)
    if found.skipped:
        raise DataError(found.skipped[0])
    return list(found.pieces)


def read_folder(folder: Path, files: int | None = None) -> Corpus:
    """What there is to train on: MAESTRO's train split, or every MIDI file in a folder and below it.

    Args:
        folder: of MAESTRO, or any.
        files: so many, the first that can be used in the order of MAESTRO's table or of their names; all by default.

    Raises:
        DataError: there is no such folder, no MIDI file in it, or none that can be used.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: not a folder. Name one with MIDI files in it.")
    names = _official(folder, "train")
    if names is None:
        paths = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        names = sorted(path.relative_to(folder).as_posix() for path in paths)
    if not names:
        raise DataError(f"{folder}: no MIDI file ({', '.join(SUFFIXES)}) in it or below it.")
    taken = len(names) if files is None else files
    found = read(folder, names[:taken])
    while files is not None and len(found.pieces) < files and taken < len(names):
        taken += files - len(found.pieces)  # others for those that cannot be used
        found = read(folder, names[:taken])
    if not found.pieces:
        raise DataError(f"{folder}: none of its {len(names)} MIDI files can be used. {found.skipped[0]}")
    return found


def read_folders(folders: Sequence[Path], files: int | None = None) -> Corpus:
    """All that there is in several folders; what two of them have is taken once.

    Args:
        folders: each as `read_folder` takes it.
        files: so many, the first ones.

    Raises:
        DataError: as `read_folder`, of any of them.
    """
    found = [read_folder(folder, files) for folder in folders]
    if len(found) == 1:
        return found[0]
    pieces: dict[str, Piece] = {}
    contents: set[str] = set()
    for folder, corpus in zip(folders, found, strict=True):
        for piece in corpus.pieces:
            if piece.sha256 not in contents:
                name = piece.name if piece.name not in pieces else f"{folder}/{piece.name}"
                pieces[name] = replace(piece, name=name)
            contents.add(piece.sha256)
    skipped = (why for corpus in found for why in corpus.skipped)
    return Corpus(" and ".join(each.name for each in found), tuple(pieces.values())[:files], tuple(skipped))


def hold_out(pieces: Sequence[Piece], length: int = 1) -> tuple[list[Piece], list[Piece]]:
    """Split pieces into those trained on and those chosen by: whole works, by the hash of their first piece's name.

    A work or more are on each side; a single work is on both. Where none of those to choose by has `length` notes, it
    is by those trained on.
    """
    work = [pieces[first].name for first in works([piece.notes for piece in pieces])]
    digests = {name: int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) for name in work}
    chosen = {name for name, digest in digests.items() if digest % HELD_OUT_EVERY == 0}
    if len(chosen) in (0, len(digests)):  # a small folder
        chosen = {min(digests, key=digests.__getitem__)}
    if len(digests) == 1:
        return list(pieces), list(pieces)
    kept, held = ([p for p, name in zip(pieces, work, strict=True) if (name in chosen) is out] for out in (False, True))
    return kept, held if any(len(piece.notes) >= length for piece in held) else kept


def read(folder: Path, names: Sequence[str]) -> Corpus:
    """Parse files in parallel, or take from the cache those that have not changed since."""
    stamps = {name: _stamp(folder / name) for name in names}
    known = _Cache.load(folder)
    fresh = [name for name in names if known.stamps.get(name) != stamps[name]]
    if fresh:
        parsed = parse([folder / name for name in fresh])
        known = known.updated(dict(zip(fresh, parsed, strict=True)), stamps)
        known.save(folder)
    pieces, skipped = [], []
    for name in names:
        notes, sha256, problem = known.files[name]
        if problem:
            skipped.append(f"{folder / name}: {problem}")
        else:
            pieces.append(Piece(name, notes, sha256))
    table = next(iter(sorted(folder.glob(TABLE))), None)
    name = f"{table.stem.replace('maestro', MAESTRO).replace('-', ' ')}, train split" if table else folder.name
    return Corpus(name, tuple(pieces), tuple(skipped))


File = tuple[Notes, str, str]
"""The notes, the SHA-256 (or "" where it could not be read), and why it cannot be used (or ""), its name left out."""


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]  # what keeps one, as rsync does, changes another


def parse(paths: Sequence[Path]) -> list[File]:
    """Read files in parallel."""
    with ThreadPoolExecutor() as pool:  # symusic parses outside the GIL
        return list(pool.map(_parse_one, paths))


def _parse_one(path: Path) -> File:
    nothing, sha256 = np.empty((0, COLUMNS)), ""
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        notes = read_notes(path, but=Part.RESPONSE.value)  # of an evening recorded by livegen, what was its own
    except OSError as error:
        return nothing, sha256, _why(path, unreadable(path, error))
    except DataError as error:
        return nothing, sha256, _why(path, error)
    return notes, sha256, "" if len(notes) else "there are no notes in it."


def _why(path: Path, error: DataError) -> str:
    return str(error).removeprefix(f"{path}: ")  # kept in a folder that may be moved


@dataclass(frozen=True, slots=True)
class _Cache:
    stamps: dict[str, list[int]]
    files: dict[str, File]

    @classmethod
    def load(cls, folder: Path) -> _Cache:
        for path in _places(folder):
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                    index = json.loads(str(stored["index"]))
                    if index["parser"] != _PARSER:
                        continue
                    notes = np.split(stored["notes"], np.cumsum(index["lengths"])[:-1]) if index["names"] else []
            except (OSError, ValueError, KeyError, EOFError, BadZipFile):
                continue
            files = dict(zip(index["names"], zip(notes, index["sha256"], index["problems"], strict=True), strict=True))
            return cls(dict(zip(index["names"], index["stamps"], strict=True)), files)
        return cls({}, {})

    def updated(self, files: dict[str, File], stamps: dict[str, list[int]]) -> _Cache:
        return _Cache({**self.stamps, **stamps}, {**self.files, **files})

    def save(self, folder: Path) -> None:
        names = [name for name, (_, sha256, _) in self.files.items() if sha256]  # the others may be readable next time
        index = {
            "parser": _PARSER,
            "names": names,
            "stamps": [self.stamps[name] for name in names],
            "lengths": [len(self.files[name][0]) for name in names],
            "sha256": [self.files[name][1] for name in names],
            "problems": [self.files[name][2] for name in names],
        }
        notes = np.concatenate([np.empty((0, COLUMNS)), *(self.files[name][0] for name in names)])
        for path in _places(folder):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with drafted(path) as draft:
                    np.savez(draft, index=np.array(json.dumps(index)), notes=notes)
            except OSError:
                continue
            return


def _places(folder: Path) -> tuple[Path, Path]:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return folder / CACHE, caches / "livegen" / f"{digest}.npz"
