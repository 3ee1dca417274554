"""Looks at the folder of recordings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from livegen.doctor.facts import Storage
from livegen.record.folder import folder


def look(environ: Mapping[str, str], *, wanted: bool) -> Storage:
    """The folder that a livegen with this environment uses."""
    place = folder(environ)
    try:
        existing = next(path for path in (place, *place.parents) if path.exists())
        refusal = "" if os.access(existing, os.W_OK | os.X_OK) else _why(existing)
        free = os.statvfs(existing) if hasattr(os, "statvfs") else None
    except OSError as error:
        return Storage(place, wanted, error.strerror or str(error))
    return Storage(place, wanted, refusal, None if free is None else free.f_bavail * free.f_frsize)


def _why(path: Path) -> str:
    if not path.is_dir():
        return f"{path} is not a folder"
    return "the file system is read-only" if os.statvfs(path).f_flag & os.ST_RDONLY else "no permission"


def environment_of(pid: int, own: Mapping[str, str], proc: Path = Path("/proc")) -> Mapping[str, str]:
    """The environment of another process, if this user may see it, else `own`."""
    try:
        text = (proc / str(pid) / "environ").read_bytes().decode(errors="surrogateescape")
    except OSError:
        return own
    return dict(pair.split("=", 1) for pair in text.split("\0") if "=" in pair) or own
