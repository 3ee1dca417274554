from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import livegen

DEMO = Path(livegen.__file__).parent / "demo"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Some MIDI files of our own."""
    return shutil.copytree(DEMO, tmp_path / "midi", ignore=shutil.ignore_patterns("*.py", "__pycache__", ".*"))
