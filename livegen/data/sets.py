"""The data sets that livegen knows: their licences, whom to name, and which of their files livegen uses.

The lists beside this file name each file of ASAP and POP909 that livegen uses, with its split and its SHA-256.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LISTS = Path(__file__).parent
SHARE_ALIKE = "CC BY-NC-SA 4.0"


@dataclass(frozen=True, slots=True)
class DataSet:
    name: str
    licence: str
    source: str  # the paper to name
    table: str  # pattern of the name of its table of splits, in its folder
    files: str = ""  # its list, if livegen has one


MAESTRO = DataSet(
    "MAESTRO",
    SHARE_ALIKE,
    "Curtis Hawthorne, Andriy Stasyuk, Adam Roberts, Ian Simon, Cheng-Zhi Anna Huang, Sander Dieleman, Erich Elsen, "
    "Jesse Engel and Douglas Eck, Enabling Factorized Piano Music Modeling and Generation with the MAESTRO Dataset, "
    "ICLR 2019",
    "maestro-v*.csv",
)
ASAP = DataSet(
    "ASAP",
    SHARE_ALIKE,
    "Francesco Foscarin, Andrew McLeod, Philippe Rigaux, Florent Jacquemard and Masahiko Sakai, ASAP: a dataset of "
    "aligned scores and performances for piano transcription, ISMIR 2020",
    "asap-v*.csv",
    "asap.csv.gz",
)
POP909 = DataSet(
    "POP909",
    "MIT, Copyright (c) 2020 Music X Lab",
    "Ziyu Wang, Ke Chen, Junyan Jiang, Yiyi Zhang, Maoran Xu, Shuqi Dai, Guxian Bin and Gus Xia, POP909: A Pop-song "
    "Dataset for Music Arrangement Generation, ISMIR 2020",
    "pop909.csv",
    "pop909.csv.gz",
)
SETS = (MAESTRO, ASAP, POP909)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a data set. Paths with / as separator."""

    midi_filename: str  # below the folder that livegen makes
    split: str  # train or validation
    midi: str  # below the makers' folder
    sha256: str  # of that file
    beats: str  # its annotation, below the makers' folder
    beats_sha256: str  # of that file, the first 16 digits


@dataclass(frozen=True, slots=True)
class MaestroBeats:
    """An annotation in ASAP of a file of MAESTRO, or of a part of it."""

    midi_filename: str  # in MAESTRO
    beats: str  # below ASAP's folder
    beats_sha256: str  # of that file, the first 16 digits
    start: str  # s, when the part begins


@cache
def listed(of: DataSet) -> tuple[Listed, ...]:
    """The files of a data set that has a list, sorted by name."""
    return tuple(Listed(**row) for row in _rows(of.files))


@cache
def maestro_beats() -> tuple[MaestroBeats, ...]:
    """ASAP's annotations of MAESTRO."""
    return tuple(MaestroBeats(**row) for row in _rows("asap-maestro.csv.gz"))


def _rows(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(LISTS / name, "rt", newline="", encoding="utf-8") as table:
        yield from csv.DictReader(table)


def found_in(text: str, hashes: Collection[str]) -> tuple[DataSet, ...]:
    """The data sets that training data is from.

    Args:
        text: a description of the data, which may name them.
        hashes: the first 16 digits of the SHA-256 of each file.
    """
    known = set(hashes)
    return tuple(
        each
        for each in SETS
        if each.name in text or (each.files and any(row.sha256[:16] in known for row in listed(each)))
    )


def credit(sets: Collection[DataSet]) -> str:
    """Name the sources and licences of data sets, for a model card."""
    alike = [each.name for each in sets if each.licence == SHARE_ALIKE]
    parts = [f"{each.name} ({each.licence}): {each.source}" for each in sets]
    model = f" The model is under {SHARE_ALIKE}, like {' and '.join(alike)}." if alike else ""
    return f"Trained on {'; '.join(parts)}.{model} The code of livegen is under Apache-2.0."
