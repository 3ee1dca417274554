"""Applies fixes: as root directly, else by sudo."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable

from livegen.doctor.findings import Fix, Run, Step


def apply(fixes: Iterable[Fix], *, root: bool, say: Callable[[str], object]) -> bool:
    """Do every step of every fix, and report each before it is done. Returns whether all have worked.

    Args:
        fixes: to apply, each once.
        root: whether this process is root.
        say: gets a line before each step and after each failure.
    """
    worked = True
    for fix in dict.fromkeys(fixes):
        for step in fix.steps:
            say(f"{'' if root else 'sudo: '}{step}")
            failure = _done(step, root=root)
            if failure:
                say(f"  failed: {failure}")
                worked = False
                break
        else:
            if fix.then:
                say(f"  done. {fix.then}")
    return worked


def _done(step: Step, *, root: bool) -> str:
    """Do a step. Returns why it failed, or an empty text."""
    words = step.words if isinstance(step, Run) else ("tee", "--", str(step.path))
    text = None if isinstance(step, Run) else step.text
    try:
        done = subprocess.run(  # noqa: S603  (the words are those of the checks)
            words if root else ("sudo", "--", *words),
            input=text,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        return f"{error.filename} is not installed. As root: {step}"
    lines = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (lines[-1] if lines else f"status {done.returncode}")
