"""The picture of a call and its response over beats."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from mido import Message, MetaMessage, MidiFile, MidiTrack

from tools.beat_picture import main


def jam(path: Path, steps: tuple[int, ...]) -> Path:
    """A file with a call of notes at these steps (ticks of 1/960 s) and a response of two notes."""
    call = MidiTrack([MetaMessage("track_name", name="call")])
    for step in steps:
        call += [Message("note_on", note=60, time=step), Message("note_off", note=60, time=100)]
    after = sum(steps) + 100 * len(steps) + 860
    response = MidiTrack([MetaMessage("track_name", name="response")])
    for step in (after, 380):
        response += [Message("note_on", note=64, time=step), Message("note_off", note=64, time=100)]
    file = MidiFile(ticks_per_beat=480)
    file.tracks += [call, response]
    file.save(path)
    return path


def test_a_steady_call_has_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "roll.png"
    result = CliRunner().invoke(main, [str(jam(tmp_path / "jam.mid", (380,) * 32)), "-o", str(picture)])
    assert result.exit_code == 0, result.output
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_call_without_a_pulse_or_that_is_not_there_has_none(tmp_path: Path) -> None:
    file = str(jam(tmp_path / "jam.mid", (380, 150, 700, 240)))
    for call, reason in (("1", "no pulse"), ("2", "1 calls")):
        result = CliRunner().invoke(main, [file, "-o", str(tmp_path / "roll.png"), "--call", call])
        assert reason in str(result.exception)
    assert not (tmp_path / "roll.png").exists()
