from __future__ import annotations

import errno
from pathlib import Path

import pytest

from livegen import claim
from livegen.errors import DataError


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_who_comes_second_is_refused_until_it_is_let_go(tmp_path: Path, kind: str) -> None:
    path = tmp_path
    if kind == "file":
        path = tmp_path / "lock"
        path.write_text("kept")
    with claim.claimed(path, "busy"), pytest.raises(DataError, match="busy"), claim.claimed(path, "busy"):
        pass
    with claim.claimed(path, "busy"):
        pass
    assert kind == "folder" or path.read_text() == "kept"


def test_where_there_are_no_locks_the_user_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with claim.claimed(tmp_path, "busy"):
        monkeypatch.setattr(claim.fcntl, "flock", refuse)  # a file system without them
        with claim.claimed(tmp_path, "busy"):
            monkeypatch.setattr(claim, "fcntl", None)  # Windows
            with claim.claimed(tmp_path, "busy"):
                pass
