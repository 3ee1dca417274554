"""Gathers the facts, beside a livegen that runs or without one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from livegen.apart import ApartError, within
from livegen.config.settings import DEFAULTS, Settings
from livegen.doctor.facts import Daemon, Engine, Facts, Midi, Sound, Storage
from livegen.doctor.probes import daemon, engine, machine, midi, people, service, sound, storage
from livegen.errors import ConfigError

PATIENCE = 15.0  # s for a probe in a separate process
POLITE = 10  # how much lower the priority of the doctor is than that of a livegen that plays


def examine(read: Callable[[], Settings], name: str) -> Facts:
    """Look at this machine.

    Args:
        read: reads the settings; may raise ConfigError.
        name: of the livegen to ask, if the settings cannot be read.
    """
    refused = ""
    try:
        settings = read()
    except ConfigError as error:
        settings, refused = DEFAULTS, str(error)
    asked = daemon.ask(name if refused else settings.name)
    running = asked.daemon
    if running is not None:
        settings = asked.settings or settings
        if hasattr(os, "nice"):
            os.nice(POLITE)
    return Facts(
        settings=settings,
        settings_refused=refused,
        user=people.user(),
        daemon=running,
        others=asked.others,
        daemon_refused=asked.refused,
        daemon_hangs=asked.hangs,
        midi=_midi(settings),
        sound=_sound(settings, running),
        machine=machine.look(),
        engine=_engine(settings, running),
        services=service.look(),
        storage=_storage(settings, running),
    )


# What may hang or crash is called in a process of its own.


def _midi(settings: Settings) -> Midi:
    try:
        return within(PATIENCE, midi.look, settings.backend)
    except ApartError as error:
        return Midi(failure=f"The MIDI system does not answer: {error}.")


def _sound(settings: Settings, running: Daemon | None) -> Sound:
    try:
        return within(PATIENCE, sound.look, settings, driver=running is None)
    except ApartError as error:
        return Sound(failure=f"FluidSynth does not work: {error}.")


def _engine(settings: Settings, running: Daemon | None) -> Engine:
    """The engine of the livegen that runs, else that of a trial."""
    if running is not None:
        model: Mapping[str, Any] = running.status["model"]
        return Engine(model["name"], model.get("runtime", "loading"), model.get("ms_per_note", 0.0))
    try:
        return within(PATIENCE, engine.look, settings.model, settings.device)
    except ApartError as error:
        return Engine(failure=f"The model {settings.model} does not work: {error}.")


def _storage(settings: Settings, running: Daemon | None) -> Storage:
    pid = None if running is None else running.status["pid"]
    environ = os.environ if pid is None else storage.environment_of(pid, os.environ)
    return storage.look(environ, wanted=settings.record == "on")
