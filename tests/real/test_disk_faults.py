"""Disks that are really full or read-only: told once, the music goes on, and nothing that was played is lost."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from livegen_process import Start, livegen
from musician import Musician
from phrases import chord

SHORT = ("--response-min", "1", "--response-max", "1")


def mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


@pytest.fixture
def disk(environment: Mapping[str, str]) -> Iterator[Path]:
    """A small disk for the recordings."""
    place = Path(environment["XDG_STATE_HOME"])
    place.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=64k", "recordings", place)
    except (subprocess.CalledProcessError, OSError):
        pytest.skip("only root may mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> Callable[[], None]:
    """Fill the disk. Returns what makes room again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1024))
        except OSError:
            pass
    return ballast.unlink


def protect(disk: Path) -> Callable[[], None]:
    """Make the disk read-only. Returns what makes it writable again."""
    mount("-o", "remount,ro", disk)
    return lambda: mount("-o", "remount,rw", disk)


@pytest.mark.may_skip("only root may mount a disk")
@pytest.mark.parametrize(
    ("fault", "why"), [(fill, "No space left on device"), (protect, "Read-only file system")], ids=["full", "read-only"]
)
def test_a_disk_that_cannot_be_written_is_told_once_and_used_when_it_can(
    fault: Callable[[Path], Callable[[], None]],
    why: str,
    between: Start,
    musician: Musician,
    environment: Mapping[str, str],
    disk: Path,
) -> None:
    mend = fault(disk)
    daemon = between(*SHORT)
    for key in (21, 22):  # no response plays so low: these are no echoes
        musician.forget()
        musician.play(chord(key, key + 2))
        musician.await_response()
    daemon.says("cannot be written")
    mend()
    assert daemon.stop() == 0
    assert (daemon.log.count("cannot be written"), why in daemon.log) == (1, True)
    done = livegen("recordings", "--json", environment=environment)
    assert [recording["notes"]["call"] for recording in json.loads(done.stdout)] == [4]
