"""A process of its own: what happens there is told, and stays there."""

from __future__ import annotations

import os
import sys

import pytest

from livegen.bench.apart import apart
from livegen.bench.figures import MissingError


def process_and_modules(prefix: str) -> tuple[int, list[str]]:
    return os.getpid(), [name for name in sys.modules if name.startswith(prefix)]


def chatter() -> str:
    print("to stdout")
    os.write(2, b"to stderr\n")
    return "done"


def fail(text: str) -> None:
    raise ValueError(text)


def need() -> None:
    import no_such_module  # noqa: F401


def die() -> None:
    os._exit(3)


def test_it_is_another_process() -> None:
    process, _ = apart(process_and_modules, "livegen")
    assert process != os.getpid()


def test_it_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    assert apart(chatter) == "done"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("function", "arguments", "why"),
    [
        (fail, ("no driver\nand a long story",), "no driver"),
        (fail, ("",), "ValueError"),
        (need, (), "no_such_module is not installed"),
        (die, (), "died"),
    ],
)
def test_what_fails_there_is_missing_here(function, arguments, why) -> None:
    with pytest.raises(MissingError, match=why):
        apart(function, *arguments)
