"""livegen recordings, as a user meets it."""

from __future__ import annotations

import json
import os
import sys
import wave
from datetime import datetime
from pathlib import Path

import mido
import pytest

from livegen.cli import main as cli
from livegen.errors import PortError
from livegen.files import claimed
from livegen.io import fluid
from tests.record.played import ID, START, answer, journal, key

OLD = "2001-01-01T00-00-00Z"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two journals that a crash left."""
    for name in os.environ:
        if name.startswith("LIVEGEN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place = tmp_path / "livegen" / "recordings"
    journal(place, [*key(101.0, 60), *key(102.0, 62), *answer(104.0, 72)])
    journal(place, key(101.0, 60), OLD)
    return place


def livegen(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> str:
    assert cli.main(["recordings", *map(str, words)]) == status
    said = capsys.readouterr()
    return said.err if status else said.out


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def test_the_list_has_what_a_crash_left(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(livegen(capsys, "--json"))
    assert names(place) == [f"{OLD}.mid", f"{ID}.mid"]
    assert listed[1] == {
        "id": ID,
        "start": datetime.fromtimestamp(START).astimezone().isoformat(),
        "seconds": 4.5,
        "notes": {"call": 2, "response": 1},
        "kept": False,
        "file": str(place / f"{ID}.mid"),
    }
    head, old, last = livegen(capsys).splitlines()
    assert head.split() == ["ID", "Start", "Length", "You", "livegen"]
    assert old.startswith(OLD) and last.startswith(ID) and last.split()[-3:] == ["0:04", "2", "1"]


def test_what_is_being_played_is_listed_shown_and_exported_but_stays(
    place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    playing = place / f"{ID}.journal"
    before = playing.read_bytes()
    with claimed(playing, ""):
        assert livegen(capsys).splitlines()[-1].endswith("unfinished")
        listed = json.loads(livegen(capsys, "--json"))[1]
        assert (listed["notes"], listed["file"]) == ({"call": 2, "response": 1}, str(playing))
        assert f"{playing}: 3 notes" in livegen(capsys, "show", "last")
        livegen(capsys, "export", "last", "-o", tmp_path / "a.mid")
        assert "is being played" in livegen(capsys, "keep", "last", status=66)
        assert "is being played" in livegen(capsys, "delete", "last", status=66)
    assert playing.read_bytes() == before
    assert len(mido.MidiFile(tmp_path / "a.mid").tracks) == 3


def test_without_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert livegen(capsys) == ""
    assert json.loads(livegen(capsys, "--json")) == []
    assert livegen(capsys, "show", "last", status=66).startswith("livegen: There is no recording last in")
    assert list(tmp_path.iterdir()) == []


def test_show_keep_delete(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"{place}/{ID}.mid: 3 notes" in livegen(capsys, "show", "2026")
    assert "(use --notes N)" in livegen(capsys, "show", "2026", "--notes", "1")
    livegen(capsys, "keep", "2026", "2001")
    assert names(place) == [f"{OLD}.kept.mid", f"{ID}.kept.mid"]
    assert "(kept)" in livegen(capsys, "show", "last")
    assert livegen(capsys).splitlines()[-1].endswith("kept")
    assert "no recording 1999" in livegen(capsys, "delete", "last", "1999", status=66)
    assert livegen(capsys, "delete", "last") == f"Deleted {ID}.\n"
    assert names(place) == [f"{OLD}.kept.mid"]


def test_prune(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    livegen(capsys)
    assert livegen(capsys, "prune", "--recordings-age", "36500") == ""
    assert livegen(capsys, "prune") == f"Deleted {OLD}.\n"
    assert names(place) == [f"{ID}.mid"]


def test_export_and_play(place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    livegen(capsys, "export", "last", "-o", tmp_path / "a.mid")
    assert (tmp_path / "a.mid").read_bytes() == (place / f"{ID}.mid").read_bytes()
    assert "must end with .mid" in livegen(capsys, "export", "last", "-o", tmp_path / "a.wave", status=78)
    assert "cannot be written" in livegen(capsys, "export", "last", "-o", tmp_path / "none" / "a.mid", status=78)
    livegen(capsys, "play", "last", "--out", tmp_path / "b.mid", "--fast")
    assert mido.MidiFile(tmp_path / "b.mid").length == pytest.approx(3.5)  # from the first note
    try:
        fluid.library()
    except PortError as error:
        pytest.skip(f"FluidSynth missing: {error}")
    livegen(capsys, "export", "last", "-o", tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as sound:
        assert sound.getnframes() == pytest.approx(44_100 * 5.5, abs=50)


def test_a_file_of_another_program_is_listed_without_figures(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "mine.mid").write_bytes(Path("livegen/demo/1-bach.mid").read_bytes())
    listed = json.loads(livegen(capsys, "--json"))[-1]
    assert (listed["id"], listed["notes"]) == ("mine", {"call": 0, "response": 0})


def test_only_the_part_of_the_player_is_training_data(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from livegen.training import corpus

    livegen(capsys)
    found = corpus.read_folder(place)
    assert {piece.name: piece.notes[:, 0].tolist() for piece in found.pieces} == {
        f"{OLD}.mid": [60],
        f"{ID}.mid": [60, 62],
    }


@pytest.mark.skipif(sys.platform == "win32", reason="permissions")
def test_a_folder_that_cannot_be_read(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in place.iterdir():
        path.unlink()
    place.rmdir()
    place.touch()
    assert livegen(capsys, status=66) == f"livegen: {place}: cannot be read (Not a directory).\n"
