"""Asks systemd about the units of livegen."""

from __future__ import annotations

from collections.abc import Sequence

from livegen.doctor.facts import Service, Unit
from livegen.service import state

LINES = 3  # of the log


def look() -> Service:
    """The units that are installed or run, of the system and of this user."""
    if not state.BOOTED.is_dir():
        return Service()
    return Service(True, tuple(unit(found, state.warnings(found, LINES)) for found in state.every()))


def unit(found: state.Service, warnings: Sequence[str] = ()) -> Unit:
    """A unit with the last lines of its log that need a person."""
    return Unit(
        name=found.unit,
        user=found.user,
        active=found.active,
        sub=found.sub,
        enabled=found.file_state,
        result=found.result,
        status=found.status,
        exit_status=found.exit_status,
        restarts=found.restarts,
        warnings=tuple(dict.fromkeys(warnings)),
    )
