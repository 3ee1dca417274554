"""Downloads from a real server that breaks, refuses and lies; and what is done with what came."""

from __future__ import annotations

import hashlib
import io
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from downloads import Server, ignore, names, serving, tree

from livegen.cli import data as data_commands
from livegen.cli import main as cli
from livegen.data import fetch
from livegen.data.maestro import RELEASES, Release
from livegen.errors import DataError

NAME = "maestro-v2.0.0"


@pytest.fixture
def server(archive: Path) -> Iterator[Server]:
    with serving(archive.read_bytes()) as state:
        yield state


@pytest.fixture
def release(server: Server) -> Release:
    return Release("2.0.0", server.url, hashlib.sha256(server.content).hexdigest())


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def part(into: Path) -> Path:
    return into / f"{NAME}-midi.zip.part"


def test_the_whole_release_comes(server: Server, release: Release, into: Path, maestro: Path) -> None:
    told: list[tuple[int, int | None]] = []
    copy = fetch.fetch(release, into, lambda done, total: told.append((done, total)))
    assert copy == fetch.Copy(into / NAME, 5, 0)
    assert tree(into / NAME) == tree(maestro)
    assert names(into) == {NAME}
    assert told == sorted(told) and told[0] == (0, len(server.content))
    assert told[-1] == (len(server.content), len(server.content))


def test_a_break_is_mended_within_the_same_run(server: Server, release: Release, into: Path) -> None:
    server.sends = [100_000, 50_000]
    assert fetch.fetch(release, into, ignore).files == 5
    assert server.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_a_break_is_mended_by_the_next_run(server: Server, release: Release, into: Path, part: Path) -> None:
    server.sends = [100_000, 0]
    with pytest.raises(DataError, match=r"the connection was lost.*run this again.*--from FILE"):
        fetch.fetch(release, into, ignore)
    assert part.read_bytes() == server.content[:100_000]
    assert names(into) == {part.name}
    told: list[int] = []
    fetch.fetch(release, into, lambda done, total: told.append(done))
    assert server.asked[-1] == "bytes=100000-"
    assert told[0] == 100_000
    assert names(into) == {NAME}


def test_two_at_once_do_not_write_into_one_another(
    server: Server, release: Release, into: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second process comes while the first one is in the middle of the download."""
    others: list[subprocess.CompletedProcess[str]] = []

    def meanwhile(done: int, total: int | None) -> None:
        if not others:
            others.append(livegen(into, "--url", release.url, "--sha256", release.sha256))
            others.append(livegen(into, "--from", archive))

    assert fetch.fetch(release, into, meanwhile).files == 5
    for other in others:
        assert other.returncode == 66
        assert f"livegen: {into}: another process is writing to it. Wait until it ends" in other.stderr
    assert server.asked == [None]
    assert names(into) == {NAME}


def test_a_server_without_ranges_sends_all_anew(server: Server, release: Release, into: Path, part: Path) -> None:
    server.ranges = False
    server.sends = [100_000]
    assert fetch.fetch(release, into, ignore).files == 5
    assert server.asked == [None, "bytes=100000-"]


def test_a_server_that_always_breaks_is_given_up(server: Server, release: Release, into: Path) -> None:
    server.ranges = False
    server.sends = [100_000] * 10
    with pytest.raises(DataError, match="was lost"):
        fetch.fetch(release, into, ignore)
    assert len(server.asked) == 2


def test_what_is_longer_than_the_file_is_thrown_away(
    server: Server, release: Release, into: Path, part: Path, maestro: Path
) -> None:
    into.mkdir()
    part.write_bytes(bytes(len(server.content) + 1))
    fetch.fetch(release, into, ignore)
    assert server.asked == [f"bytes={len(server.content) + 1}-", None]
    assert tree(into / NAME) == tree(maestro)


@pytest.mark.parametrize("begun", [0, 100_000])
def test_a_wrong_checksum_leaves_nothing(server: Server, release: Release, into: Path, part: Path, begun: int) -> None:
    into.mkdir()
    part.write_bytes(bytes(begun))  # the beginning of another file, or of none
    server.content = server.content[:-1] + b"x"
    with pytest.raises(DataError, match=f"wrong checksum.*SHA-256.*instead of {release.sha256}"):
        fetch.fetch(release, into, ignore)
    assert names(into) == set()


@pytest.mark.parametrize(("status", "todo"), [(404, "another --url"), (416, "run this again"), (503, "run this again")])
def test_a_refusal_says_what_the_server_said(
    server: Server, release: Release, into: Path, status: int, todo: str
) -> None:
    server.status = status
    with pytest.raises(DataError, match=rf"{re.escape(server.url)}: the server replied {status} .*{todo}.*--from FILE"):
        fetch.fetch(release, into, ignore)
    assert not into.exists()


def test_no_network(into: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        release = Release("2.0.0", f"http://127.0.0.1:{taken.getsockname()[1]}/a.zip", "")
        with pytest.raises(DataError, match=r"cannot connect: Connection refused\. .*--from FILE"):
            fetch.fetch(release, into, ignore)
    with pytest.raises(DataError, match="cannot connect: unknown url type"):
        fetch.fetch(Release("2.0.0", "nonsense", ""), into, ignore)


def livegen(*words: object, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; no file of it may be longer than `limit` bytes."""

    def bound() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "livegen", "data", "fetch", "maestro", *map(str, words)]
    # Not measured: coverage's own file would be subject to the limit too.
    measured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environ = measured | {"PYTHONDONTWRITEBYTECODE": "1", "no_proxy": "127.0.0.1"}
    return subprocess.run(
        command, env=environ, preexec_fn=bound, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_command_and_a_full_disk(server: Server, release: Release, into: Path, part: Path, maestro: Path) -> None:
    """First there is no room for the download, then none for what is in it, then there is."""
    words = (into, "--url", release.url, "--sha256", release.sha256.upper())
    full = livegen(*words, limit=100_000)
    assert full.returncode == 69
    assert f"livegen: {into}: cannot be written (File too large)." in full.stderr
    assert part.read_bytes() == server.content[:100_000]

    packed = livegen(*words, limit=1_000_000)
    assert packed.returncode == 69
    assert "cannot be written (File too large)." in packed.stderr
    assert server.asked == [None, "bytes=100000-"]
    assert names(into) == {part.stem}  # complete

    server.status = 503  # it is not asked again
    done = livegen(*words)
    assert done.returncode == 0, done.stderr
    assert f"{into / NAME}: 5 MIDI files\n" in done.stdout
    assert "CC BY-NC-SA 4.0" in done.stdout
    assert tree(into / NAME) == tree(maestro)
    for each in (full, packed, done):
        assert "Traceback" not in each.stderr


def test_progress_and_a_second_time(
    server: Server, release: Release, into: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "fetch", "maestro", str(into), "--url", release.url, "--sha256", release.sha256]
    assert cli.main(words) == 0
    shown = capsys.readouterr()
    size = len(server.content) / 1e6
    assert shown.err.splitlines()[0] == f"Downloading {release.url}"
    assert shown.err.splitlines()[-1] == f"{size:.1f} of {size:.1f} MB"
    assert cli.main(words) == 0
    assert "Already downloaded" in capsys.readouterr().out
    assert len(server.asked) == 1


def test_time_left(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 100.0, 110.0, 120.0])
    monkeypatch.setattr(data_commands, "monotonic", lambda: next(clock))
    with data_commands._Progress() as progress:
        progress.show(20_000_000, 60_000_000)  # it goes on from there
        progress.show(22_000_000, 60_000_000)
        progress.show(24_000_000, None)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["20.0 of 60.0 MB", "22.0 of 60.0 MB, 3:10 left", "24.0 MB"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_terminal_progress_is_one_line_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 1.1, 1.15])
    monkeypatch.setattr(data_commands, "monotonic", lambda: next(clock))
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    with data_commands._Progress() as progress:
        progress.show(0, 2_000_000)
        progress.show(1_000_000, 2_000_000)  # too soon to be worth a word
        progress.show(2_000_000, 2_000_000)
    first, *rest = screen.getvalue().split("\r")
    assert first == ""
    assert [line.rstrip(" ") for line in rest] == ["0.0 of 2.0 MB", "2.0 of 2.0 MB" + " " * 27 + "\n"]


@pytest.mark.parametrize("kind", ["zip", "tar.xz", "folder"])
def test_a_copy_at_hand(
    maestro: Path, archive: Path, into: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (maestro / "2004" / "1-bach.midi").unlink()
    (maestro / "2004" / "1-bach.wav").write_bytes(b"sound is left out")
    source = maestro if kind == "folder" else maestro.parent / f"copy.{kind}"
    if kind == "folder":
        (maestro / ".livegen-notes.npz").touch()  # a cache of ours is not taken along
    if kind == "zip":
        shutil.make_archive(str(maestro.parent / "copy"), "zip", maestro.parent, NAME)
    elif kind == "tar.xz":
        with tarfile.open(source, "w:xz") as tar:
            tar.add(maestro, NAME)
    assert cli.main(["data", "fetch", "maestro", str(into), "--from", str(source)]) == 0
    shown = capsys.readouterr().out
    assert f"{into / NAME}: 4 MIDI files\n1 more files of its table are missing" in shown
    (maestro / "2004" / "1-bach.wav").unlink()
    (maestro / ".livegen-notes.npz").unlink(missing_ok=True)
    assert tree(into / NAME) == tree(maestro)
    assert names(into) == {NAME}


def written(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../escaped", f"{NAME}/../../escaped", "/tmp/escaped"])  # noqa: S108  (never written)
def test_no_name_leads_out(tmp_path: Path, into: Path, name: str) -> None:
    evil = written(tmp_path / "evil.zip", {name: b"boo"})
    with pytest.raises(DataError, match="unsafe path"):
        fetch.take(evil, RELEASES["2.0.0"], into)
    assert not into.exists()
    assert not list(tmp_path.rglob("escaped"))


def test_no_link_leads_out(tmp_path: Path, into: Path) -> None:
    """A link out of the folder, and a file to be written through it."""
    evil, outside = tmp_path / "evil.tar", tmp_path / "outside"
    outside.mkdir()
    with tarfile.open(evil, "w") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        tar.addfile(link)
        for name in ("link/file", f"{NAME}.csv"):
            entry = tarfile.TarInfo(name)
            entry.size = len(b"midi_filename\n")
            tar.addfile(entry, io.BytesIO(b"midi_filename\n"))
    fetch.take(evil, RELEASES["2.0.0"], into)
    assert names(outside) == set()
    assert not (into / NAME / "link").is_symlink()


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"maestro-v3.0.0/maestro-v3.0.0.csv": b""}, r"not maestro-v2.0.0: this is maestro-v3.0.0.*--version"),
        ({"a/b.mid": b""}, r"maestro-v2.0.0.csv is missing"),
        ({f"{NAME}.csv": b"a,b\n1,2\n"}, r"its table maestro-v2.0.0.csv is damaged"),
        ({f"{NAME}.csv": b"midi_filename\n\xff\n"}, r"its table maestro-v2.0.0.csv is damaged"),
    ],
)
def test_another_archive_is_refused(tmp_path: Path, into: Path, entries: dict[str, bytes], said: str) -> None:
    source = written(tmp_path / "other.zip", entries)
    with pytest.raises(DataError, match=said):
        fetch.take(source, RELEASES["2.0.0"], into)
    assert not into.exists()


def test_a_damaged_archive_is_refused(tmp_path: Path, archive: Path, maestro: Path, into: Path) -> None:
    content = bytearray(archive.read_bytes())
    middle = content.find(bytes(range(256)))
    content[middle + 1000] ^= 1
    packed = tmp_path / "cut.tar.xz"
    with tarfile.open(packed, "w:xz") as tar:
        tar.add(maestro, NAME)
    packed.write_bytes(packed.read_bytes()[:-200])
    archive.write_bytes(content)
    for source in (archive, packed, Path(__file__)):
        with pytest.raises(DataError, match=f"^{re.escape(str(source))}: damaged, or neither a zip nor a tar") as told:
            fetch.take(source, RELEASES["2.0.0"], into / "deep")
        assert "\n" not in str(told.value)
        assert not into.exists()


def test_what_is_not_there_and_what_is_in_the_way(tmp_path: Path, into: Path) -> None:
    with pytest.raises(DataError, match="there is no such file or folder"):
        fetch.take(tmp_path / "nowhere", RELEASES["2.0.0"], into)
    assert fetch.present(RELEASES["2.0.0"], into) is None
    (into / NAME).mkdir(parents=True)
    with pytest.raises(DataError, match=r"maestro-v2.0.0.csv is missing"):
        fetch.present(RELEASES["2.0.0"], into)


def test_the_official_releases_can_be_chosen() -> None:
    (version,) = (each for each in data_commands.fetch.params if each.name == "version")
    assert set(version.type.choices) == set(RELEASES)
    for release in RELEASES.values():
        assert release.url.startswith("https://") and release.name in release.url
        assert re.fullmatch("[0-9a-f]{64}", release.sha256)
