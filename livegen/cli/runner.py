"""What every command is made of: the edge of its process, its options that are files, and what it tells."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

import click

from livegen.errors import ConfigError, LivegenError, PortError, did_you_mean, needing_extra
from livegen.files import FULL
from livegen.quiet import quiet

PATH = click.Path(path_type=Path)
FC = TypeVar("FC", bound=Callable[..., Any] | click.Command)
BUG = 70  # EX_SOFTWARE of sysexits.h


class Number(click.FloatRange):
    """A range that NaN is not in."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is no number.", param, ctx)
        return number


def run(
    command: click.Command, arguments: Sequence[str] | None, name: str, given: dict[str, object] | None = None
) -> int:
    """Run a command and return its exit status.

    That is what it returns, else 0, 1 (a broken pipe), 2 (an option or command that does not exist), 130 (Ctrl-C before
    it played), 70 (a bug), or that of the `LivegenError`.

    Args:
        command: `livegen`, or one that is run by itself.
        arguments: those of the process by default.
        name: what it is called.
        given: what the command is to leave of its settings.
    """
    try:
        status = command.main(arguments, prog_name=name, standalone_mode=False, obj=given)
    except LivegenError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        message = " ".join(error.format_message().split())
        message += "" if message.endswith((".", "?", ")")) else "."
        where = getattr(error, "ctx", None)
        return _fail(f"{message} See {where.command_path if where else name} --help.", error.exit_code)
    except click.Abort:
        return 128 + 2  # as a shell says it of SIGINT
    except Exception as error:  # noqa: BLE001  (the edge of the process: no user should have to read a traceback)
        return _unforeseen(error, verbose=bool(given and given.get("verbose")))
    return status if isinstance(status, int) else 0


def _unforeseen(error: Exception, *, verbose: bool) -> int:
    if isinstance(error, OSError) and error.errno in FULL:  # behind a redirection
        return _fail(f"what it prints cannot be written ({error.strerror}).", PortError.exit_code)
    if verbose or os.environ.get("LIVEGEN_VERBOSE", "0") != "0":
        import traceback

        traceback.print_exception(error)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return _fail(f"this is a bug, please report it ({what}). With -v it tells where.", BUG)


def _fail(message: str, status: int) -> int:
    click.echo(f"livegen: {message}", err=True)
    return status


def module(command: click.Command, name: str) -> None:
    """Run a command that is a module, python -m `name`, and end the process."""
    command.context_settings["help_option_names"] = ["-h", "--help"]
    sys.exit(run(command, None, f"python -m {name}"))


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
midi_out = file_out("MIDI file", ".mid", ".midi")
