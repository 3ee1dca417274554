"""Damaged files of every kind: always notes, or one sentence."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from midi_bytes import END, SCALE, chunk, event, header, meta, midi, note

from livegen.cli import main as cli
from livegen.errors import PortError
from livegen.io import fluid
from livegen.io.file_player import messages
from livegen.smf.events import LONGEST, Events, parse
from livegen.smf.notes import notes
from livegen.training import corpus

DEMO = Path(__file__).parents[2] / "livegen" / "demo"
WHOLE = (
    (DEMO / "1-bach.mid").read_bytes(),
    (DEMO / "5-satie.mid").read_bytes(),
    midi(meta(3, b"one") + SCALE + END, event(0, 0xF0, 3, 1, 2, 0xF7) + note(72, channel=9) + SCALE + END),
    midi(SCALE + END, event(5, 0xB0, 123, 0) + event(0, 0xC0, 5) + event(0, 6) + SCALE + END, kind=2),
    header(1, 0, 0xE728) + chunk(b"XFIH", b"foreign") + chunk(b"MTrk", SCALE + END) + b"and more",
)


def damaged(content: bytes, draw: random.Random) -> bytes:
    """With some bytes changed, or a part of it cut out, doubled, or left out from somewhere on."""
    data = bytearray(content)
    for _ in range(draw.randint(1, 3)):
        a, b = sorted(draw.randrange(len(data) + 1) for _ in range(2))
        b = min(b, a + draw.choice([1, 4, 40, 4000]))
        match draw.randrange(5):
            case 0:
                data[a:b] = draw.randbytes(b - a)
            case 1:
                del data[a:b]
            case 2:
                data[a:a] = data[a:b]
            case 3:
                data[a:b] = bytes([draw.choice([0x00, 0x7F, 0x80, 0xF0, 0xF7, 0xFF])]) * (b - a)
            case _:
                del data[max(a, 1) :]
    return bytes(data)


def files(count: int) -> Iterator[bytes]:
    draw = random.Random(1)
    for number in range(count):
        yield damaged(WHOLE[number % len(WHOLE)], draw)


def check(events: Events, size: int) -> None:
    """What is read is in order, within bounds, and no more than there was."""
    assert len(events.seconds) <= size
    assert np.all(np.diff(events.seconds) >= 0) and events.seconds.max(initial=0.0) <= events.end <= LONGEST
    assert events.data1.max(initial=0) <= 127
    found = notes(events, drums=True)
    assert len(found.onset) == np.sum((events.status & 0xF0 == 0x90) & (events.data2 > 0))
    assert np.all(found.duration > 0) and np.all(found.onset + found.duration <= events.end + 0.0011)
    played = messages(events)
    assert not played or len(played) >= len(events.seconds)
    assert all(a.time <= b.time for a, b in pairwise(played))


def test_the_reader_takes_anything() -> None:
    read, refused = 0, []
    for content in files(500):
        try:
            events = parse(content)
        except ValueError as error:
            refused.append(str(error))
            continue
        check(events, len(content))
        read += 1
    assert read > 300  # most damage leaves notes
    assert all(why.startswith(("it ", "its ", "not ")) for why in refused)


@pytest.mark.parametrize(
    "content",
    [
        b"".join([header(10_000), *([chunk(b"MTrk", b"")] * 10_000)]),
        b"".join([header(9_000), *([chunk(b"MTrk", note(60))] * 9_000)]),
        b"".join([header(9_000, 2), *([chunk(b"MTrk", note(60))] * 9_000)]),
        b"".join([header(1), *([chunk(b"MTrk", note(60), 3)] * 9_000)]),
        midi(event(0, 0xF0, 1, 1) + event(0, 0xF7, 1, 2) * 20_000),
        midi(note(60) + event(0, 0xB0, 123, 0) * 9_000 + event(0, 0x90, 60, 1) * 9_000 + event(0, 0x80, 60, 0) * 9_000),
        midi(b"\0\xff\x51\3\0\0\1" * 20_000 + SCALE),
        midi(b"\0\xd0\x01" * 20_000 + SCALE),
        midi((SCALE + b"\0\xc0\x01") * 2_000),
        midi(b"\0\x90\xff\xff" * 20_000 + SCALE),
    ],
    ids=["empty", "tracks", "patterns", "lengths", "packets", "off", "tempi", "pressure", "programs", "high"],
)  # fmt: skip
def test_the_reader_takes_much_of_anything(content: bytes) -> None:
    """In time and memory that grow no faster than the file."""
    check(parse(content), len(content))


@pytest.fixture
def fluidsynth() -> None:
    try:
        fluid.library()
    except PortError as error:
        pytest.skip(f"FluidSynth missing: {error}")


def test_every_command_takes_anything(
    fluidsynth: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "folder"
    folder.mkdir()
    for number, content in enumerate([*list(files(40))[::20], midi(SCALE + END, division=0), b""]):
        (folder / f"{number}.mid").write_bytes(content)
    statuses = set()
    for file in sorted(folder.iterdir()):
        name = str(file)
        told = set()
        for words in (
            ["data", "show", name],
            ["generate", name, "--notes", "1", "--prompt", ":1", "-o", "out.mid"],
            ["play", name, "--fast", "--out", "out.mid"],
            ["render", name, "-o", "out.wav"],
            ["plot", "roll", name, "-o", "out.png"],
            ["--in", name, "--fast", "--out", "out.mid", "--seed", "1"],
        ):
            status = cli.main(words)
            said = capsys.readouterr().err
            assert status in (0, 66), said
            statuses.add(status)
            written = [path for path in tmp_path.iterdir() if path.is_file()]
            if status:
                last = said.splitlines()[-1]
                assert last.startswith(f"livegen: {name}: ") and last.endswith(".")
                told.add(last)
                assert not written
            for path in written:
                path.unlink()
        assert len(told) <= 2  # the same of every command, but that `play` wants notes and others notes without drums
    assert statuses == {0, 66}
    assert cli.main(["plot", "distributions", str(folder), "-o", "out.png"]) == 0
    skipped = capsys.readouterr().err
    assert f"skipped: {folder / '2.mid'}: its time division is 0, so that its notes have no times." in skipped
    read = corpus.read_folder(folder)
    assert f"{folder / '2.mid'}: its time division is 0, so that its notes have no times." in read.skipped
    assert len(read.pieces) + len(read.skipped) == 4
