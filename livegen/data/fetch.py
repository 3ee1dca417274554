"""MAESTRO, from Magenta's own address or from a copy at hand."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from livegen.data.download import DownloadError, Tell, download
from livegen.data.unpack import unpack
from livegen.errors import DataError
from livegen.files import claimed, unwritable

HOME = "https://magenta.tensorflow.org/datasets/maestro"
LICENCE = (
    "MAESTRO is under CC BY-NC-SA 4.0: not for commercial use; what you make of it is under the same licence and"
    " names its source: Hawthorne et al., Enabling Factorized Piano Music Modeling and Generation with the MAESTRO"
    " Dataset, ICLR 2019."
)


@dataclass(frozen=True, slots=True)
class Release:
    """One version of MAESTRO, without the sound."""

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
    for release in (  # the checksums are those that Magenta publishes
        _official("2.0.0", "ec2cc9d94886c6b376db1eaa2b8ad1ce62ff9f0a28b3744782b13163295dadf3"),
        _official("3.0.0", "70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c"),
    )
}


@dataclass(frozen=True, slots=True)
class Copy:
    """A release in a folder."""

    folder: Path
    files: int  # that its table names
    missing: int  # of these, how many are not there


def present(release: Release, into: Path) -> Copy | None:
    """The release's folder in `into`, if there is one.

    Raises:
        DataError: there is, and it is something else.
    """
    folder = into / release.name
    return _inspect(folder, release, folder) if folder.exists() else None


def fetch(release: Release, into: Path, tell: Tell) -> Copy:
    """Download a release, check it, and unpack it into a folder of its name in `into`.

    Raises:
        DataError: it cannot be had, is not what was published, or another process fills the folder.
        ConfigError: nothing can be written there.
        PortError: the disk is full. What came so far stays in a .part file, and the next call goes on from there.
    """
    part = into / f"{release.name}-midi.zip.part"
    with _filled(into):
        if not part.exists() or _sha256(part) != release.sha256:
            try:
                download(release.url, part, tell)
            except DownloadError as error:
                todo = "Name another --url" if error.refused else "To go on from where it stopped, run this again"
                raise DataError(
                    f"{release.url}: {error}. {todo}; or get the zip from {HOME} in another way, and say --from FILE."
                ) from error
            found = _sha256(part)
            if found != release.sha256:
                part.unlink()
                raise DataError(
                    f"{release.url}: what came is not what was published: its SHA-256 is {found} instead of"
                    f" {release.sha256}. It was removed; run this again to download it anew."
                )
        copy = _take(part, release, into)
        part.unlink()
    return copy


def take(source: Path, release: Release, into: Path) -> Copy:
    """Unpack a release from a zip, a tar or a folder into a folder of its name in `into`.

    Raises:
        DataError: it is not that release, is damaged, or another process fills the folder.
        ConfigError: nothing can be written there.
        PortError: the disk is full. In each case nothing is left of it in `into`.
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
    """Hold a folder against its table. Errors name `source`."""
    tables = sorted(folder.glob("maestro-v*.csv"))
    if folder / f"{release.name}.csv" not in tables:
        what = f"this is {tables[0].stem}" if tables else f"there is no {release.name}.csv in it"
        raise DataError(f"{source}: not {release.name}: {what}. Name another one, or say --version.")
    try:
        with (folder / f"{release.name}.csv").open(newline="", encoding="utf-8") as table:
            names = [row["midi_filename"] for row in csv.DictReader(table)]
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{source}: its table {release.name}.csv is damaged ({error!r}). Get it anew.") from error
    return Copy(folder, len(names), sum(not (folder / name).is_file() for name in names))


@contextmanager
def _filled(into: Path) -> Iterator[None]:
    """A folder that this process alone fills. It is not left behind empty."""
    busy = f"{into}: another process is filling it. Wait for its end, or name another folder."
    made = [folder for folder in (into, *into.parents) if not folder.exists()]
    try:
        into.mkdir(parents=True, exist_ok=True)
        with claimed(into, busy):
            yield
    except OSError as error:
        raise unwritable(into, error, "Put that right, and run this again.") from error
    finally:
        with suppress(OSError):  # there is something in it
            for folder in made:
                folder.rmdir()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
