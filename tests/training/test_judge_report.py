"""The judge's tables, where a figure cannot be had: a player of one velocity follows no dynamics."""

from __future__ import annotations

from math import nan
from pathlib import Path

import mido
import pytest

from livegen.cli.main import main
from livegen.stage.settings import Sampling

pytest.importorskip("matplotlib", reason="matplotlib is missing")

from livegen.training.judge.report import GenerationReport, _played
from livegen.training.judge.verdict import DISTANCE, FOLLOWS, SPREAD, Estimate, MetricRow


@pytest.fixture
def report() -> GenerationReport:
    dynamics = {"one": Estimate(nan, nan), "other": Estimate(1.0, nan)}
    spread = {"one": Estimate(nan), "other": Estimate(0.5, 0.3)}
    rows = (
        MetricRow("follows", "dynamics", FOLLOWS, Estimate(0.7, 0.09), dynamics, {"one": nan, "other": 0.7}),
        MetricRow("spread", "step", SPREAD, Estimate(nan, nan), spread, {}),
        MetricRow(
            "distance", "pitch", DISTANCE, Estimate(nan), dict.fromkeys(spread, Estimate(nan)), {"one": 0.1, "other": 1}
        ),
    )
    return GenerationReport(("one", "other"), "MAESTRO", False, 3, 2, 700, Sampling(), 1, rows)


def cells(report: GenerationReport, name: str) -> list[str]:
    (line,) = (line for line in report.text().splitlines() if line.startswith(f"| {name} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_what_is_not_known_is_a_dash(report: GenerationReport) -> None:
    assert cells(report, "dynamics")[2:] == ["0.70 ± 0.09", "-", "1.00 ± - [0.70] ✓"]
    assert cells(report, "step")[2:] == ["-", "-", "0.50 ± 0.30 (✓)"]
    assert cells(report, "pitch")[2:] == ["-", "- [0.1000]", "- [1.0000]"]  # of a single piece there are no halves
    assert "nan" not in report.text()
    assert "Of 3 targets, on target + within the interval: one 0 + 0, other 1 + 1." in report.text()


def test_for_programs_it_is_null(report: GenerationReport) -> None:
    dynamics, spread, _ = report.plain()["measures"]
    assert dynamics["players"]["one"] == {"value": None, "half": None, "plain": None, "met": "unknown"}
    assert spread["truth"] == {"value": None, "half": None}


def test_two_tracks_are_judged_as_one_keyboard_plays_them(tmp_path: Path) -> None:
    midi = mido.MidiFile(ticks_per_beat=500)
    for late in (0, 5):
        track = midi.add_track()
        track.append(mido.Message("note_on", note=60, velocity=60, time=late))
        track.append(mido.Message("note_off", note=60, time=300))
    midi.save(tmp_path / "song.mid")
    (tmp_path / "splits.csv").write_text("midi_filename,split\nsong.mid,validation\n")
    (piece,) = _played(tmp_path, "validation")
    assert len(piece.notes) == 1


def test_a_folder_without_splits_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--generate", "--data", str(tmp_path)]) == 66
    assert (
        "contains no table of splits (maestro-v*.csv, asap-v*.csv, pop909.csv, splits.csv)" in capsys.readouterr().err
    )
