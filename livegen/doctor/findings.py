"""What the doctor finds: whether a thing is as it should be, else the remedy, and a fix if there is a safe one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"  # it plays, but not as well as it could
    PROBLEM = "problem"  # a reason for silence


@dataclass(frozen=True, slots=True)
class Run:
    """A step of a fix: a program to run."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Write:
    """A step of a fix: a file to write."""

    path: Path
    text: str

    def __str__(self) -> str:
        return f"write {' '.join(self.text.split())} to {self.path}"


Step = Run | Write


@dataclass(frozen=True, slots=True)
class Fix:
    """What `--fix` does. Every fix needs root, can be repeated, and can be taken back by hand."""

    steps: tuple[Step, ...]
    then: str = ""  # what the user has to do afterwards

    def __str__(self) -> str:
        return ", ".join(map(str, self.steps))


@dataclass(frozen=True, slots=True)
class Finding:
    check: str  # for programs: a short name that stays the same
    state: State
    what: str  # a sentence
    remedy: str = ""  # what to do, if it is not ok
    fix: Fix | None = None


def ok(check: str, what: str) -> Finding:
    return Finding(check, State.OK, what)


def warning(check: str, what: str, remedy: str, fix: Fix | None = None) -> Finding:
    return Finding(check, State.WARNING, what, remedy, fix)


def problem(check: str, what: str, remedy: str, fix: Fix | None = None) -> Finding:
    return Finding(check, State.PROBLEM, what, remedy, fix)
