"""Archives and folders, unpacked where they cannot do harm."""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from livegen.errors import DataError

SOUND = {".wav", ".mp3"}  # left out: nobody needs these hundred gigabytes here

# What the readers of archives raise on a damaged one, beside OSError. RuntimeError: encrypted, or packed in a way
# that Python does not know.
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, RuntimeError)


def unpack(source: Path, folder: Path) -> None:
    """Write the regular files of a zip, a tar or a folder below `folder`; links and sound are left out.

    Raises:
        DataError: it is no archive, is damaged, or a name in it leads out of `folder`.
        OSError: a file cannot be read or written.
    """
    try:
        for name, stream in _members(source):
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts:
                raise DataError(f"{source}: the name {name!r} in it leads out of the folder. Get it from elsewhere.")
            if path.suffix.lower() in SOUND:
                continue
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(stream, file)
    except DAMAGE as error:
        reason = str(error).partition(":\n")[0]  # not what each way of reading a tar has to say
        raise DataError(f"{source}: damaged, or neither a zip nor a tar ({reason}). Get it anew.") from error


def _members(source: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each regular file."""
    if source.is_dir():
        for path in sorted(path for path in source.rglob("[!.]*") if path.is_file()):  # without a cache of ours
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
