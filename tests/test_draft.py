from __future__ import annotations

from pathlib import Path

import pytest

from livegen.draft import drafted, try_out


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


def _break_off(draft: Path) -> None:
    draft.write_text("half")
    raise RuntimeError("half")
