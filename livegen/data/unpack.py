"""Unpacks archives and folders safely."""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from livegen.errors import DataError

# What the readers raise for a damaged archive, besides OSError. RuntimeError: it is encrypted, or has a compression
# that Python does not support.
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, RuntimeError)


def unpack(source: Path, folder: Path, wanted: Callable[[PurePosixPath], bool]) -> None:
    """Write the wanted regular files of a zip, a tar or a folder to `folder`. Links are left out.

    Raises:
        DataError: the source is not an archive, is damaged, or contains a path outside of `folder`.
        OSError: a file cannot be read or written.
    """
    try:
        for name, stream in _members(source):
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts:
                raise DataError(f"{source}: contains the unsafe path {name!r}. Use another source.")
            if not wanted(path):
                continue
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(stream, file)
    except DAMAGE as error:
        reason = str(error).partition(":\n")[0]  # without the errors of each kind of tar
        raise DataError(f"{source}: damaged, or neither a zip nor a tar ({reason}). Download it again.") from error


def _members(source: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The name and content of each regular file."""
    if source.is_dir():
        for path in sorted(path for path in source.rglob("[!.]*") if path.is_file()):  # without hidden files
            with path.open("rb") as stream:
                yield path.relative_to(source).as_posix(), stream
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    with archive.open(entry) as stream:
                        yield entry.filename, stream
    else:
        with tarfile.open(source) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is not None:
                    with content:
                        yield member.name, content
