"""`livegen evaluate --memory`, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from livegen.cli.main import main
from livegen.library import write_midi
from livegen.note import MonotonicTime, SoundedNote

CALL = 25


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A piece whose calls are all the same: twenty-five notes by chance."""
    random = np.random.default_rng(0)
    pitches = random.integers(48, 84, CALL).tolist()
    notes = [SoundedNote(pitches[i % CALL], MonotonicTime(0.2 * i), 0.15, 70) for i in range(8 * CALL)]
    write_midi(tmp_path / "piece.mid", notes)
    return tmp_path


def test_what_is_repeated_is_predicted_better(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--memory", "--data", str(folder), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["evenings"]
    assert (row["pieces"], row["evenings"], row["notes"]) == (1, 1, 7 * CALL)
    assert row["pitch"]["gain"] > 0.2
    assert row["pitch"]["half"] is None  # of one evening there is no interval
    assert main(["evaluate", "--memory", "--data", str(folder), "--limit", "1"]) == 0
    assert "| 1 | 1 | 175 | +" in capsys.readouterr().out


def test_too_short_pieces_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_midi(tmp_path / "short.mid", [SoundedNote(60, MonotonicTime(0.0), 1.0, 64)])
    assert main(["evaluate", "--memory", "--data", str(tmp_path)]) == 66
    assert "no piece has 200 notes" in capsys.readouterr().err
