"""livegen generate, play and render, as a user meets them."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from mido import Message, MidiFile, MidiTrack

from livegen.cli import main as cli
from livegen.errors import PortError
from livegen.io import fluid, notes
from livegen.io.wav import RATE

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "livegen" / "demo"
BACH = str(DEMO / "1-bach.mid")  # 69 notes
SCHUMANN = str(DEMO / "4-schumann.mid")  # with much pedal
AUDIBLE = 33  # of 32768: FluidSynth's silence is a dither of one


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("LIVEGEN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


@pytest.fixture
def fluidsynth() -> None:
    try:
        fluid.library()
    except PortError as error:
        pytest.skip(f"FluidSynth missing: {error}")


def pitches(path: Path, track: str) -> list[int]:
    """Of a track, by onset."""
    midi = pretty_midi.PrettyMIDI(str(path))
    found = [n for each in midi.instruments if each.name == track for n in each.notes]
    return [n.pitch for n in sorted(found, key=lambda n: (n.start, n.pitch))]


def test_the_same_seed_gives_the_same_file_in_another_process(tmp_path: Path) -> None:
    one, two = tmp_path / "one.mid", tmp_path / "two.mid"
    words = ["generate", BACH, "--notes", "60", "--seed", "7", "--temperature", "0.9", "-o"]
    assert cli.main([*words, str(one)]) == 0
    done = subprocess.run(
        [sys.executable, "-m", "livegen", *words, str(two)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert one.read_bytes() == two.read_bytes()
    assert done.stdout.startswith(f"{two}: 60 notes in ")
    assert done.stdout.endswith("--seed 7\n")


def test_the_seed_that_was_drawn_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one.mid", tmp_path / "two.mid"
    assert cli.main(["generate", BACH, "--notes", "20", "-o", str(one)]) == 0
    seed = capsys.readouterr().out.split()[-1]
    assert cli.main(["generate", BACH, "--notes", "20", "-o", str(two), "--seed", seed]) == 0
    assert one.read_bytes() == two.read_bytes()


def test_the_prompt_and_what_follows(tmp_path: Path) -> None:
    path, before = tmp_path / "more.mid", [note.pitch for note in notes.read(Path(SCHUMANN))]
    assert cli.main(["generate", SCHUMANN, "--seed", "1", "-o", str(path)]) == 0
    assert pitches(path, "call") == before[-25:]
    assert len(pitches(path, "response")) == 120
    for track in MidiFile(path).tracks[1:]:
        struck = [m.note for m in track if m.type == "note_on" and m.velocity]
        assert sorted(struck) == sorted(m.note for m in track if m.type == "note_off")
        pedal = [m.value for m in track if m.type == "control_change" and m.control == 64]
        assert pedal[-1] == 0
    assert 127 in pedal  # the model moves its own
    assert cli.main(["generate", SCHUMANN, "--seed", "1", "--only", "-o", str(path)]) == 0
    assert pitches(path, "call") == []
    assert len(pitches(path, "response")) == 120


@pytest.mark.parametrize(
    ("prompt", "chosen"),
    [
        ("0:25", slice(0, 25)),
        (":", slice(None)),
        (":3", slice(3)),
        ("-2:", slice(-2, None)),
        ("10:-9", slice(10, -9)),
        ("68:69", slice(68, 69)),
    ],
)
def test_a_prompt_is_a_slice(prompt: str, chosen: slice, tmp_path: Path) -> None:
    path, before = tmp_path / "more.mid", [note.pitch for note in notes.read(Path(BACH))]
    assert cli.main(["generate", BACH, f"--prompt={prompt}", "--notes", "3", "-o", str(path)]) == 0
    assert pitches(path, "call") == before[chosen]
    assert len(pitches(path, "response")) == 3


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--prompt", "60:70"], 78, "--prompt 60:70 is out of range: {bach} has 69 notes, 0:69."),
        (["--prompt", "5:5"], 78, "--prompt 5:5 selects no notes: {bach} has 69 notes, 0:69."),
        (["--prompt", "69:"], 78, "has 69 notes"),
        (["--prompt=-70:"], 78, "has 69 notes"),
        (["--prompt", "9:9"], 78, "has 69 notes"),
        (["--prompt", "25"], 78, "as A:B"),
        (["--prompt", "a:b"], 78, "as A:B"),
        (["--prompt", "0:9:2"], 78, "as A:B"),
        (["--notes", "0"], 78, "--notes must be a whole number, at least 1, not 0."),
        (["--temperature", "9"], 78, "0.05 to 3"),
        (["--model", "livegem"], 65, "Did you mean livegen?"),
    ],
)
def test_what_cannot_be_generated(
    words: list[str], status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", BACH, *words, "-o", str(tmp_path / "a.mid")]) == status
    assert said.format(bach=BACH) in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder.mid").mkdir()
    copy = tmp_path / "copy.mid"
    copy.write_bytes(Path(BACH).read_bytes())
    for command, file, out, status, said in (
        ("generate", BACH, "a.wav", 78, "must end with .mid or .midi"),
        ("generate", BACH, "a.mdi", 78, "Did you mean .midi?"),
        ("generate", BACH, "folder.mid", 78, "it is a folder"),
        ("generate", BACH, "none/a.mid", 78, "No such file or directory"),
        ("generate", str(copy), "copy.mid", 78, "is the input file"),
        ("generate", str(tmp_path / "b.mid"), "a.mid", 66, "b.mid: there is no such file. Did you mean copy.mid?"),
        ("generate", __file__, "a.mid", 66, "not a valid MIDI file"),
        ("render", BACH, "a.mid", 78, "must end with .wav"),
        ("render", __file__, "a.wav", 66, "not a valid MIDI file"),
        ("play", __file__, None, 66, "not a valid MIDI file"),
    ):
        words = [command, file] if out is None else [command, file, "-o", str(tmp_path / out)]
        words += ["--out", str(tmp_path / "tape.mid")] if command == "play" else []
        assert cli.main(words) == status
        assert said in capsys.readouterr().err
    assert copy.read_bytes() == Path(BACH).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.mid", "folder.mid"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("1-bahc.mid", "there is no such file. Did you mean 1-bach.mid?"),
        ("text.mid", "not a valid MIDI file."),
        ("", "this is a folder. Name a MIDI file in it."),
    ],
)
def test_what_cannot_be_read_is_told_alike(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(BACH, tmp_path)
    (tmp_path / "text.mid").write_bytes(b"not MIDI at all")
    file = str(tmp_path / name)
    for words in (
        ["generate", file, "-o", "a.mid"],
        ["render", file, "-o", "a.wav"],
        ["play", file, "--out", "a.mid"],
        ["data", "show", file],
        ["plot", "roll", file, "-o", "a.png"],
    ):
        assert cli.main(words) == 66
        assert capsys.readouterr().err == f"livegen: {tmp_path / name}: {said}\n"


@pytest.mark.parametrize("command", ["generate", "play", "render"])
def test_the_help_shows_the_settings_that_matter(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"livegen {command} " in shown.split("Examples:")[1]
    assert ("--temperature" in shown) == (command == "generate")
    assert ("--gain" in shown) == (command != "generate")
    assert "--panic" not in shown


@pytest.mark.usefixtures("fluidsynth")
def test_what_is_rendered_is_heard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    peaks = []
    for gain in ("0.1", "0.6"):
        assert cli.main(["render", BACH, "-o", str(tmp_path / "bach.wav"), "--gain", gain]) == 0
        with wave.open(str(tmp_path / "bach.wav")) as wav:
            frames = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
        peaks.append(int(np.abs(frames.astype(int)).max()))
    assert AUDIBLE < peaks[0] < peaks[1] / 4
    assert capsys.readouterr().out.endswith("bach.wav: 12.7 s of audio.\n")


def short_file(path: Path, *, seconds: float = 0.6) -> Path:
    """Two notes, the second with the pedal down, and a program change."""
    track = MidiTrack(
        [
            Message("program_change", program=5),
            Message("note_on", note=60, velocity=70),
            Message("note_off", note=60, time=480),
            Message("control_change", control=64, value=127),
            Message("note_on", note=64, velocity=80),
            Message("note_off", note=64, time=round(960 * seconds) - 480),
        ]
    )
    MidiFile(tracks=[track], ticks_per_beat=480).save(path)
    return path


def test_a_file_is_played_in_real_time(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tape = tmp_path / "tape.mid"
    began = time.monotonic()
    # This process runs the other tests too, and must not keep a priority.
    assert cli.main(["play", str(short_file(tmp_path / "short.mid")), "--out", str(tape), "--realtime", "off"]) == 0
    assert time.monotonic() - began >= 0.6
    played = [message.copy(time=0) for message in MidiFile(tape).tracks[1] if not message.is_meta]
    wanted = [message.copy(time=0) for message in MidiFile(tmp_path / "short.mid").tracks[0] if not message.is_meta]
    assert [m for m in played if m in wanted] == wanted
    assert MidiFile(tape).length == pytest.approx(0.6, abs=0.002)
    pedal = [m.value for m in played if m.type == "control_change"]
    assert pedal == [127, 0]  # the file leaves it down
    assert "short.mid, 0:00. Stop with Ctrl-C." in capfd.readouterr().err


def test_fast_is_the_same_at_once(tmp_path: Path) -> None:
    path = short_file(tmp_path / "long.mid", seconds=600)
    began = time.monotonic()
    assert cli.main(["play", str(path), "--out", str(tmp_path / "tape.mid"), "--fast"]) == 0
    assert time.monotonic() - began < 60
    assert MidiFile(tmp_path / "tape.mid").length == pytest.approx(600, abs=0.1)


def test_ctrl_c_ends_it_and_what_was_played_is_on_the_tape(tmp_path: Path) -> None:
    path, tape = short_file(tmp_path / "long.mid", seconds=60), tmp_path / "tape.mid"
    command = [sys.executable, "-m", "livegen", "play", str(path), "--out", str(tape)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as playing:
        assert playing.stderr is not None
        said = []
        for line in playing.stderr:
            said.append(line)
            if line.startswith("Playing"):
                time.sleep(1)  # after the upbeat
                playing.send_signal(signal.SIGINT)
        assert playing.wait(30) == 0
    assert any(line.startswith("Stopped at 0:00 of 1:00") for line in said), said
    played = [message for message in MidiFile(tape).tracks[1] if message.type in ("note_on", "note_off")]
    assert [message.type for message in played] in (["note_on", "note_off"], ["note_on", "note_off"] * 2)


def hours(path: Path, count: float) -> Path:
    """Two notes, so far apart."""
    on, off = Message("note_on", note=60), Message("note_off", note=60, time=480)
    MidiFile(tracks=[MidiTrack([on, off, on.copy(time=round(count * 3600 * 960)), off])]).save(path)
    return path


def test_more_sound_than_a_wav_file_holds_is_written_as_rf64(fluidsynth: None, tmp_path: Path) -> None:
    file, out = str(hours(tmp_path / "long.mid", 8)), tmp_path / "long.wav"
    for words in (["render", file, "-o"], ["play", file, "--fast", "--out"]):
        assert cli.main([*words, str(out)]) == 0
        with out.open("rb") as wav:
            riff, rest, form, ds64, length, whole, size, frames = struct.unpack("<4sL4s4sLQQQ", wav.read(44))
            wav.seek(72)
            data = wav.read(8)
            begin = np.frombuffer(wav.read(4 * RATE), np.int16)
            wav.seek(-round(2.25 * RATE) * 4, os.SEEK_END)  # the second note lasts a quarter of a second
            last = np.frombuffer(wav.read(RATE), np.int16)
        assert (riff, rest, form, ds64, length) == (b"RF64", 2**32 - 1, b"WAVE", b"ds64", 28)
        assert data == b"data" + bytes([255] * 4)
        assert frames == round((8 * 3600 + 1 + 2) * RATE)
        assert (size, whole) == (4 * frames, 4 * frames + 72) and out.stat().st_size == size + 80
        assert np.abs(begin).max() > AUDIBLE and np.abs(last).max() > AUDIBLE
        assert out.stat().st_blocks * 512 < 1e8  # silence takes no space
        out.unlink()


def test_a_file_of_days_is_refused_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(hours(tmp_path / "days.mid", 70))
    for words in (
        ["generate", file, "-o", "a.mid"],
        ["render", file, "-o", "a.wav"],
        ["play", file, "--out", "a.mid"],
        ["data", "show", file],
    ):
        assert cli.main(words) == 66
        assert capsys.readouterr().err == (f"livegen: {file}: it lasts 70 hours, but the limit is 24 hours.\n")


def test_what_is_lost_of_a_damaged_file_is_told_by_every_command(
    fluidsynth: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "torn.mid"
    file.write_bytes(Path(BACH).read_bytes()[:300])
    lost = f"{file}: track 1 is cut off after 4.5 s; the rest is lost."
    out = str(tmp_path / "out")
    for words in (
        ["generate", str(file), "-o", f"{out}.mid", "--notes", "1"],
        ["render", str(file), "-o", f"{out}.wav"],
        ["play", str(file), "--out", f"{out}.mid", "--fast"],
        ["--in", str(file), "--out", f"{out}.mid", "--fast"],
        ["plot", "roll", str(file), "-o", f"{out}.png"],
        ["plot", "distributions", str(file), "-o", f"{out}.png"],
        ["data", "show", str(file), "--csv"],
    ):
        assert cli.main(words) == 0
        assert capsys.readouterr().err.count(lost) == 1
    assert cli.main(["data", "show", str(file)]) == 0
    assert f"damaged: {lost.removeprefix(f'{file}: ')}" in capsys.readouterr().out
