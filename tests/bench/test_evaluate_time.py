"""`livegen evaluate --time`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mido import Message, MidiFile, MidiTrack

from livegen.bench.intime import calls, freedom, songs
from livegen.bench.intime.measures import measure
from livegen.cli.main import main
from livegen.note import MonotonicTime, SoundedNote


def response(*onsets: float) -> list[SoundedNote]:
    return [SoundedNote(60, MonotonicTime(at), 0.1, 64) for at in onsets]


def test_steady_calls_keep_their_own_time() -> None:
    every = list(calls.steady(1))
    assert len(every) == len(calls.TEMPOS) * 7 * 2 * 2
    steadier = [call.on_grid for call in every if call.group == "steady, 8 ms"]
    assert min(steadier) > 0.95
    assert np.mean([call.on_grid for call in every if call.group == "steady, 20 ms"]) > 0.8


def test_a_response_is_measured_against_the_grid_of_its_call() -> None:
    [call, *_] = [call for call in calls.steady(1) if call.swing == 3 / 5 and call.name.startswith("60 bpm")]
    start = call.grid.origin + 40
    swung = [start + k + point for k in range(10) for point in (0.0, 0.6)]
    kept = measure(call, response(*swung))
    assert kept is not None
    assert (kept.on_grid, kept.entry, kept.keeps_swing) == (1.0, pytest.approx(0.0, abs=1e-6), True)
    late = measure(call, response(*(at + 0.02 for at in swung)))
    assert late is not None
    assert late.drift == pytest.approx(0.02, abs=1e-6)
    even = measure(call, response(*(start + k / 2 for k in range(20))))
    assert even is not None
    assert (even.on_grid, even.keeps_swing) == (0.5, False)
    assert measure(call, response(start)) is None


def test_the_report_is_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--time", "--limit", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["groups"]) <= {"steady, 8 ms", "steady, 20 ms"}
    assert {"on the grid", "worst tenth", "entries"} <= set(next(iter(found["groups"].values()))["figures"])
    assert main(["evaluate", "--time", "--limit", "1", "--pulse", "off"]) == 0
    assert "answered by livegen with --pulse off and seed 1" in capsys.readouterr().out


def test_songs_with_beats_are_answered_and_their_steps_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(songs, "CALLS", 1)
    monkeypatch.setattr(freedom, "WINDOWS", 1)
    song(tmp_path / "even.mid", bars=24)
    assert main(["evaluate", "--time", "--data", str(tmp_path), "--limit", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["groups"]["songs"]["figures"]["calls"] == 1
    assert found["groups"]["songs"]["figures"]["on the grid"] > 0.9
    strict = found["steps"]["strict"]
    assert strict["notes"] == freedom.WINDOW
    assert strict["in force"] == 1.0
    assert strict["with"] < strict["without"] - 0.5
    assert main(["evaluate", "--time", "--data", str(tmp_path), "--limit", "1", "--pulse", "off"]) == 0
    assert f"| strict | {freedom.WINDOW} |" in capsys.readouterr().out


def song(path: Path, bars: int) -> None:
    """Even eighth notes at 120 bpm, and beside them their beats."""
    track = MidiTrack()
    for k in range(8 * bars):
        track.append(Message("note_on", note=60 + (2 * k) % 7, velocity=80 if k % 2 == 0 else 64, time=0))
        track.append(Message("note_off", note=60 + (2 * k) % 7, time=240))  # ticks of 1/960 s
    MidiFile(tracks=[track]).save(str(path))
    beats = [f"{k / 2} {'downbeat' if k % 4 == 0 else 'beat'}" for k in range(4 * bars + 1)]
    path.with_name("even.beats.txt").write_text("\n".join(beats), encoding="utf-8")
