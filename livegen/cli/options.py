"""The daemon's settings as options, of `livegen` itself and of its subcommands."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livegen.config import settings as config
from livegen.config.values import Choice, Flag, Names, Number, Text

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Examples = Sequence[tuple[str, str]]
"""Command lines, and what each does."""


def load(given: Mapping[str, object]) -> config.Loaded:
    """The settings in force, with what the command line gave, as the context's object holds it.

    Raises:
        ConfigError: a file that cannot be read, a value that is not valid.
    """
    path = given.get("config")
    settings = {name: value for name, value in given.items() if name != "config"}
    return config.load(settings, os.environ, None if path is None else Path(str(path)))


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401  (click's signature)
    """Put what was given on the command line aside, before or behind a subcommand."""
    if value is not None and value != () and parameter.name is not None:
        context.find_root().obj[parameter.name] = value


def _keep_verbose(context: click.Context, parameter: click.Parameter, value: int) -> None:
    _keep(context, parameter, min(value, 2) or None)


def _setting(spec: config.Spec, *, hidden: bool) -> click.Option:
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
        type=click.Path() if isinstance(kind, Text) and kind.path else str,  # says that files complete it
        metavar=kind.placeholder,
        shell_complete=partial(_complete, spec) if isinstance(kind, Choice | Names) else None,
        help=spec.help + tail,
        **common,
    )


def options(shown: Collection[str]) -> list[click.Parameter]:
    """--config, and a flag for each setting; the help shows those whose fields are named."""
    where = "Settings from this TOML file [$XDG_CONFIG_HOME/livegen/livegen.toml]"
    file = click.Option(
        ["config", "--config"],
        type=click.Path(),
        metavar="FILE",
        help=where,
        hidden="config" not in shown,
        expose_value=False,
        callback=_keep,
    )
    return [file, *(_setting(spec, hidden=spec.field not in shown) for spec in config.SPECS)]


def _complete(spec: config.Spec, _: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
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
    """What can be copied from a help: a line each, below what it does."""
    if examples:
        with formatter.section("Examples"):
            for line, meaning in examples:
                formatter.write_text(f"# {meaning}")
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Command(click.Command):
    """A subcommand: every setting may stand behind it as well as before it, but for those whose flag is its own.

    Args:
        shown: fields of the settings that its help shows.
        examples: command lines, and what each does.
    """

    def __init__(self, *args: Any, shown: Collection[str] = (), examples: Examples = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._examples = examples
        own = {flag for parameter in self.params for flag in parameter.opts}
        self.params += [option for option in options(shown) if not own.intersection(option.opts)]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's)
        write_examples(formatter, self._examples)
        formatter.write_paragraph()
        formatter.write_text("Every setting may stand here too: see livegen --help.")
