"""Loads a LiteRT file in another process first. LiteRT does not check files, and crashes on some damaged ones.

Run as: python -m livegen.engine.trial FOLDER
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from livegen.engine import card
from livegen.errors import ModelError

PATIENCE = 60.0  # s
FAILED = 1  # the exit status of Python after an exception


def crashes(folder: Path) -> bool:
    """Whether the process dies, or hangs, that loads and plays the model in this folder."""
    words = [sys.executable, "-m", __name__, str(folder)]
    try:
        done = subprocess.run(  # noqa: S603  (our own program)
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode not in (0, FAILED)


def _environment() -> dict[str, str]:
    """That of this process, so that the same livegen is found."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def main(folder: str) -> None:
    """Load and play. An error is left to whoever loads the model again."""
    from livegen.engine.choose import warm_up
    from livegen.engine.litert import FILE, LiteRt

    found = card.read(Path(folder))
    try:
        warm_up(LiteRt(found.read_file(FILE), found.memory), 2)
    except (ModelError, ValueError, RuntimeError):
        return


if __name__ == "__main__":
    main(*sys.argv[1:])
