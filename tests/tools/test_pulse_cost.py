from __future__ import annotations

from importlib import resources
from pathlib import Path

from click.testing import CliRunner

from tools.pulse_cost import main


def test_the_cost_of_each_part_is_shown() -> None:
    blues = Path(str(resources.files("livegen.demo"))) / "6-blues.mid"
    found = CliRunner().invoke(main, [str(blues)], catch_exceptions=False)
    rows = found.output.splitlines()
    assert [row.split("  ")[0] for row in rows[1:4]] == ["yardstick", "a note, in the first 5 s", "a note, later"]
    assert float(rows[2].split()[-4]) > 0
