"""The settings as options of `livegen` and of its subcommands."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livegen.config import load as config
from livegen.config.settings import SPECS, Spec
from livegen.config.values import Choice, Flag, Names, Number, Text

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Examples = Sequence[tuple[str, str]]
"""Command lines, and their descriptions."""


def load(given: Mapping[str, object]) -> config.Loaded:
    """Load the settings, with the values from the command line in `given`, the object of click's context.

    Raises:
        ConfigError: a file cannot be read, or a value is not valid.
    """
    path = given.get("config")
    settings = {name: value for name, value in given.items() if name != "config"}
    return config.load(settings, os.environ, None if path is None else Path(str(path)))


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401  (click's signature)
    """Store a value from the command line, given before or after a subcommand."""
    if value is not None and value != () and parameter.name is not None:
        context.find_root().obj[parameter.name] = value


def _keep_verbose(context: click.Context, parameter: click.Parameter, value: int) -> None:
    _keep(context, parameter, min(value, 2) or None)


_PORTS = ("inputs", "outputs")


def _setting(spec: Spec, *, hidden: bool) -> click.Option:
    kind = spec.kind
    common: dict[str, Any] = {"hidden": hidden, "expose_value": False, "callback": _keep}
    if spec.field == "verbose":
        return click.Option(["-v", "--verbose"], count=True, help=spec.help, **common | {"callback": _keep_verbose})
    if isinstance(kind, Flag):
        return click.Option([spec.field, f"{spec.flag}/--no-{spec.name}"], default=None, help=spec.help, **common)
    if isinstance(kind, Number):
        default = "" if spec.default is None else f"{spec.default:g}, "
        tail = f" [{default}{kind.range.removeprefix('a whole number from ')}]"
    else:
        tail = f" [{spec.default}]" if spec.default else ""
    return click.Option(
        [spec.field, spec.flag],
        default=None,
        multiple=isinstance(kind, Names),
        type=click.Path() if isinstance(kind, Text) and kind.path else str,  # so that a shell completes file names
        metavar=kind.placeholder,
        shell_complete=partial(_complete, spec) if isinstance(kind, Choice) or spec.field in _PORTS else None,
        help=spec.help + tail,
        **common,
    )


def options(shown: Collection[str]) -> list[click.Parameter]:
    """--config, and an option for each setting. The help shows only the fields in `shown`."""
    where = "Read settings from this TOML file. [$XDG_CONFIG_HOME/livegen/livegen.toml]"
    file = click.Option(
        ["config", "--config"],
        type=click.Path(),
        metavar="FILE",
        help=where,
        hidden="config" not in shown,
        expose_value=False,
        callback=_keep,
    )
    return [file, *(_setting(spec, hidden=spec.field not in shown) for spec in SPECS)]


def _complete(spec: Spec, _: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    words = list(spec.kind.words) if isinstance(spec.kind, Choice) else _ports(spec.field)
    return [CompletionItem(word) for word in words if word.lower().startswith(incomplete.lower())]


def _ports(field: str) -> list[str]:
    from livegen.io import midi_system

    found = midi_system.listings()[:1]
    if field == "inputs":
        return ["demo", *(name for listing in found for name in listing.inputs)]
    return ["FluidSynth", *(name for listing in found for name in listing.outputs)]


def write_examples(formatter: click.HelpFormatter, examples: Examples) -> None:
    """Write command lines that can be copied, each below its description."""
    if examples:
        with formatter.section("Examples"):
            for line, meaning in examples:
                formatter.write_text(f"# {meaning}")
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Command(click.Command):
    """A subcommand. It accepts every setting too, unless it has an option of the same name.

    Args:
        shown: the fields of the settings that its help shows.
        examples: command lines, and their descriptions.
    """

    def __init__(self, *args: Any, shown: Collection[str] = (), examples: Examples = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._examples = examples
        own = {flag for parameter in self.params for flag in parameter.opts}
        self.params += [option for option in options(shown) if not own.intersection(option.opts)]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's)
        write_examples(formatter, self._examples)
        formatter.write_paragraph()
        formatter.write_text("All settings are valid here too: see livegen --help.")
