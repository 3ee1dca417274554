"""What `--fast` makes of thirty ways of playing stays what it is, byte for byte.

The model is a script, so that the recordings are the same on every processor: what is held is the conversation, its
timing and what is written. To record them again after a change that is meant to be heard:

    python -m tests.golden.test_golden
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from livegen.config.settings import Settings
from livegen.encoding import Token
from livegen.engine.choose import Chosen
from livegen.live import daemon
from tests.engine.scripted import Scripted
from tests.golden.cases import CASES

RECORDINGS = Path(__file__).parent / "recordings"


def script(k: int) -> Token:
    """Chords, rests, long notes and a pedal that moves now and then."""
    return (5, 12, 0, 30, 22)[k % 5], 48 + 7 * k % 36, 8 + k % 14, 15 + 5 * k % 25, (0, 0, 1, 1, 3, 7)[k // 3 % 6]


def record(name: str, folder: Path) -> bytes:
    """What the daemon writes down of a case."""
    case = CASES[name]
    played, written = folder / f"{name}-in.mid", folder / f"{name}.mid"
    case.play().save(played)
    usual: dict[str, Any] = {"fast": True, "seed": 1, "pulse": "off", "silence": 0.7, "hand_over": "none"}
    settings = Settings(inputs=(str(played),), outputs=(str(written),), **usual | case.settings)
    with mock.patch.object(daemon.choose, "choose", return_value=Chosen(Scripted(script), 0.1, "a script")):
        assert daemon.run(settings) == 0
    return written.read_bytes()


@pytest.mark.parametrize("name", CASES)
def test_the_recording_is_the_same(name: str, tmp_path: Path) -> None:
    assert record(name, tmp_path) == (RECORDINGS / f"{name}.mid").read_bytes()


def main() -> None:
    """Record all of them."""
    RECORDINGS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in CASES:
            (RECORDINGS / f"{name}.mid").write_bytes(record(name, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
