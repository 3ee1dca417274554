"""The pure core needs nothing but the standard library and mido: no installed package, file, clock or thread."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from pathlib import Path

from virtual_stage import stage_settings

import livegen

PROGRAM = Path(__file__).with_name("play_alone.py")
CORE = ("__init__.py", "note.py", "encoding.py")
MIDO = ("mido", "packaging")  # mido reads its version by packaging


def test_the_core_plays_a_conversation_with_the_standard_library_and_mido_alone(tmp_path):
    package = Path(livegen.__file__).parent
    shutil.copytree(package / "stage", tmp_path / "livegen" / "stage", ignore=shutil.ignore_patterns("__pycache__"))
    for name in CORE:
        shutil.copy(package / name, tmp_path / "livegen")
    for name in MIDO:
        for file in {Path(file.parts[0]) for file in importlib.metadata.files(name) or () if ".." not in file.parts}:
            (tmp_path / file).symlink_to(importlib.metadata.distribution(name).locate_file(file))
    settings = stage_settings(hand_over=None)
    settings = json.dumps({**settings._asdict(), "sampling": settings.sampling._asdict()})
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", str(PROGRAM), str(tmp_path), settings],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["heard"] == [60, 64, 67]
    assert told["answered"] == [60, 64, 67]
    assert told["modules"] == len(CORE) + len(list((package / "stage").rglob("*.py")))
