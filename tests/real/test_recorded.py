"""Nothing that was played is lost, whatever becomes of the daemon and of the disk."""

from __future__ import annotations

import json
import resource
import signal
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from livegen_process import Start, livegen
from mido import MidiFile
from musician import Musician, until
from phrases import chord

from livegen.record.journal import read

SHORT = ("--response-min", "1", "--response-max", "1")


def recordings(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    done = livegen("recordings", "--json", environment=environment)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture
def place(environment: Mapping[str, str]) -> Path:
    return Path(environment["XDG_STATE_HOME"]) / "livegen" / "recordings"


def journaled(place: Path, kind: str) -> int:
    """How many entries the only journal has of this kind: MIDI messages by their status."""
    journals = list(place.glob("*.journal"))
    return sum(entry["kind"] == kind or entry.get("midi", "").startswith(kind) for j in journals for entry in read(j))


def test_what_was_played_survives_a_kill(
    between: Start, musician: Musician, environment: Mapping[str, str], place: Path
) -> None:
    killed = between(*SHORT)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    until(lambda: journaled(place, "90") == 3 and journaled(place, "note"), "it is in the journal")
    killed.send(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    again = between(*SHORT)
    again.says("Recovered")
    (found,) = recordings(environment)
    assert found["notes"]["call"] == 3 and found["notes"]["response"] > 0
    assert [track.name for track in MidiFile(found["file"]).tracks[1:]] == ["Keyboard:out", "response"]


@pytest.mark.parametrize(("keep", "keys"), [("key:C8", (108,)), ("key:A0+C8", (21, 108))])
def test_a_stop_makes_a_recording_for_the_owner_only_and_a_key_or_two_keep_it(
    keep: str, keys: tuple[int, ...], between: Start, musician: Musician, environment: Mapping[str, str], place: Path
) -> None:
    daemon = between("--keep", keep, *SHORT)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    musician.hear_out()
    musician.play(chord(*keys))
    daemon.says("will be kept")
    assert daemon.stop() == 0
    (found,) = recordings(environment)
    assert found["notes"]["call"] == 3 and found["notes"]["response"] > 0 and found["kept"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place, Path(found["file"]))] == [0o700, 0o600]


def test_a_full_disk_is_told_once_and_what_is_played_then_is_written_when_it_is_possible(
    between: Start, musician: Musician, environment: Mapping[str, str], place: Path
) -> None:
    daemon = between(*SHORT)
    limit = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    until(lambda: journaled(place, "90") == 3, "it is in the journal")
    size = sum(path.stat().st_size for path in place.glob("*.journal"))
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (size, limit[1]))
    for _ in range(2):
        musician.forget()
        musician.play(chord(21, 22, 23))  # no response plays so low: these are no echoes
        musician.await_response()
    daemon.says("File too large")
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, limit)
    assert daemon.stop() == 0
    assert daemon.log.count("cannot be written") == 1
    (found,) = recordings(environment)
    assert found["notes"]["call"] == 9
