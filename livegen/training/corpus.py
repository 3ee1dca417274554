"""Training data: folders of MIDI files, parsed once and cached."""

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

from livegen.data.sets import SETS, DataSet
from livegen.errors import DataError, unreadable
from livegen.files import drafted, limited
from livegen.smf import SUFFIXES
from livegen.smf import events as smf
from livegen.stage.events import Part
from livegen.training.data import COLUMNS, Notes, notes_of
from livegen.training.works import works

HELD_OUT_EVERY = 16  # one training work in 16 is held out to choose weights; validation is only for reporting
TABLES = (*(each.table for each in SETS), "splits.csv")
"""Names of tables of splits, with the columns midi_filename and split: of known data sets, and of any other folder."""
CACHE = ".livegen-notes.npz"
"""In the data folder, or in the user's cache folder if the data folder is not writable."""
_PARSER = 4  # increase it when `read_notes` returns other notes or other errors


@dataclass(frozen=True, slots=True)
class Piece:
    """One file."""

    name: str  # path below the data folder
    notes: Notes
    sha256: str  # of the file
    weight: int = 1  # how many times its notes count in training, >= 1


@dataclass(frozen=True, slots=True)
class Corpus:
    name: str  # for messages
    pieces: tuple[Piece, ...]
    skipped: tuple[str, ...]  # a message for each file that could not be read or has no notes
    dropped: tuple[str, ...] = ()  # a message for each other file of which something is lost
    weights: tuple[int, ...] = (1,)  # of its folders, in the order given


def table_of(folder: Path) -> Path | None:
    """The table of splits in a folder, or None."""
    return next((table for pattern in TABLES for table in sorted(folder.glob(pattern))), None)


def known_set(folder: Path) -> DataSet | None:
    """The data set whose table of splits a folder has, or None."""
    return next((each for each in SETS if any(folder.glob(each.table))), None)


def title(folder: Path) -> str:
    """The name of the data in a folder, for messages: MAESTRO v2.0.0, or the folder's name."""
    known, table = known_set(folder), table_of(folder)
    if known is None or table is None:
        return folder.name
    return " ".join([known.name, *table.stem.split("-")[1:]])


def _official(folder: Path, split: str) -> list[str] | None:
    """The files of a split, in the order of the folder's table; None if it has no table.

    Raises:
        DataError: a file of the split is missing.
    """
    path = table_of(folder)
    if path is None:
        return None
    try:
        with path.open(newline="", encoding="utf-8") as table:
            names = [row["midi_filename"] for row in csv.DictReader(table) if row["split"] == split]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: not a table of splits with the columns split and midi_filename ({error})") from error
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{folder}: {len(missing)} files of the {split} split are missing, first {missing[0]}")
    return names


def has_split(folder: Path, split: str) -> bool:
    """Whether a folder has a table of splits that names files of this one.

    Raises:
        DataError: as `pieces_of`.
    """
    return bool(_official(folder, split))


def short(sha256: str) -> str:
    """A prefix of a SHA-256 that identifies a file."""
    return sha256[:16]


def hashes(pieces: Iterable[Piece]) -> str:
    """Identifies these pieces in recipes and cards: the sorted prefixes of their hashes."""
    return " ".join(sorted({short(piece.sha256) for piece in pieces}))


def pieces_of(folder: Path, split: str) -> list[Piece]:
    """The pieces of one split of a folder that has a table of splits.

    Raises:
        DataError: the folder has no table or no such split, or a file of the split is missing or damaged.
    """
    names = _official(folder, split)
    if names is None:
        raise DataError(
            f"{folder}: contains no table of splits ({', '.join(TABLES)}). Give the folder of a data set, or add"
            " splits.csv with the columns midi_filename and split."
        )
    if not names:
        raise DataError(f"{folder}: {title(folder)} has no {split} split. Give another folder.")
    found = read(folder, names)
    if found.skipped:
        raise DataError(found.skipped[0])
    return list(found.pieces)


def read_folder(folder: Path, files: int | None = None) -> Corpus:
    """The training data in a folder: its train split if it has a table of splits, else all MIDI files in and below it.

    Args:
        folder: of a data set, or any.
        files: only the first N usable files, in the order of the table or of their names; all by default.

    Raises:
        DataError: the folder does not exist, or contains no usable MIDI file.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: not a folder. Give a folder of MIDI files.")
    names = _official(folder, "train")
    if names is None:
        paths = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        names = sorted(path.relative_to(folder).as_posix() for path in paths)
    if not names:
        of = " of its train split" if table_of(folder) else ""
        raise DataError(f"{folder}: contains no MIDI file{of} ({', '.join(SUFFIXES)}).")
    taken = len(names) if files is None else files
    found = read(folder, names[:taken])
    while files is not None and len(found.pieces) < files and taken < len(names):
        taken += files - len(found.pieces)  # in place of the unusable ones
        found = read(folder, names[:taken])
    if not found.pieces:
        raise DataError(f"{folder}: none of its {len(names)} MIDI files can be used. {found.skipped[0]}")
    return found


def read_folders(folders: Sequence[Path], files: int | None = None, weights: Sequence[int] | None = None) -> Corpus:
    """All pieces of several folders. A file that is in two of them is taken once, with the larger weight.

    Args:
        folders: each as `read_folder` takes it.
        files: only the first N files of all.
        weights: for each folder, how many times each of its notes counts in training, >= 1; 1 by default.

    Raises:
        DataError: as `read_folder`, of any of them.
    """
    found = [read_folder(folder, files) for folder in folders]
    weights = tuple(weights or [1] * len(folders))
    if len(found) == 1:
        weighted = (replace(piece, weight=weights[0]) for piece in found[0].pieces)
        return replace(found[0], pieces=tuple(weighted), weights=weights)
    pieces: dict[str, Piece] = {}
    names: dict[str, str] = {}  # by content
    for folder, corpus, weight in zip(folders, found, weights, strict=True):
        for piece in corpus.pieces:
            name = names.get(piece.sha256)
            if name is None:
                name = piece.name if piece.name not in pieces else f"{folder}/{piece.name}"
                names[piece.sha256] = name
                pieces[name] = replace(piece, name=name, weight=weight)
            elif pieces[name].weight < weight:
                pieces[name] = replace(pieces[name], weight=weight)
    skipped = (why for corpus in found for why in corpus.skipped)
    dropped = (lost for corpus in found for lost in corpus.dropped)
    name = " and ".join(each.name for each in found)
    return Corpus(name, tuple(pieces.values())[:files], tuple(skipped), tuple(dropped), weights)


def hold_out(pieces: Sequence[Piece], length: int = 1) -> tuple[list[Piece], list[Piece]]:
    """Split pieces into training pieces and held-out pieces, by the hash of the name of each work's first piece.

    All pieces of a work are on the same side, and each side has at least one work. A single work is on both sides. If
    no held-out piece has `length` notes, the training pieces are on both sides.
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
    """Parse files in parallel. Files that have not changed since the last time come from the cache."""
    stamps = {name: _stamp(folder / name) for name in names}
    known = _Cache.load(folder)
    fresh = [name for name in names if known.stamps.get(name) != stamps[name]]
    if fresh:
        parsed = parse([folder / name for name in fresh])
        known = known.updated(dict(zip(fresh, parsed, strict=True)), stamps)
        known.save(folder)
    pieces, skipped, dropped = [], [], []
    for name in names:
        notes, sha256, problem, lost = known.files[name]
        if problem:
            skipped.append(f"{folder / name}: {problem}")
        else:
            pieces.append(Piece(name, notes, sha256))
        if lost and not problem:
            dropped.append(f"{folder / name}: {lost}.")
    name = f"{title(folder)}, train split" if table_of(folder) else folder.name
    return Corpus(name, tuple(pieces), tuple(skipped), tuple(dropped))


File = tuple[Notes, str, str, str]
"""Notes, SHA-256, why the file cannot be used, and what of it is lost; each text may be "".

The last two leave out its name: the cache may move with its folder."""


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    # The ctime too: tools that keep the mtime of a changed file, such as rsync, do not keep its ctime.
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def parse(paths: Sequence[Path]) -> list[File]:
    """Read files in parallel."""
    with ThreadPoolExecutor() as pool:  # numpy works outside the GIL
        return list(pool.map(_parse_one, paths))


def _parse_one(path: Path) -> File:
    nothing, sha256 = np.empty((0, COLUMNS)), ""
    try:
        content = limited(path, smf.LARGEST)
        sha256 = hashlib.sha256(content).hexdigest()
        events = smf.parse(content)
    except OSError as error:
        return nothing, sha256, str(unreadable(path, error)).removeprefix(f"{path}: "), ""
    except ValueError as error:
        return nothing, sha256, f"{error}.", ""
    notes = notes_of(events, but=Part.RESPONSE.value)  # in a recording by livegen, skip its own notes
    return notes, sha256, "" if len(notes) else "contains no notes.", "; ".join(events.dropped)


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
            rows = zip(notes, index["sha256"], index["problems"], index["lost"], strict=True)
            files = dict(zip(index["names"], rows, strict=True))
            return cls(dict(zip(index["names"], index["stamps"], strict=True)), files)
        return cls({}, {})

    def updated(self, files: dict[str, File], stamps: dict[str, list[int]]) -> _Cache:
        return _Cache({**self.stamps, **stamps}, {**self.files, **files})

    def save(self, folder: Path) -> None:
        names = [name for name, file in self.files.items() if file[1]]  # unreadable files are tried again next time
        index = {
            "parser": _PARSER,
            "names": names,
            "stamps": [self.stamps[name] for name in names],
            "lengths": [len(self.files[name][0]) for name in names],
            "sha256": [self.files[name][1] for name in names],
            "problems": [self.files[name][2] for name in names],
            "lost": [self.files[name][3] for name in names],
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
