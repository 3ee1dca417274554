"""`livegen service`. Large modules are imported only when they are needed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from livegen.cli.options import Command
from livegen.config import load as config
from livegen.errors import PortError

if TYPE_CHECKING:
    from livegen.service.install import Place
    from livegen.service.steps import Step

_EXAMPLES = (
    ("livegen service install --user", "in your session, with PipeWire or JACK"),
    ("sudo livegen service install", "for the machine, started at boot, with the sound card"),
    ("sudo livegen service install --name left", "another instance, livegen@left.service"),
    ("livegen service install --user --dry-run", "show what would be done"),
)


class _Group(click.Group):
    command_class = Command


@click.group(cls=_Group)
def service() -> None:
    """Install livegen as a service of systemd, show its state and its log."""


_user = click.option("--user", is_flag=True, help="The service of your own session, not that of the machine.")
_dry_run = click.option("--dry-run", is_flag=True, help="Show the steps only.")


@service.command(shown=("name",), examples=_EXAMPLES)
@_user
@click.option("--update", is_flag=True, help="What is stopped, or does not start at boot, stays so.")
@_dry_run
@click.pass_context
def install(context: click.Context, *, user: bool, update: bool, dry_run: bool) -> None:
    """Install and start the service, or install it again after an update.

    Writes a unit, a settings file if there is none, the manual and completions; enables and starts the unit.
    """
    from livegen.cli.shared import texts
    from livegen.service import install as plan
    from livegen.service import state

    place, name, folder = _place(user=user), _name(context), plan.program()
    shared = texts(context.find_root())
    written = {file: shared[path] for path, file in place.shared.items()}
    steps = plan.installation(place, name, folder, written, state.find(name, user=user) if update else None)
    if dry_run:
        _show(steps)
        return
    plan.check(place, name, folder)
    _do(steps)
    found = state.find(name, user=user)
    unit = state.unit(name)
    settings = place.config / f"{unit.removesuffix('.service')}.toml"
    click.echo(f"{unit} is {found.active if found else 'installed'}: {found.status if found else ''}")
    click.echo(f"Settings: {settings}. After a change: {_prefix(user)} reload {unit}")


@service.command(shown=("name",))
@_user
@click.option("--purge", is_flag=True, help="Delete the recordings too.")
@_dry_run
@click.pass_context
def uninstall(context: click.Context, *, user: bool, purge: bool, dry_run: bool) -> None:
    """Stop the service, and remove what `install` has written, settings and drop-ins too. Recordings stay."""
    from livegen.service import install as plan
    from livegen.service import state

    place, name = _place(user=user), _name(context)
    steps = plan.removal(place, name, purge=purge)
    if dry_run:
        _show(steps)
        return
    plan.check(place, name, plan.program())
    if state.find(name, user=user) is None:
        raise PortError(f"{state.unit(name)} is not installed{' for this user' if user else ''}.")
    _do(steps)


@service.command(shown=("name",))
@_user
@click.pass_context
def status(context: click.Context, *, user: bool) -> int:
    """Show whether the service runs, what it does, and its last warnings. Exit status 69: it does not run."""
    from livegen.service import state

    found = state.find(_name(context), user=user)
    if found is None:
        raise PortError(f"{state.unit(_name(context))} is not installed{' for this user' if user else ''}.")
    rows = [
        ("unit", f"{found.unit}, {found.file}"),
        ("starts", ("with the session" if user else "at boot") if found.enabled else "by hand"),
        ("state", f"{found.active} ({found.sub}){f' since {found.since}' if found.running else ''}"),
        ("does", found.status or "nothing"),
    ]
    if not found.running and found.result != "success":
        rows.append(("ended", f"{found.result}, {found.exit_status}"))
    if found.restarts:
        rows.append(("restarts", str(found.restarts)))
    for label, text in rows:
        click.echo(f"{label:<10}{text}")
    for line in state.warnings(found):
        click.echo(f"{'warning':<10}{line}")
    return 0 if found.running else PortError.exit_code


@service.command(shown=("name",))
@_user
@click.option("-f", "--follow", is_flag=True, help="Show new lines as they come.")
@click.option("-n", "--lines", type=click.IntRange(min=1), default=50, show_default=True, help="The last N lines.")
@click.pass_context
def logs(context: click.Context, *, user: bool, follow: bool, lines: int) -> int:
    """Show the log of the service."""
    from livegen.service import state

    words = [*state.journal(state.unit(_name(context)), user=user), f"--lines={lines}"]
    try:
        return subprocess.run([*words, "--follow"] if follow else words, check=False).returncode  # noqa: S603  (journalctl)
    except FileNotFoundError:
        raise PortError("There is no journalctl here: the log is where the service manager puts it.") from None
    except KeyboardInterrupt:
        return 0


def _name(context: click.Context) -> str:
    from livegen.service.state import DEFAULT

    return str(config.checked("name", context.obj.get("name", DEFAULT)))


def _place(*, user: bool) -> Place:
    from livegen.service.install import Place

    return Place.of_user(os.environ) if user else Place.of_machine()


def _prefix(user: bool) -> str:  # noqa: FBT001  (a detail of one message)
    return "systemctl --user" if user else "sudo systemctl"


def _show(steps: Sequence[Step]) -> None:
    for step in steps:
        click.echo(step)


def _do(steps: Sequence[Step]) -> None:
    for step in steps:
        step.do()
        click.echo(step)
