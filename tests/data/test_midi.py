"""What is read of a MIDI file, and how it is shown."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import mido
import numpy as np
import pretty_midi
import pytest

from livegen.cli import main as cli
from livegen.data import midi, show
from livegen.errors import DataError
from livegen.training import data

DEMO = sorted((Path(__file__).parents[2] / "livegen" / "demo").glob("*.mid"))


def written(path: Path, *tracks: list[mido.Message | mido.MetaMessage], ticks_per_second: int = 1000) -> Path:
    """A file whose times are milliseconds."""
    file = mido.MidiFile(ticks_per_beat=ticks_per_second // 2)  # 120 beats a minute
    file.tracks += [mido.MidiTrack(track) for track in tracks]
    file.save(path)
    return path


def note(pitch: int, wait: int, length: int, velocity: int = 64, channel: int = 0) -> list[mido.Message]:
    return [
        mido.Message("note_on", note=pitch, velocity=velocity, time=wait, channel=channel),
        mido.Message("note_off", note=pitch, time=length, channel=channel),
    ]


def pedal(value: int, wait: int) -> mido.Message:
    return mido.Message("control_change", control=64, value=value, time=wait)


@pytest.fixture
def duet(tmp_path: Path) -> Path:
    """Two pianos and a drummer; the first one's pedal is down from 1.5 to 2.5 s, and from 4 s on."""
    first = [
        mido.MetaMessage("track_name", name="call\x1b[31m"),
        *note(61, 1000, 250, 10),
        pedal(64, 250),
        pedal(127, 100),
        *note(60, 0, 400),
        pedal(63, 500),
        *note(60, 500, 500),
        pedal(127, 500),
        *note(72, 0, 1000),
    ]
    second = [mido.Message("program_change", program=40, channel=1), *note(40, 1600, 1000, channel=1)]
    drums = [*note(35, 0, 100, channel=9)]
    return written(tmp_path / "duet.mid", first, second, drums)


def test_tracks_and_notes(duet: Path) -> None:
    file = midi.read(duet)
    assert file.seconds == pytest.approx(5.0)
    call, violin, drums = file.tracks
    assert (call.name, call.instrument, call.notes, call.presses) == ("call[31m", "Acoustic Grand Piano", 4, 2)
    assert call.held == pytest.approx(1.0 + 1.0)
    assert (violin.instrument, violin.presses, violin.held) == ("Violin", 0, 0.0)
    assert (drums.instrument, drums.drums, drums.notes) == ("Drums", True, 1)
    # pitch, start, step, duration, velocity, pedal, track: drums are left out, the rest is in order of onset and pitch
    expected = [
        (61, 1.0, 0.0, 0.25, 10, False, 0),
        (40, 1.6, 0.6, 1.0, 64, True, 1),
        (60, 1.6, 0.0, 0.4, 64, True, 0),
        (60, 3.0, 1.4, 0.5, 64, False, 0),
        (72, 4.0, 1.0, 1.0, 64, True, 0),
    ]
    shown = file.notes[["pitch", "start", "step", "duration", "velocity", "pedal", "track"]].tolist()
    assert len(shown) == len(expected)
    for got, wanted in zip(shown, expected, strict=True):
        assert got == pytest.approx(wanted, abs=1e-6)
    np.testing.assert_allclose(file.notes["end"], file.notes["start"] + file.notes["duration"])


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_the_table_is_what_training_reads_and_what_pretty_midi_reads(path: Path) -> None:
    notes = midi.read(path).notes
    trained = data.read_notes(path)
    for column, field in enumerate(("pitch", "step", "duration", "velocity", "pedal")):
        np.testing.assert_allclose(notes[field], trained[:, column], atol=1e-6)
    independent = pretty_midi.PrettyMIDI(str(path))
    sounded = sorted((n.start, n.pitch, n.end, n.velocity) for each in independent.instruments for n in each.notes)
    np.testing.assert_allclose(
        [list(row) for row in notes[["start", "pitch", "end", "velocity"]].tolist()], sounded, atol=1e-3
    )


def test_the_file_is_shown(duet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "show", str(duet), "--notes", "3"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    lines = shown.splitlines()
    assert lines[0] == f"{duet}: 6 notes in 5.0 s"
    assert lines[3].split()[0:2] == ["0", "call[31m"] and lines[3].endswith("down 2 times, 40% of the time")
    assert lines[5].endswith("1  never down")
    first, violin, second = (line.split() for line in lines[8:11])
    assert first == ["0", "C#4", "61", "1.0000", "1.2500", "0.0000", "0.2500", "10", "up", "0"]
    assert violin[1:3] == ["E2", "40"]
    assert second[1:3] == ["C4", "60"] and second[-2:] == ["down", "0"]
    assert lines[-1] == "2 more notes (use --notes N)."


def test_csv_is_for_programs(duet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "show", str(duet), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0])[:6] == ["pitch", "start", "end", "step", "duration", "velocity"]
    assert [row["name"] for row in rows] == ["C#4", "E2", "C4", "C4", "C5"]
    assert [row["pedal"] for row in rows] == ["0", "1", "1", "0", "1"]
    assert float(rows[4]["end"]) == pytest.approx(5.0)
    assert cli.main(["data", "show", str(duet), "--csv", "--notes", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_file_without_notes(tmp_path: Path) -> None:
    empty = midi.read(written(tmp_path / "empty.mid", [mido.MetaMessage("track_name", name="nothing")]))
    assert show.text(empty, 10) == f"{empty.path}: 0 notes in 0.0 s"
    assert show.as_csv(empty, None).count("\n") == 1


def test_reset_all_controllers_lifts_the_pedal(tmp_path: Path) -> None:
    reset = mido.Message("control_change", control=121, value=0, time=250)
    file = midi.read(written(tmp_path / "reset.mid", [pedal(127, 0), *note(60, 0, 250), reset, *note(62, 0, 500)]))
    assert file.notes["pedal"].tolist() == [True, False]
    assert (file.tracks[0].presses, file.tracks[0].held) == (1, pytest.approx(0.5))


def test_a_note_without_length_and_a_pedal_in_no_time(tmp_path: Path) -> None:
    file = midi.read(written(tmp_path / "instant.mid", [pedal(127, 0), *note(60, 0, 0)]))
    assert file.notes["duration"].tolist() == [0.001]
    assert file.notes["pedal"].tolist() == [True]
    assert "down once, 0% of the time" in show.text(file, 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("one.mdi", r"one.mdi: there is no such file. Did you mean one.mid?"),
        ("text.mid", r"text.mid: not a valid MIDI file."),
        ("cut.mid", r"cut.mid: not a valid MIDI file."),
        ("", "this is a folder. Name a MIDI file in it."),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    whole = written(tmp_path / "one.mid", note(60, 0, 100))
    (tmp_path / "text.mid").write_text("no MIDI")
    (tmp_path / "cut.mid").write_bytes(whole.read_bytes()[:20])
    assert cli.main(["data", "show", str(tmp_path / name)]) == 66
    assert said in capsys.readouterr().err


def test_a_folder_stands_for_the_midi_files_below_it(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    wanted = [tmp_path / "a.MID", tmp_path / "deep" / "b.rmi", tmp_path / "deep" / "deeper" / "b.midi"]
    for path in [*wanted, tmp_path / "deep" / "c.txt"]:
        path.touch()
    named = tmp_path / "named.anything"
    assert midi.files([named, tmp_path]) == [named, *wanted]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no MIDI files \(\.mid, \.midi, \.kar or \.rmi\) in this folder"):
        midi.files([tmp_path / "empty"])
