from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from livegen.engine.learning import Forget
from livegen.engine.passages import MOST, Call
from livegen.live import kept as keeping
from livegen.live.kept import Kept, place
from livegen.note import MonotonicTime, SoundedNote
from livegen.record import journal


def call(count: int = 5, pitch: int = 60) -> Call:
    return Call((), tuple(SoundedNote(pitch + i % 12, MonotonicTime(0.2 * i), 0.1, 64) for i in range(count)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return place("left", {"XDG_STATE_HOME": str(tmp_path)})


def stored(path: Path, *items: Call | Forget) -> list[str]:
    """An evening. Returns what was warned of."""
    warned: list[str] = []
    kept = Kept(path, warned.append)
    kept.load()
    with kept:
        for item in items:
            kept.hear(item)
    return warned


def loaded(path: Path) -> tuple[list[tuple[int, ...]], list[str]]:
    """The pitches of each passage, and what was warned of."""
    warned: list[str] = []
    return [tuple(token[1] for token in each.tokens) for each in Kept(path, warned.append).load()], warned


def pitches(*calls: Call) -> list[tuple[int, ...]]:
    return [tuple(note.pitch for note in each.notes) for each in calls]


def test_evenings_add_up_and_only_the_owner_can_read_them(path: Path, tmp_path: Path) -> None:
    assert path == tmp_path / "livegen" / "left.memory"
    assert loaded(path) == ([], [])
    assert stored(path, call(5), call(7)) == []
    assert stored(path, call(3)) == []
    assert loaded(path) == (pitches(call(5), call(7), call(3)), [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {each.name for each in path.parent.iterdir()} <= {path.name, "recordings"}


def test_forgetting_removes_the_file(path: Path) -> None:
    stored(path, call(5), Forget.ALL)
    assert not path.exists()
    stored(path, call(5), Forget.ALL, call(4))
    assert loaded(path) == (pitches(call(4)), [])


def test_the_file_has_a_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "LARGEST", 40_000)
    monkeypatch.setattr("livegen.engine.passages.MOST", 300)
    stored(path, *[call(100)] * 50)
    assert path.stat().st_size <= 40_000
    found, warned = loaded(path)
    assert (set(found), warned) == (set(pitches(call(100))), [])
    assert MOST == 20_000


@pytest.mark.parametrize("lost", [1, 40, 200])
def test_of_a_file_that_was_cut_off_the_whole_calls_are_used(path: Path, lost: int) -> None:
    stored(path, call(5), call(7))
    path.write_bytes(path.read_bytes()[:-lost])
    found, warned = loaded(path)
    assert found in ([], pitches(call(5)))
    assert len(warned) == 1
    assert "is damaged: " in warned[0]
    assert path.with_name("left.memory.damaged").exists()
    assert loaded(path) == ([], [])  # it is set aside


def changed(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def written(*entries: journal.Entry) -> bytes:
    return journal.MAGIC + b"".join(journal.encoded(entry) for entry in entries)


HEAD = {"kind": "memory", "scheme": keeping.SCHEME}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"import os",
        b"\x80\x04\x95 a pickle",
        written({"kind": "memory", "scheme": "another"}),
        written(HEAD, {"kind": "passage", "first": 1, "tokens": [[80, 1, 1, 1, 1], [1, 128, 1, 1, 1]]}),
        written(HEAD, {"kind": "passage"}),
        b"x" * 9_000_000,
    ],
)
def test_what_is_not_a_memory_is_set_aside_with_one_sentence(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    found, warned = loaded(path)
    assert (found, len(warned)) == ([], 1)
    assert path.with_name("left.memory.damaged").read_bytes() == content
    assert stored(path, call(5)) == []
    assert loaded(path) == (pitches(call(5)), [])


def test_a_changed_byte_is_noticed(path: Path) -> None:
    stored(path, call(50))
    path.write_bytes(changed(path.read_bytes()))
    found, (warning,) = loaded(path)
    assert found == []
    assert "0 notes of it are used" in warning


def test_what_is_no_file_is_not_opened(path: Path) -> None:
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    found, warned = loaded(path)
    assert (found, len(warned)) == ([], 1)


def test_a_disk_that_cannot_be_written_is_told_and_the_music_goes_on(path: Path) -> None:
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.write_text("a file in place of the folder")
    (warning,) = stored(path, call(5))
    assert warning.startswith(f"The memory {path} cannot be written (")
