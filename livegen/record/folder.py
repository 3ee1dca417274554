"""The folder of recordings: its names, what is in it, and what has to go.

A recording is `2026-11-28T20-30-15Z.mid`, by the time of its first note in UTC, or `....kept.mid`. While it is played,
and after a crash, it is `....journal`.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from livegen.errors import DataError, did_you_mean
from livegen.record.journal import SUFFIX

MIDI, KEPT = ".mid", ".kept.mid"
NAME = "%Y-%m-%dT%H-%M-%SZ"
MEGABYTE = 1_000_000
DAY = 86_400.0  # s


@dataclass(frozen=True, slots=True)
class Recording:
    """A file in the folder."""

    id: str
    file: Path

    @property
    def kept(self) -> bool:
        return self.file.name.endswith(KEPT)

    @property
    def unfinished(self) -> bool:
        """Whether it is a journal: it is being played, or a crash left it."""
        return self.file.suffix == SUFFIX

    @property
    def start(self) -> datetime | None:
        """When it began, by its name, in UTC."""
        day, _, clock = self.id[: len("2026-11-28T20-30-15Z")].partition("T")
        try:  # not strptime, which takes 8 ms for its imports while livegen starts
            return datetime.fromisoformat(f"{day}T{clock.replace('-', ':')}") if clock.endswith("Z") else None
        except ValueError:
            return None


def folder(environ: Mapping[str, str]) -> Path:
    """Where recordings are: in the StateDirectory of a service, else in $XDG_STATE_HOME."""
    service = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if service:
        return Path(service) / "recordings"
    home = environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111  (Path's may raise)
    return Path(home) / "livegen" / "recordings"


def make(place: Path) -> None:
    """Create the folder, for its owner only.

    Raises:
        OSError: it cannot be created.
    """
    try:
        place.parent.parent.mkdir(parents=True, exist_ok=True)
        for path in (place.parent, place):
            path.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:  # "File exists" would not say what is wrong
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), error.filename) from None


def recordings(place: Path) -> list[Recording]:
    """All recordings by time. A journal whose MIDI file exists already is left out.

    Raises:
        DataError: the folder cannot be read.
    """
    try:
        names = sorted(entry.name for entry in place.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{place}: cannot be read ({error.strerror}).") from error
    found: dict[str, Recording] = {}
    for name in names:
        suffix = next((each for each in (KEPT, MIDI, SUFFIX) if name.endswith(each)), None)
        if suffix is not None and not name.startswith("."):
            id_ = name.removesuffix(suffix)
            if suffix != SUFFIX or id_ not in found:
                found[id_] = Recording(id_, place / name)
    return sorted(found.values(), key=lambda each: each.id)


def find(place: Path, name: str) -> Recording:
    """The recording with this id or with an id that begins so; "last": the last one.

    Raises:
        DataError: there is none, or there are several.
    """
    every = recordings(place)
    if name == "last" and every:
        return every[-1]
    found = [each for each in every if each.id == name] or [each for each in every if name and each.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{name} may mean {found[0].id} or {found[1].id}. Write more of it.")
    near = did_you_mean(name, [each.id for each in every]) or " `livegen recordings` lists all."
    raise DataError(f"There is no recording {name} in {place}.{near}")


def ids(seconds: float) -> Iterator[str]:
    """The names for a recording that begins at this time (s since 1970), best first."""
    name = datetime.fromtimestamp(seconds, UTC).strftime(NAME)
    for number in count(1):
        yield name if number == 1 else f"{name}-{number}"


def keep(recording: Recording) -> Recording:
    """Exclude a recording from deletion.

    Raises:
        OSError: it cannot be renamed.
    """
    if recording.kept:
        return recording
    kept = recording.file.with_name(f"{recording.id}{KEPT}")
    recording.file.rename(kept)
    return Recording(recording.id, kept)


def surplus(place: Path, megabytes: float, days: float, now: float | None = None) -> list[Recording]:
    """What has to go: recordings older than `days`, then the oldest ones until the rest takes at most `megabytes`.

    Kept recordings and journals stay, and do not count.

    Raises:
        DataError: the folder cannot be read.
    """
    now = time.time() if now is None else now
    sizes: dict[Recording, int] = {}
    for each in recordings(place):
        if not each.kept and not each.unfinished:
            with suppress(OSError):  # another process has removed it
                sizes[each] = each.file.stat().st_size
    total = sum(sizes.values())
    going = []
    for each, size in sizes.items():
        old = each.start is not None and now - each.start.timestamp() > days * DAY
        if old or total > megabytes * MEGABYTE:
            going.append(each)
            total -= size
    return going


def prune(place: Path, megabytes: float, days: float) -> list[Recording]:
    """Delete what has to go. Returns what is deleted.

    Raises:
        DataError: the folder cannot be read.
    """
    gone = []
    for each in surplus(place, megabytes, days):
        with suppress(OSError):  # the next time
            each.file.unlink()
            gone.append(each)
    return gone
