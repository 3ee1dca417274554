"""What is taken from the archives of ASAP and POP909. Here they have our own pieces under their names."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from downloads import Server, ignore, names, serving, tree

from livegen.cli import main as cli
from livegen.data import chosen, fetch, sets
from livegen.data.chosen import Release
from livegen.data.sets import ASAP, POP909, Listed, MaestroBeats
from livegen.errors import DataError

DEMO = Path(__file__).parents[2] / "livegen" / "demo"
BACH = (DEMO / "1-bach.mid").read_bytes()
SATIE = (DEMO / "5-satie.mid").read_bytes()
ASAP_BEATS = b"0.5\t0.5\tdb,3/4,0\n1.00006\t1.00006\tb\n1.5\t1.5\tbR\n"
POP909_BEATS = b"0.25 1.0 0.0\n0.75 0.0 0.0\n1.25 1.0 1.0\n"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


ROWS = {
    "asap": [Listed("asap/Bach/A01.mid", "train", "Bach/A01.mid", sha256(BACH), "Bach/A01_annotations.txt", "")],
    "pop909": [
        Listed(f"pop909/{k}.mid", split, f"POP909/{k}/{k}.mid", sha256(each), f"POP909/{k}/beat_midi.txt", "")
        for k, split, each in (("001", "train", BACH), ("002", "validation", SATIE))
    ],
}
FILES = {
    "asap": {
        "Bach/A01.mid": BACH,
        "Bach/A01_annotations.txt": ASAP_BEATS,
        "Bach/B02_annotations.txt": ASAP_BEATS,
        "Bach/midi_score.mid": SATIE,
        "Bach/xml_score.musicxml": b"<score/>",
        "LICENSE.md": b"share alike",
    },
    "pop909": {
        "POP909/001/001.mid": BACH,
        "POP909/001/beat_midi.txt": POP909_BEATS,
        "POP909/001/versions/001-v1.mid": SATIE,
        "POP909/002/002.mid": SATIE,
        "LICENSE": b"MIT",
    },
}


@pytest.fixture(autouse=True)
def small_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = {ASAP: ROWS["asap"], POP909: ROWS["pop909"]}
    monkeypatch.setattr(chosen, "listed", lambda of: tuple(lists[of]))
    beats = tuple(
        MaestroBeats("2006/x.midi", f"Bach/{name}_annotations.txt", "", start)
        for name, start in (("B02", "10.5"), ("A01", "0"))
    )
    monkeypatch.setattr(chosen, "maestro_beats", lambda: beats)


def archive(path: Path, files: dict[str, bytes]) -> Path:
    """A zip as GitHub makes it: all in one folder."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(f"repository-0123abc/{name}", content)
    return path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(archive(tmp_path / "pop909.zip", FILES["pop909"]).read_bytes()) as state:
        yield state


def test_pop909_comes_with_its_table_and_beats(server: Server, into: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.sends = [2_000]  # then it breaks off, once
    assert cli.main(["data", "fetch", "pop909", str(into), "--url", server.url]) == 0
    assert server.asked == [None, "bytes=2000-"]
    told = capsys.readouterr().out
    assert f"{into / 'pop909'}: 2 MIDI files\n" in told and "MIT" in told and "Ziyu Wang" in told
    assert names(into) == {"pop909"}
    assert tree(into / "pop909") == {
        "LICENSE": b"MIT",
        "pop909.csv": b"midi_filename,split\npop909/001.mid,train\npop909/002.mid,validation\n",
        "pop909/001.mid": BACH,
        "pop909/001.beats.txt": b"0.2500\tbeat\n0.7500\tbeat\n1.2500\tdownbeat\n",
        "pop909/002.mid": SATIE,
    }
    assert cli.main(["data", "fetch", "pop909", str(into)]) == 0
    assert "Already downloaded" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["zip", "folder", "inner"])
def test_asap_comes_with_the_beats_of_maestro(tmp_path: Path, into: Path, kind: str) -> None:
    source = archive(tmp_path / "asap.zip", FILES["asap"])
    if kind != "zip":
        shutil.unpack_archive(source, tmp_path / "copy")
        source = tmp_path / "copy" / ("repository-0123abc" if kind == "inner" else "")
    assert cli.main(["data", "fetch", "asap", str(into), "--from", str(source)]) == 0
    beats = b"0.5000\tdownbeat\n1.0001\tbeat\n1.5000\tbeat\n"
    assert tree(into / "asap-v1.2") == {
        "LICENSE.md": b"share alike",
        "asap-v1.2.csv": b"midi_filename,split\nasap/Bach/A01.mid,train\n",
        "asap/Bach/A01.mid": BACH,
        "asap/Bach/A01.beats.txt": beats,
        "maestro-beats/2006/x.beats.txt": beats + b"11.0000\tdownbeat\n11.5001\tbeat\n12.0000\tbeat\n",
    }


def test_a_file_that_is_missing_is_counted(tmp_path: Path, into: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: content for name, content in FILES["pop909"].items() if "/002" not in name}
    source = archive(tmp_path / "a.zip", files)
    assert cli.main(["data", "fetch", "pop909", str(into), "--from", str(source)]) == 0
    assert "pop909: 1 MIDI files\n1 more files of its table are missing." in capsys.readouterr().out


def test_other_files_are_refused_and_leave_nothing(tmp_path: Path, into: Path) -> None:
    release = chosen.RELEASES["pop909"]
    source = archive(tmp_path / "a.zip", FILES["pop909"] | {"POP909/002/002.mid": BACH})
    with pytest.raises(DataError, match=r"a.zip: not POP909 as livegen knows it: 002.mid has a wrong checksum"):
        fetch.take(source, release, into)
    with pytest.raises(DataError, match="not POP909: it has none of its MIDI files"):
        fetch.take(archive(tmp_path / "b.zip", FILES["asap"]), release, into)
    assert not into.exists()


def test_a_wrong_download_is_removed(server: Server, into: Path) -> None:
    release: Release = replace(chosen.RELEASES["asap"], url=server.url)
    with pytest.raises(DataError, match="not ASAP: it has none of its MIDI files"):
        fetch.fetch(release, into, ignore)
    assert not into.exists()
    server.content = b"<html>"
    with pytest.raises(DataError, match="damaged, or neither a zip nor a tar"):
        fetch.fetch(release, into, ignore)
    assert not into.exists()


def test_version_is_only_for_maestro(into: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "fetch", "asap", str(into), "--version", "2.0.0"]) == 2
    assert "--version is only valid with maestro" in capsys.readouterr().err


def test_the_lists() -> None:
    asap, pop909, beats = sets.listed(ASAP), sets.listed(POP909), sets.maestro_beats()
    assert (len(asap), len(pop909), len({row.midi_filename for row in beats})) == (347, 818, 309)
    assert {row.split for row in asap} == {"train"}
    assert sum(row.split == "validation" for row in pop909) == 91
    assert len({row.sha256 for row in (*asap, *pop909)}) == 347 + 818
    for rows in (asap, pop909):
        assert list(rows) == sorted(rows, key=lambda row: row.midi_filename)
        assert all(len(row.sha256) == 64 and len(row.beats_sha256) == 16 for row in rows)
    for release in chosen.RELEASES.values():
        assert len(release.url.rpartition("/")[2].removesuffix(".zip")) == 40  # a commit


def test_data_sets_are_known_by_name_or_by_their_files() -> None:
    song = sets.listed(POP909)[0].sha256[:16]
    assert sets.found_in("one evening", ["0123456789abcdef"]) == ()
    assert sets.found_in("one evening", [song]) == (POP909,)
    assert (
        sets.found_in("MAESTRO v2.0.0, train split and asap-train", [sets.listed(ASAP)[3].sha256[:16], song])
        == sets.SETS
    )
    said = sets.credit(sets.SETS)
    assert said.index("MAESTRO (CC BY-NC-SA 4.0): Curtis Hawthorne") < said.index(
        "POP909 (MIT, Copyright (c) 2020 Music X"
    )
    assert "The model is under CC BY-NC-SA 4.0, like MAESTRO and ASAP." in said
    assert "The model is" not in sets.credit([POP909])
