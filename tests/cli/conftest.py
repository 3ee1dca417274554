"""The environment of commands that tests start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command import ROOT


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """No settings of whoever runs the tests, and a MIDI system in memory."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LIVEGEN_", "MIDO_"))}
    memory = str(ROOT / "tests" / "io")
    return own | {
        "XDG_CONFIG_HOME": str(tmp_path),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{memory}",
        "MIDO_BACKEND": "memory_backend",
        "JACK_DEFAULT_SERVER": f"none-{os.getpid()}",
    }
