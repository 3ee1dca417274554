"""Asks systemd about the services of livegen."""

from __future__ import annotations

from livegen.doctor.facts import Services, Unit
from livegen.service import state

LINES = 3  # of a log


def look() -> Services:
    """The services that are installed, of the system and of this user."""
    if not state.manager(user=False):
        return Services()
    return Services(True, tuple(Unit(each, _warnings(each)) for each in state.every()))


def _warnings(service: state.Service) -> tuple[str, ...]:
    return tuple(dict.fromkeys(state.warnings(service, LINES)))
