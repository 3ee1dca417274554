from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from livegen.errors import DataError


def test_reading_is_measured_beside_pretty_midi(folder: Path) -> None:
    from tools import reading_bench

    (folder / "bad.mid").write_text("no MIDI")
    found = reading_bench.measure(folder, sample=2)
    assert (found.files, found.skipped, found.sample) == (8, 1, 2)
    assert found.notes > 200 and 0 < found.share < 1
    assert 0 < found.ours < found.pretty_midi
    said = CliRunner().invoke(reading_bench.main, ["--data", str(folder)], catch_exceptions=False).output
    assert f"8 files (1 more cannot be used), {found.notes:,} notes" in said
    assert "times as long" in said


@pytest.mark.parametrize(("word", "status"), [("-h", 0), ("--date", 2)])
def test_a_module_is_a_command(word: str, status: int) -> None:
    command = [sys.executable, "-m", "tools.reading_bench", word]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status
    assert "python -m tools.reading_bench" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_without_midi_is_refused(tmp_path: Path) -> None:
    from tools import reading_bench

    with pytest.raises(DataError, match="no MIDI file"):
        reading_bench.measure(tmp_path)
