"""The commands for a running livegen. Large modules are imported only when they are needed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from livegen.cli.options import Command, load
from livegen.errors import DataError

if TYPE_CHECKING:
    from livegen.control.client import Client

_SET = (
    ("livegen set temperature 0.8", "from the next response on"),
    ('livegen set in "Keystation"', "another keyboard; several are separated by ;"),
    ("livegen --name left set thru off", "if several livegens run"),
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _client(given: dict[str, object]) -> Client:
    from livegen.control.client import Client

    return Client(load({name: value for name, value in given.items() if name in ("config", "name")}).settings.name)


@click.command(
    "set",
    cls=Command,
    shown=("name",),
    examples=_SET,
    context_settings={"ignore_unknown_options": True},  # -1 is a value
)
@click.argument("setting")
@click.argument("value")
@click.pass_obj
def set_(given: dict[str, object], setting: str, value: str) -> None:
    """Change a setting of the running livegen."""
    with _client(given) as client:
        answer = client.ask("set", values={setting: value})
    for name, now in answer["values"].items():
        click.echo(f"{name} = {_plain(now)} ({answer['applies'][name]})")


@click.command(cls=Command, shown=("name",))
@click.argument("setting", required=False)
@_as_json
@click.pass_obj
def get(given: dict[str, object], setting: str | None, *, as_json: bool) -> None:
    """Show a setting of the running livegen, or all of them."""
    with _client(given) as client:
        answer = client.ask("get", **({"name": setting} if setting else {}))
    if as_json:
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    elif setting:
        click.echo(_plain(answer["value"]))
    else:
        for name, value in answer["settings"].items():
            click.echo(f"{name} = {json.dumps(value, ensure_ascii=False)}" if value is not None else f"# {name} =")


@click.command(cls=Command, shown=("name",))
@click.argument("name_of_preset", metavar="NAME")
@click.pass_obj
def preset(given: dict[str, object], name_of_preset: str) -> None:
    """Use a preset of the settings."""
    with _client(given) as client:
        answer = client.ask("preset", name=name_of_preset)
    for name, now in answer["values"].items():
        click.echo(f"{name} = {_plain(now)} ({answer['applies'][name]})")


@click.command(cls=Command, shown=("name",))
@_as_json
@click.pass_obj
def status(given: dict[str, object], *, as_json: bool) -> None:
    """Show what the running livegen does, and how well."""
    from livegen.control import report

    with _client(given) as client:
        found = client.ask("status")
    click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else report.text(found))


@click.command(cls=Command, shown=("name",))
@click.pass_obj
def monitor(given: dict[str, object]) -> None:
    """Watch the running livegen: notes, turns, changes. Stop with Ctrl-C."""
    from livegen.control import monitor as watching

    with _client(given) as client:
        watching.run(client)


@click.command(cls=Command, shown=("name",))
@click.pass_obj
def keep(given: dict[str, object]) -> None:
    """Keep the recording of what was played."""
    with _client(given) as client:
        answer = client.ask("keep")
    if answer["recording"] is None:
        raise DataError(f"Nothing is kept: {answer['why']}.")
    click.echo(f"The recording {answer['recording']} is kept.")


def _order(name: str, help_: str, done: str) -> click.Command:
    """A command without arguments."""

    @click.command(name, cls=Command, shown=("name",), help=help_)
    @click.pass_obj
    def order(given: dict[str, object]) -> None:
        with _client(given) as client:
            client.ask(name)
        click.echo(done)

    return order


def _plain(value: Any) -> str:  # noqa: ANN401  (a value of JSON)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


commands: tuple[click.Command, ...] = (
    set_,
    get,
    preset,
    status,
    monitor,
    _order("panic", "End all sound of the running livegen.", "All sound is ended."),
    keep,
    _order("forget", "Forget what was played, this evening and before.", "What was played is forgotten."),
    _order("reload", "Read the settings again, as SIGHUP does.", "The settings are reloaded."),
    _order("stop", "End the running livegen.", "livegen is stopping."),
)
