"""Gets MAESTRO, from Magenta's server or from a local copy."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from livegen.data.download import DownloadError, Progress, download
from livegen.data.unpack import unpack
from livegen.errors import DataError
from livegen.files import claimed, unwritable

HOME = "https://magenta.tensorflow.org/datasets/maestro"
LICENCE = (
    "MAESTRO has the licence CC BY-NC-SA 4.0: no commercial use, and what you derive from it must have the same licence"
    " and name the source: Hawthorne et al., Enabling Factorized Piano Music Modeling and Generation with the MAESTRO"
    " Dataset, ICLR 2019."
)


@dataclass(frozen=True, slots=True)
class Release:
    """A version of MAESTRO, without the audio."""

    version: str
    url: str
    sha256: str

    @property
    def name(self) -> str:
        return f"maestro-v{self.version}"


def _official(version: str, sha256: str) -> Release:
    root = "https://storage.googleapis.com/magentadata/datasets/maestro"
    return Release(version, f"{root}/v{version}/maestro-v{version}-midi.zip", sha256)


RELEASES = {
    release.version: release
    for release in (  # with the checksums that Magenta publishes
        _official("2.0.0", "ec2cc9d94886c6b376db1eaa2b8ad1ce62ff9f0a28b3744782b13163295dadf3"),
        _official("3.0.0", "70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c"),
    )
}


@dataclass(frozen=True, slots=True)
class Copy:
    """A release in a folder."""

    folder: Path
    files: int  # number of files in its table
    missing: int  # number of these that do not exist


def present(release: Release, into: Path) -> Copy | None:
    """The release in `into`, or None.

    Raises:
        DataError: the folder contains something else.
    """
    folder = into / release.name
    return _inspect(folder, release, folder) if folder.exists() else None


def fetch(release: Release, into: Path, progress: Progress) -> Copy:
    """Download a release, check it, and unpack it into a folder of its name in `into`.

    Raises:
        DataError: the download failed or has a wrong checksum, or another process writes to the folder.
        ConfigError: the folder cannot be written.
        StorageError: the disk is full. The bytes so far stay in a .part file, and the next call resumes.
    """
    part = into / f"{release.name}-midi.zip.part"
    with _filled(into):
        if not part.exists() or _sha256(part) != release.sha256:
            try:
                download(release.url, part, progress)
            except DownloadError as error:
                todo = "Use another --url" if error.refused else "To resume the download, run this again"
                raise DataError(
                    f"{release.url}: {error}. {todo}. Or download the zip from {HOME} yourself and use --from FILE."
                ) from error
            found = _sha256(part)
            if found != release.sha256:
                part.unlink()
                raise DataError(
                    f"{release.url}: the file has a wrong checksum: its SHA-256 is {found} instead of"
                    f" {release.sha256}. It was deleted. To download it again, run this again."
                )
        copy = _take(part, release, into)
        part.unlink()
    return copy


def take(source: Path, release: Release, into: Path) -> Copy:
    """Unpack a release from a zip, a tar or a folder into a folder of its name in `into`.

    Raises:
        DataError: the source is another release or damaged, or another process writes to the folder.
        ConfigError: the folder cannot be written.
        StorageError: the disk is full. After an error, nothing is left in `into`.
    """
    if not source.exists():
        raise DataError(f"{source}: there is no such file or folder.")
    with _filled(into):
        return _take(source, release, into)


def _take(source: Path, release: Release, into: Path) -> Copy:
    with TemporaryDirectory(dir=into, prefix=f".{release.name}-") as temporary:
        whole = Path(temporary) / "whole"
        whole.mkdir()
        unpack(source, whole)
        tables = sorted(whole.rglob("maestro-v*.csv"), key=lambda path: len(path.parts))
        copy = _inspect(tables[0].parent if tables else whole, release, source)
        copy.folder.rename(into / release.name)
    return Copy(into / release.name, copy.files, copy.missing)


def _inspect(folder: Path, release: Release, source: Path) -> Copy:
    """Compare a folder with its table. Errors name `source`."""
    tables = sorted(folder.glob("maestro-v*.csv"))
    if folder / f"{release.name}.csv" not in tables:
        what = f"this is {tables[0].stem}" if tables else f"{release.name}.csv is missing"
        raise DataError(f"{source}: not {release.name}: {what}. Use another source, or another --version.")
    try:
        with (folder / f"{release.name}.csv").open(newline="", encoding="utf-8") as table:
            names = [row["midi_filename"] for row in csv.DictReader(table)]
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{source}: its table {release.name}.csv is damaged ({error!r}). Download it again.") from error
    return Copy(folder, len(names), sum(not (folder / name).is_file() for name in names))


@contextmanager
def _filled(into: Path) -> Iterator[None]:
    """Create a folder that no other process may write to at the same time. If it stays empty, remove it."""
    busy = f"{into}: another process is writing to it. Wait until it ends, or use another folder."
    made = [folder for folder in (into, *into.parents) if not folder.exists()]
    try:
        into.mkdir(parents=True, exist_ok=True)
        with claimed(into, busy):
            yield
    except OSError as error:
        raise unwritable(into, error, "Correct this, and run the command again.") from error
    finally:
        with suppress(OSError):  # not empty
            for folder in made:
                folder.rmdir()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
