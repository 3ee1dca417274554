"""Gets a data set, from its makers' server or from a local copy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Protocol

from livegen.data.download import DownloadError, Progress, download
from livegen.data.unpack import unpack
from livegen.errors import DataError
from livegen.files import claimed, unwritable


@dataclass(frozen=True, slots=True)
class Copy:
    """A release in a folder."""

    folder: Path
    files: int  # number of files in its table
    missing: int  # number of these that do not exist


class Release(Protocol):
    """A data set in an archive of its makers."""

    @property
    def name(self) -> str:
        """Of its folder."""

    @property
    def archive(self) -> str:
        """The name of the downloaded file."""

    @property
    def url(self) -> str:
        """Of the archive."""

    @property
    def sha256(self) -> str | None:
        """Of the archive; None if only its files have known checksums."""

    @property
    def home(self) -> str:
        """A page where a person finds the archive."""

    @property
    def licence(self) -> str:
        """To print."""

    def wanted(self, path: PurePosixPath) -> bool:
        """Whether a file of the archive may be needed."""

    def arrange(self, whole: Path, source: Path) -> Path:
        """The folder to keep, inside or beside `whole`, the unpacked archive.

        Raises:
            DataError: it is not this release. The error names `source`.
        """

    def inspect(self, folder: Path, source: Path) -> Copy:
        """Count the files in the release's folder.

        Raises:
            DataError: it is not this release. The error names `source`.
        """


def present(release: Release, into: Path) -> Copy | None:
    """The release in `into`, or None.

    Raises:
        DataError: the folder contains something else.
    """
    folder = into / release.name
    return release.inspect(folder, folder) if folder.exists() else None


def fetch(release: Release, into: Path, progress: Progress) -> Copy:
    """Download a release, check it, and unpack it into a folder of its name in `into`.

    Raises:
        DataError: the download failed or has a wrong checksum, or another process writes to the folder.
        ConfigError: the folder cannot be written.
        StorageError: the disk is full. The bytes so far stay in a .part file, and the next call resumes.
    """
    archive = into / release.archive
    with _filled(into):
        if not archive.exists():
            _download(release, archive, progress)
        try:
            copy = _take(archive, release, into)
        except DataError:
            archive.unlink()
            raise
        archive.unlink()
    return copy


def _download(release: Release, archive: Path, progress: Progress) -> None:
    part = archive.with_name(f"{archive.name}.part")
    try:
        download(release.url, part, progress)
    except DownloadError as error:
        todo = "Use another --url" if error.refused else "To resume the download, run this again"
        raise DataError(
            f"{release.url}: {error}. {todo}. Or download the zip from {release.home} yourself and use --from FILE."
        ) from error
    found = _sha256(part)
    if release.sha256 not in (None, found):
        part.unlink()
        raise DataError(
            f"{release.url}: the file has a wrong checksum: its SHA-256 is {found} instead of"
            f" {release.sha256}. It was deleted. To download it again, run this again."
        )
    part.replace(archive)


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
        unpack(source, whole, release.wanted)
        copy = release.inspect(release.arrange(whole, source), source)
        copy.folder.rename(into / release.name)
    return replace(copy, folder=into / release.name)


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
