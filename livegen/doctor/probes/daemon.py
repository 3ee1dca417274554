"""Asks a livegen that runs, by its control socket."""

from __future__ import annotations

import os
from dataclasses import dataclass

from livegen.config import load as config
from livegen.config.settings import DEFAULTS, Settings
from livegen.control import place
from livegen.control.client import Client, NotRunningError
from livegen.doctor.facts import Daemon
from livegen.doctor.probes import machine
from livegen.errors import ConfigError, LivegenError, PortError

PATIENCE = 5.0  # s for an answer


@dataclass(frozen=True, slots=True)
class Asked:
    daemon: Daemon | None = None
    settings: Settings | None = None  # its settings, if this version knows them all
    others: tuple[str, ...] = ()
    refused: str = ""  # it belongs to another user
    hangs: str = ""  # it does not answer


def ask(name: str) -> Asked:
    """The status and the settings of the livegen of this name."""
    try:
        client = Client(name, os.environ, PATIENCE)
    except NotRunningError:
        return Asked(others=tuple(place.running(os.environ)))
    except PortError as error:
        return Asked(refused=str(error))
    with client:
        try:
            status = client.ask("status")
            values = client.ask("get")["settings"]
        except LivegenError as error:
            return Asked(hangs=str(error))
    return Asked(Daemon(status, machine.realtime_threads(status["pid"])), _settings(values))


def _settings(values: dict[str, object]) -> Settings | None:
    try:
        return config.changed(DEFAULTS, {name: value for name, value in values.items() if value is not None})
    except ConfigError:
        return None
