"""The steps of an installation. Each can be shown before it is done."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from livegen.errors import ConfigError, PortError


class Step(Protocol):
    """Its text says what it does, as an order."""

    def do(self) -> None:
        """Do it. Raises LivegenError."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write a text file."""

    path: Path
    content: str

    def __str__(self) -> str:
        return f"write {self.path}"

    def do(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self.content, encoding="utf-8")
            self.path.chmod(0o644)  # also for a service with a user of its own, whatever the umask is
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be written ({error.strerror}).") from error


@dataclass(frozen=True, slots=True)
class Link:
    """Make a symbolic link."""

    path: Path
    target: Path

    def __str__(self) -> str:
        return f"link {self.path} to {self.target}"

    def do(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)
            self.path.symlink_to(self.target)
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be written ({error.strerror}).") from error


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a file or a folder with all that is in it."""

    path: Path

    def __str__(self) -> str:
        return f"remove {self.path}"

    def do(self) -> None:
        try:
            if self.path.is_dir() and not self.path.is_symlink():
                shutil.rmtree(self.path)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be removed ({error.strerror}).") from error


@dataclass(frozen=True, slots=True)
class Try:
    """A step that need not succeed: /usr/local is read-only on some systems."""

    step: Step

    def __str__(self) -> str:
        return f"{self.step}, if that is possible"

    def do(self) -> None:
        with suppress(ConfigError):
            self.step.do()


@dataclass(frozen=True, slots=True)
class Run:
    """Run a command.

    Attributes:
        words: of the command line.
        remedy: what to do if it fails; "": that it fails does not matter.
    """

    words: tuple[str, ...]
    remedy: str = ""

    def __str__(self) -> str:
        return " ".join(self.words)

    def do(self) -> None:
        done = subprocess.run(self.words, capture_output=True, text=True, check=False)  # noqa: S603  (systemctl)
        if done.returncode != 0 and self.remedy:
            said = " ".join(done.stderr.split()).rstrip(".")
            raise PortError(f"{self} failed: {said}. {self.remedy}")
