"""`livegen train`, run and stopped by the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from livegen.cli import runner as command
from livegen.cli.main import main


@dataclass(frozen=True, slots=True)
class TutorialRun:
    """Of the preset tutorial, by the command, stopped by Ctrl-C and gone on with."""

    folder: Path
    told: list[str]

    @classmethod
    def on(cls, data: Path, folder: Path) -> TutorialRun:
        words, told = [*tutorial_command(data, folder), "--epochs", "3", "--files", "4"], StringIO()
        with redirect_stderr(told):
            with interrupted_at("epoch 1/"):
                assert main(words) == 0
            assert main(words) == 0
        return cls(folder, told.getvalue().splitlines())


def tutorial_command(data: Path, out: Path) -> list[str]:
    return ["train", "--preset", "tutorial", "--data", str(data), "--out", str(out)]


@contextmanager
def interrupted_at(start: str) -> Iterator[None]:
    """Somebody presses Ctrl-C when the command prints a line that begins with `start`."""

    def progress(line: str) -> None:
        command.progress(line)
        if line.startswith(start):
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("livegen.cli.train.progress", progress)
        yield
