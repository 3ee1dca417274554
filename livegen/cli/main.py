"""The command line. Large modules are imported only when they are needed.

`livegen.cli.runner.run` describes the exit status.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from importlib import import_module

import click

from livegen import __version__
from livegen.cli.options import Command, load, options, write_examples
from livegen.cli.runner import run
from livegen.config.load import default_path
from livegen.config.settings import DEFAULTS, GROUPS, SPECS
from livegen.smf import SUFFIXES

ELSEWHERE = {
    **dict.fromkeys(("set", "get", "preset", "status", "monitor", "panic", "keep", "reload", "stop"), "control"),
    **dict.fromkeys(("data", "plot"), "data"),
    **dict.fromkeys(("generate", "render"), "generate"),
    **dict.fromkeys(("train", "export"), "train"),
    **{name: name for name in ("doctor", "evaluate", "play", "recordings", "service")},
}
"""Commands, and the modules in livegen.cli that are imported when they are used: playing starts sooner without them."""

EXAMPLES = (
    ("livegen", "use the first keyboard, or else the demo, and FluidSynth"),
    ('livegen --in "Keystation" --out FluidSynth', "use this keyboard"),
    ("livegen --out port:FluidSynth", "use another synth, by the name of its port"),
    ("livegen --in demo --out jam.wav", "without a keyboard and a sound card: record the demo"),
    ("livegen --in call.mid --out jam.mid --fast", "answer a MIDI file, faster than real time"),
    ("livegen --silence 1.2 --temperature 0.8", "wait longer, and play safer"),
    ("livegen --panic key:A0", "use the lowest key to silence everything"),
    ("livegen --virtual", "create ports that other programs can connect to"),
    ("livegen --silence 1.2 config > livegen.toml", "save settings, to be used with --config livegen.toml"),
    ("livegen set temperature 0.8", "change a setting of the livegen that runs"),
    ("livegen ports", "list the values for --in and --out"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    return run(cli, arguments, "livegen", {})


class Main(click.Group):
    """The main command, with its options in groups."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's)
        return sorted({*self.commands, *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in ELSEWHERE and cmd_name not in self.commands:
            module = import_module(f"livegen.cli.{ELSEWHERE[cmd_name]}")
            found = (*vars(module).values(), *getattr(module, "commands", ()))
            self.add_command(next(each for each in found if isinstance(each, click.Command) and each.name == cmd_name))
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if not args[0].lower().endswith(SUFFIXES):
                raise
            hint = f"{args[0]} is not a command. To answer a MIDI file: --in {args[0]} --out answer.mid."
            raise click.UsageError(hint, ctx) from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        of = {spec.field: spec.group for spec in SPECS}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(of.get(parameter.name or "", "System"), []).append(record)
        for group in GROUPS:
            with formatter.section(group):
                formatter.write_dl(groups[group])
        self.format_commands(ctx, formatter)

    examples = EXAMPLES

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's)
        write_examples(formatter, self.examples)


@click.group(
    cls=Main,
    invoke_without_command=True,
    params=options(("config", *(spec.field for spec in SPECS))),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, help="Show the version and exit; with -v also those of all libraries.")
@click.pass_context
def cli(context: click.Context, *, version: bool) -> int:
    """Play a phrase on a MIDI keyboard, pause, and a neural network plays a response.

    Every setting can also be set in a TOML file (silence = 1.2) or in the environment (LIVEGEN_SILENCE=1.2).
    """
    if version:
        click.echo(_versions(context.obj))
        context.exit()
    if context.invoked_subcommand is not None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # set in __main__
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a command may have to clean up
        return 0
    given = context.obj
    settings = load(given).settings

    from livegen.live import daemon

    return daemon.run(settings, reload=lambda: load(given).settings)


def _versions(given: dict[str, object]) -> str:
    if not given.get("verbose"):
        return f"livegen {__version__}"
    from livegen.control.report import aligned
    from livegen.versions import versions

    return aligned(list(versions(str(given.get("model", DEFAULTS.model))).items()))


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@cli.command()
@_as_json
@click.pass_obj
def ports(given: dict[str, object], *, as_json: bool) -> None:
    """List MIDI ports and other values for --in and --out."""
    from livegen.io import listing

    report = listing.report(load(given).settings)
    click.echo(_json(report.plain()) if as_json else report.text())


@cli.command()
@_as_json
def models(*, as_json: bool) -> None:
    """List the models, with their loss and licence."""
    from livegen.engine import card
    from livegen.io.listing import aligned

    cards = [card.read(folder) for folder in card.folders().values()]
    if as_json:
        click.echo(_json([json.loads(found.to_json()) | {"folder": str(found.folder)} for found in cards]))
        return
    rows = [("Name", "Description", "Nats per note", "Trained on", "Licence")]
    for found in cards:
        trained = f"{found.training.data}, {found.training.date}"
        nats = f"{found.figures.total:.2f}" if found.figures else "not evaluated"
        rows.append((found.name, found.title, nats, trained, found.licence))
    click.echo("\n".join(aligned(rows)))


@cli.command("config")
@_as_json
@click.option("--comments", is_flag=True, help="Print a settings file that explains every setting.")
@click.pass_obj
def config_(given: dict[str, object], *, as_json: bool, comments: bool) -> None:
    """Show the current settings, and where each value comes from."""
    loaded = load(given)
    if comments:
        from livegen.config.commented import commented

        changed = {spec.field: getattr(loaded.settings, spec.field) for spec in SPECS}
        click.echo(commented({name: value for name, value in changed.items() if loaded.origins[name] != "default"}))
        return
    values = {spec: getattr(loaded.settings, spec.field) for spec in SPECS}
    if as_json:
        table = {spec.name: {"value": value, "origin": loaded.origins[spec.field]} for spec, value in values.items()}
        click.echo(_json({"file": None if loaded.path is None else str(loaded.path), "settings": table}))
        return
    lines = {
        spec: f"{spec.name} = {_toml(value)}" if value is not None else f"# {spec.name} ="
        for spec, value in values.items()
    }
    width = max(len(line) for line in lines.values() if len(line) < 40)
    click.echo(f"# file: {loaded.path or f'none ({default_path(os.environ)} does not exist)'}")
    for spec, line in lines.items():
        click.echo(f"{line.ljust(width)}  # {loaded.origins[spec.field]}")


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # texts, numbers, booleans and lists are the same in TOML


@cli.command()
@_as_json
@click.pass_obj
def bench(given: dict[str, object], *, as_json: bool) -> int:
    """Measure speed and timing on this machine."""
    settings = load(given).settings

    from livegen.bench import main as measure

    return measure(settings, as_json=as_json)


_COMPLETION = (
    ('eval "$(livegen completion bash)"', "bash, in ~/.bashrc"),
    ('eval "$(livegen completion zsh)"', "zsh, in ~/.zshrc"),
    ("livegen completion fish | source", "fish, in ~/.config/fish/config.fish"),
)


@cli.command(examples=_COMPLETION)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(cli, {}, "livegen", "_LIVEGEN_COMPLETE").source())


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
