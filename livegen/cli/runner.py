"""Runs a command and turns errors into an exit status. Also the options that several commands have."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from livegen.config.settings import RENAMED, SPECS
from livegen.config.values import InvalidError, Number, shortened
from livegen.errors import ConfigError, LivegenError, StorageError, did_you_mean, needing_extra
from livegen.files import FULL
from livegen.io import notify
from livegen.quiet import quiet

PATH = click.Path(path_type=Path)
FC = TypeVar("FC", bound=Callable[..., Any] | click.Command)
BUG = 70  # EX_SOFTWARE of sysexits.h


class Numeric(click.ParamType[object]):
    """The type of an option that is a number, checked like a setting."""

    name = "number"

    def __init__(self, number: Number) -> None:
        self._number = number

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> object:  # noqa: ANN401, ARG002  (click's)
        try:
            return self._number.check(self._number.parse(value) if isinstance(value, str) else value)
        except InvalidError:
            option = param.opts[0] if param is not None else "The value"
            raise ConfigError(f"{option} must be {self._number.range}, not {shortened(str(value))}.") from None

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002  (click's)
        return self._number.placeholder


COUNT = Numeric(Number(1, whole=True))
"""A number of things."""
SEED = Numeric(Number(0, 2**32 - 1, whole=True))


def setting(field: str) -> Numeric:
    """The type of a setting, for an option of another command."""
    kind = next(spec.kind for spec in SPECS if spec.field == field)
    assert isinstance(kind, Number)
    return Numeric(kind)


def run(
    command: click.Command, arguments: Sequence[str] | None, name: str, given: dict[str, object] | None = None
) -> int:
    """Run a command and return its exit status.

    The status is the number that the command returns, else 0, 1 (a broken pipe), 2 (an unknown option or command), 130
    (Ctrl-C before livegen plays), 70 (a bug), or that of the `LivegenError`.

    Args:
        command: `livegen`, or a command that runs alone.
        arguments: of the command line; by default those of the process.
        name: of the program, for the help and errors.
        given: gets the settings from the command line.
    """
    try:
        status = command.main(arguments, prog_name=name, standalone_mode=False, obj=given)
    except LivegenError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        message = _message(error)
        where = getattr(error, "ctx", None)
        return _fail(f"{message} See {where.command_path if where else name} --help.", error.exit_code)
    except click.Abort:
        return 128 + 2  # the status of a shell after SIGINT
    except Exception as error:  # noqa: BLE001  (a user must never see a traceback)
        return _bug(error, verbose=bool(given and given.get("verbose")))
    return status if isinstance(status, int) else 0


def _message(error: click.ClickException) -> str:
    name = error.option_name.lstrip("-") if isinstance(error, click.NoSuchOption) else ""
    if name in RENAMED:
        return f"No such option: --{name}. Did you mean --{RENAMED[name]}?"
    message = " ".join(error.format_message().split())
    return message + ("" if message.endswith((".", "?", ")")) else ".")


def _bug(error: Exception, *, verbose: bool) -> int:
    if isinstance(error, OSError) and error.errno in FULL:  # after a redirection
        return _fail(f"cannot write the output ({error.strerror}).", StorageError.exit_code)
    if verbose or os.environ.get("LIVEGEN_VERBOSE", "0") != "0":
        import traceback

        traceback.print_exception(error)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return _fail(f"this is a bug, please report it ({what}). -v shows the traceback.", BUG)


def _fail(message: str, status: int) -> int:
    level = "<3>" if notify.to_journal(sys.stderr) else ""  # LOG_ERR of syslog.h
    click.echo(f"{level}livegen: {message}", err=True)
    return status


def module(command: click.Command, name: str) -> None:
    """Run the command of a module, python -m `name`, and exit."""
    command.context_settings["help_option_names"] = ["-h", "--help"]
    sys.exit(run(command, None, f"python -m {name}"))


@contextmanager
def tensorflow() -> Iterator[None]:
    """Import TensorFlow inside, without its startup messages. If it is missing, the error says what to install."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with needing_extra(), quiet():
        yield


def progress(line: str) -> None:
    """Print progress on stderr. Results go to stdout."""
    click.echo(line, err=True)


def file_out(kind: str, *suffixes: str) -> Callable[[FC], FC]:
    """The option -o/--out of a command that writes a file. The end of its name must be one of `suffixes`."""

    def check(_: click.Context, __: click.Parameter, path: Path) -> Path:
        if path.suffix.lower() not in suffixes:
            near = did_you_mean(path.suffix, suffixes)
            raise ConfigError(f"{path}: the name of a {kind} must end with {' or '.join(suffixes)}.{near}")
        return path

    metavar = "|".join(suffix[1:].upper() for suffix in suffixes)
    return click.option(
        "-o", "--out", metavar=metavar, type=PATH, required=True, callback=check, help=f"The {kind} to write."
    )


picture_out = file_out("picture", ".png", ".svg")
midi_out = file_out("MIDI file", ".mid", ".midi")
