"""What several commands share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from livegen.errors import ConfigError, did_you_mean
from livegen.quiet import quiet

EXTRA = ("keras", "matplotlib", "symusic", "tensorflow")  # what these commands need beyond what plays
PICTURES = (".png", ".svg")

PATH = click.Path(path_type=Path)


@contextmanager
def needing_extra() -> Iterator[None]:
    """Say what to install where it lacks."""
    try:
        yield
    except ModuleNotFoundError as error:
        lacking = (error.name or "").partition(".")[0]
        if lacking not in EXTRA:
            raise
        raise ConfigError(
            f"This needs {lacking}, which is not installed. Install what training needs:"
            ' pip install "livegen[train]", or in a checkout pip install ".[train]".'
        ) from error


@contextmanager
def tensorflow() -> Iterator[None]:
    """Import it without its greetings; say what to install where it lacks."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with needing_extra(), quiet():
        yield


def tell(line: str) -> None:
    """What happens while a command works, beside its result."""
    click.echo(line, err=True)


def _picture(_: click.Context, __: click.Parameter, path: Path) -> Path:
    if path.suffix.lower() not in PICTURES:
        near = did_you_mean(path.suffix, PICTURES)
        raise ConfigError(f"{path}: a picture's name ends with {' or '.join(PICTURES)}.{near}")
    return path


picture_out = click.option(
    "-o", "--out", metavar="PNG|SVG", type=PATH, required=True, callback=_picture, help="The picture to write."
)
