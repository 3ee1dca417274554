"""What several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from livegen.errors import ConfigError, did_you_mean, needing_extra
from livegen.quiet import quiet

PATH = click.Path(path_type=Path)
FC = TypeVar("FC", bound=Callable[..., Any] | click.Command)


@contextmanager
def tensorflow() -> Iterator[None]:
    """Import it without its greetings; say what to install where it lacks."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with needing_extra(), quiet():
        yield


def tell(line: str) -> None:
    """What happens while a command works, beside its result."""
    click.echo(line, err=True)


def file_out(kind: str, *suffixes: str) -> Callable[[FC], FC]:
    """The option -o/--out of a command that writes a file of some kind, which its name's end tells."""

    def check(_: click.Context, __: click.Parameter, path: Path) -> Path:
        if path.suffix.lower() not in suffixes:
            near = did_you_mean(path.suffix, suffixes)
            raise ConfigError(f"{path}: a {kind}'s name ends with {' or '.join(suffixes)}.{near}")
        return path

    metavar = "|".join(suffix[1:].upper() for suffix in suffixes)
    return click.option(
        "-o", "--out", metavar=metavar, type=PATH, required=True, callback=check, help=f"The {kind} to write."
    )


picture_out = file_out("picture", ".png", ".svg")
