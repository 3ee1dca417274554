"""livegen remembers what was played: in an evening, between evenings, and until it is to forget."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import mido
import pytest
from livegen_process import Start, livegen
from phrases import Phrase, save
from test_same_seed import notes

RIFF = (62, 65, 69, 74, 72, 67, 70, 65)
SHORT = ("--response-min", "1", "--response-max", "1", "--silence", "0.5")


def riffs(*starts: float) -> Phrase:
    """The riff, beginning at these times [s]."""
    return [
        (start + 0.15 * i + release, mido.Message("note_off" if release else "note_on", note=pitch, velocity=70))
        for start in starts
        for i, pitch in enumerate(RIFF)
        for release in (0.0, 0.12)
    ]


@pytest.fixture
def played(tmp_path: Path) -> Path:
    return save(riffs(0), tmp_path / "played.mid")


def test_the_same_evening_gives_the_same_and_memory_is_heard(tmp_path: Path, environment: Mapping[str, str]) -> None:
    evening = save(riffs(0, 6, 12), tmp_path / "evening.mid")

    def response(name: str, memory: str) -> list[tuple[float, int, int]]:
        path = tmp_path / f"{name}.mid"
        words = ("--in", str(evening), "--out", str(path), "--fast", "--seed", "3", "--memory", memory)
        done = livegen(*words, environment=environment)
        assert done.returncode == 0, done.stderr
        return notes(path, "response")

    one, two, without = response("one", "1"), response("two", "1"), response("without", "0")
    assert one == two
    assert [note for note in one if note[0] < 6] == [note for note in without if note[0] < 6]  # nothing to remember
    assert one != without


def test_it_is_kept_until_the_next_evening_and_can_be_forgotten(
    start: Start, played: Path, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    words = ("--in", str(played), "--out", str(tmp_path / "first.mid"), "--remember", "always", *SHORT)
    done = livegen(*words, environment=environment)
    assert (done.returncode, "memory: 0 notes from before, " in done.stderr) == (0, True), done.stderr
    file = Path(environment["XDG_STATE_HOME"]) / "livegen" / "livegen.memory"
    assert file.stat().st_mode & 0o777 == 0o600
    second = start("--virtual", "--remember", "always")
    second.says(f"memory: 7 notes from before, {file}")
    status = livegen("status", "--json", environment=environment)
    assert json.loads(status.stdout)["remembered"] == 7
    forget = livegen("forget", environment=environment)
    assert (forget.returncode, forget.stdout) == (0, "What was played is forgotten.\n")
    assert json.loads(livegen("status", "--json", environment=environment).stdout)["remembered"] == 0
    assert second.stop() == 0
    assert "Forgotten: 7 notes that you had played." in second.log
    assert not file.exists()


def test_a_damaged_memory_is_set_aside(start: Start, environment: Mapping[str, str]) -> None:
    file = Path(environment["XDG_STATE_HOME"]) / "livegen" / "livegen.memory"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"not a memory")
    daemon = start("--virtual", "--remember", "always")
    daemon.says(f"The memory {file} is damaged: ")
    assert file.with_name("livegen.memory.damaged").read_bytes() == b"not a memory"
    assert daemon.stop() == 0
