"""The files of a program that belong under share/: the manual and the completions.

`livegen service install` writes them, and the wheel carries them (`hatch_build.py`).
"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from livegen.cli.manual import page
from livegen.service.install import COMPLETIONS, MANUAL


def texts(root: click.Context) -> dict[str, str]:
    """The text of each file, by its path below share/.

    Args:
        root: the context of the main command.
    """
    found = {MANUAL: page(root, getattr(root.command, "examples", ()))}
    for shell, path in COMPLETIONS.items():
        kind = get_completion_class(shell)
        assert kind is not None
        found[path] = kind(root.command, {}, "livegen", "_LIVEGEN_COMPLETE").source()
    return found
