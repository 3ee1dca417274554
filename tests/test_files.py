from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from livegen import files
from livegen.config.load import load
from livegen.engine import card
from livegen.errors import ConfigError, DataError, ModelError
from livegen.files import drafted, limited, try_out
from livegen.smf import events


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    path.write_text("before")
    with pytest.raises(RuntimeError, match="half"), drafted(path) as draft:
        _break_off(draft)
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"a.mid": "before"}
    with drafted(path) as draft:
        assert draft.suffix == ".mid"  # what is written may go by it
        draft.write_text("after")
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"a.mid": "after"}


def test_a_place_that_takes_no_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("file/a.mid", "nowhere/a.mid"):
        with pytest.raises(OSError):  # noqa: PT011  (whatever the system says)
            try_out(tmp_path / place)
        with pytest.raises(OSError), drafted(tmp_path / place) as draft:  # noqa: PT011
            draft.touch()
    try_out(tmp_path / "a.mid")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_the_drafts_of_killed_processes_go_and_others_stay(tmp_path: Path) -> None:
    others = [f".{os.getppid()}.[a].mid", ".99999999.a.mid", ".x.[a].mid", "[a].mid"]
    for name in (*others, ".99999999.[a].mid"):
        (tmp_path / name).touch()
    files.remove_drafts(tmp_path / "[a].mid")
    assert {each.name for each in tmp_path.iterdir()} == set(others)


def _break_off(draft: Path) -> None:
    draft.write_text("half")
    raise RuntimeError("half")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_who_comes_second_is_refused_until_it_is_let_go(tmp_path: Path, kind: str) -> None:
    path = tmp_path
    if kind == "file":
        path = tmp_path / "lock"
        path.write_text("kept")
    with files.claimed(path, "busy"), pytest.raises(DataError, match="busy"), files.claimed(path, "busy"):
        pass
    with files.claimed(path, "busy"):
        pass
    assert kind == "folder" or path.read_text() == "kept"


def test_where_there_are_no_locks_the_user_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with files.claimed(tmp_path, "busy"):
        monkeypatch.setattr(files.fcntl, "flock", refuse)  # a file system without them
        with files.claimed(tmp_path, "busy"):
            monkeypatch.setattr(files, "fcntl", None)  # Windows
            with files.claimed(tmp_path, "busy"):
                pass


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1234")
    assert limited(path, 4) == b"1234"
    with pytest.raises(OSError, match="larger than 3e-06 MB"):
        limited(path, 3)
    with pytest.raises(OSError, match="larger"):
        limited(Path("/dev/zero"), 1000)


def test_settings_midi_files_and_models_have_a_largest_size(tmp_path: Path) -> None:
    """Sparse files: they would fill the memory, not the disk."""
    model = tmp_path / "model"
    for name in ("livegen.toml", "a.mid", "model/model.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.truncate(10**12)
    with pytest.raises(ConfigError, match=r"livegen\.toml: cannot be read: it is larger than 1 MB\."):
        load({}, {}, tmp_path / "livegen.toml")
    with pytest.raises(DataError, match=r"a\.mid: cannot be read \(it is larger than 64 MB\)\."):
        events.read(tmp_path / "a.mid")
    with pytest.raises(ModelError, match=r"model\.json: cannot be read \(it is larger than 1 MB\)"):
        card.read(model)
