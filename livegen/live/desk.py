"""The desk: answers requests, and changes settings while livegen plays. Everything here happens in the main thread.

Requests come from the control socket, from bound controls and from signals, all as a `Command` through the inbox. When
a setting applies is declared with it (`livegen.config.settings`): most at once; a model is loaded in a separate
thread, then it replaces the old one; ports are opened again, while nothing sounds. A change that fails changes nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Thread
from typing import Any

from livegen import __version__
from livegen.config import dials
from livegen.config import load as config
from livegen.config.settings import SPECS, Applies, Settings, Spec
from livegen.control.feed import plain
from livegen.control.statistics import Statistics, memory
from livegen.engine.choose import Chosen
from livegen.errors import ConfigError, did_you_mean
from livegen.io import notify
from livegen.io.inbox import Inbox
from livegen.io.publisher import KeepRequested, Publisher, SettingsApplied
from livegen.live.failures import report
from livegen.live.model import Model
from livegen.note import MonotonicTime
from livegen.stage.effects import Used
from livegen.stage.events import Command, Event, Panic, SettingsChanged, Stop
from livegen.stage.settings import StageSettings

_DONE = {
    Applies.AT_ONCE: "at once",
    Applies.NEXT_RESPONSE: "from the next response on",
    Applies.PORTS: "the ports are open again",
    Applies.MODEL: "the model is loaded",
}
"""How a change has applied."""

Answer = Callable[[Mapping[str, Any] | Exception], None]
Values = Mapping[str, Any]
"""Settings that change, by field."""


class Desk:
    """Holds the settings in force, and answers requests.

    Args:
        settings: at the start.
        publisher: gets every change.
        read: reads the settings again from files, environment and command line; None: they never change there.
        load: loads and warms up the model of the settings.
        staged: the settings of the stage.
    """

    def __init__(
        self,
        settings: Settings,
        publisher: Publisher,
        read: Callable[[], Settings] | None,
        load: Callable[[Settings], Chosen],
        staged: Callable[[Settings], StageSettings],
    ) -> None:
        self.settings = settings
        self.statistics = Statistics()
        self.waits_for: str | None = None
        self._publisher, self._read, self._load, self._staged = publisher, read, load, staged
        self._inbox: Inbox | None = None
        self._model: Model | None = None
        self._missing: Callable[[], Sequence[str]] = tuple
        self._chosen: Chosen | None = None
        self._fallback: Settings | None = None  # the settings before, while ports are opened again
        self._opening: tuple[Answer, Mapping[str, Any] | Exception] | None = None  # who asked, and what to answer then
        self._loading = False
        self._since = time.time()

    @contextmanager
    def using(
        self, inbox: Inbox, model: Model, chosen: Chosen, missing: Callable[[], Sequence[str]] = tuple
    ) -> Iterator[None]:
        """Inside, `model` answers; `inbox` gets commands that come later; `missing`: the ports that are missing."""
        self._inbox, self._model, self._chosen, self._missing = inbox, model, chosen, missing
        try:
            yield
        finally:
            self._model, self._missing = None, tuple

    # Requests.

    def obey(self, command: Command) -> Event | Stop | None:
        """Do what is asked for, and answer. Returns what the loop has to do next, if anything.

        With a Stop that has `reload`, it has to leave and come back: the ports are opened again.
        """
        try:
            return self._obey(command)
        except Exception as error:  # noqa: BLE001  (no request may stop the music)
            command.answer(error)
            return None

    def used(self, used: Used) -> Command:
        """What a bound control asks for."""
        dial = dials.dial(used.action)
        if dial.command == "set":
            name = "turn" if dial.follows else "set"
            return Command(name, {"values": {dial.name: dial.at(used.position)}}, self._warn)
        return Command(dial.command, {"name": dial.name}, self._warn)

    def _obey(self, command: Command) -> Event | Stop | None:
        arguments, answer = command.arguments, command.answer
        match command.name:
            case "set" | "turn":
                return self._set(arguments["values"], answer, quietly=command.name == "turn")
            case "preset":
                return self._set(self._preset(arguments["name"]), answer)
            case "reload":
                return self._reload(answer)
            case "loaded":
                return self._loaded(arguments["values"], arguments["chosen"], answer)
        answer(self._result(command.name, arguments))
        if command.name == "panic":
            return Panic(self._now())
        return Stop("asked to stop") if command.name == "stop" else None

    def _result(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a request that changes nothing here."""
        if command == "get":
            return self._get(arguments.get("name"))
        if command == "status":
            return self.status()
        if command == "keep":
            self._publisher.publish(KeepRequested(self._now()))
        return {}

    def _get(self, name: str | None) -> Mapping[str, Any]:
        if name is None:
            return {"settings": plain(self.settings)}
        spec = config.named(name, "get: ")
        return {"name": spec.name, "value": getattr(self.settings, spec.field), "applies": spec.applies.value}

    def _preset(self, name: str) -> Mapping[str, object]:
        presets = dials.presets(self.settings)
        if name not in presets:
            known = f" There are: {', '.join(presets)}." if presets else " There are none."
            raise ConfigError(f"There is no preset {name}.{did_you_mean(name, presets) or known}")
        return presets[name]

    def status(self) -> Mapping[str, Any]:
        """What `livegen status` shows."""
        model: dict[str, Any] = {"name": self.settings.model, "device": self.settings.device}
        if self._chosen is not None:
            model |= {"runtime": self._chosen.runtime.name, "ms_per_note": round(self._chosen.milliseconds, 3)}
        return {
            "name": self.settings.name,
            "version": __version__,
            "pid": os.getpid(),
            "since": round(self._since, 3),
            "uptime": round(time.time() - self._since, 3),
            "waits_for": self.waits_for or " and ".join(self._missing()) or None,
            "model": model,
            "memory_mb": memory(),
            **self.statistics.plain(),
        }

    # Changes.

    def _set(self, values: Mapping[str, object], answer: Answer, *, quietly: bool = False) -> Event | Stop | None:
        wanted = config.changed(self.settings, values)
        config.consistent(wanted)
        changes = _differences(self.settings, wanted)
        if later := _fixed(changes):
            raise ConfigError(
                f"{_names(later)} takes effect at the next start. Set it in the file or on the command line."
            )
        return self._change(changes, partial(self._changed, values, answer, quietly=quietly))

    def _changed(
        self, values: Mapping[str, object], answer: Answer, outcome: Mapping[str, Any] | Exception, *, quietly: bool
    ) -> None:
        """Answer a `set`: with the values in force, or with the error."""
        if isinstance(outcome, Exception):
            answer(outcome)
            return
        specs = [config.named(name) for name in values]
        now = {spec.name: getattr(self.settings, spec.field) for spec in specs}
        text = ", ".join(f"{name} = {_shown(value)}" for name, value in now.items())
        (self._publisher.debug if quietly else self._publisher.say)(f"set: {text}")
        answer({"values": now, "applies": {spec.name: _DONE[spec.applies] for spec in specs}})

    def _change(self, changes: Values, answer: Answer) -> Event | Stop | None:
        """Change settings: the model first, which takes a while, then the ports, then the rest."""
        applies = {spec.applies for spec in SPECS if spec.field in changes}
        if Applies.MODEL in applies:
            self._load_model(changes, answer)
            return None
        return self._apply(changes, answer, applies)

    def _apply(self, changes: Values, answer: Answer, applies: set[Applies]) -> Event | Stop | None:
        before, self.settings = self.settings, replace(self.settings, **changes)
        if Applies.PORTS in applies:
            self._fallback, self._opening = before, (answer, {})
            return Stop("the ports are opened again", reload=True)
        if self._model is not None:
            self._model.seed = self.settings.seed
        if changes:
            self._publisher.publish(SettingsApplied(self.settings))
        answer({})
        return SettingsChanged(self._staged(self.settings)) if changes else None

    # The model.

    def _load_model(self, changes: Values, answer: Answer) -> None:
        """Load a model while the music goes on. It arrives as a command."""
        if self._loading:
            raise ConfigError("A model is being loaded already. Wait until it is ready.")
        inbox = self._inbox
        assert inbox is not None  # the first model is loaded before there are commands
        self._loading = True
        wanted = replace(self.settings, **changes)

        def load() -> None:
            try:
                chosen: Chosen | Exception = self._load(wanted)
            except Exception as error:  # noqa: BLE001  (no model may stop the music)
                chosen = error
            inbox.put(Command("loaded", {"values": changes, "chosen": chosen}, answer))

        if self.settings.fast:
            load()
        else:
            Thread(target=load, name="livegen-loader", daemon=True).start()

    def _loaded(self, changes: Values, chosen: Chosen | Exception, answer: Answer) -> Event | Stop | None:
        self._loading = False
        if isinstance(chosen, Exception):
            raise chosen
        wanted = replace(self.settings, **changes)  # other settings may have changed meanwhile
        config.consistent(wanted)
        if self._model is not None:
            self._model.replace(chosen)
        self._chosen = chosen
        self._publisher.say(f"model: {wanted.model}, {chosen.report}")
        others = {spec.applies for spec in SPECS if spec.field in changes} - {Applies.MODEL}
        return self._apply(changes, answer, others)

    # Reloading: as `set`, with what has changed in the files.

    def _reload(self, answer: Answer) -> Event | Stop | None:
        notify.reloading()
        done = partial(self._reloaded, answer)
        try:
            wanted = self.settings if self._read is None else self._read()
            changes = _differences(self.settings, wanted)
            if later := _fixed(changes):
                self._publisher.warn(f"{_names(later)} will change at the next start: restart livegen.")
                changes = {field: value for field, value in changes.items() if field not in {s.field for s in later}}
            return self._change(changes, done)
        except Exception as error:  # noqa: BLE001  (no error in a reload may stop the music)
            done(error)
            return None

    def _reloaded(self, answer: Answer, outcome: Mapping[str, Any] | Exception) -> None:
        if isinstance(outcome, Exception):
            report(outcome, self._publisher, " Keeping the previous settings.")
        else:
            self._publisher.say("The settings are reloaded.")
        notify.ready()
        answer(outcome)

    # Opening the ports again, for whoever runs the loop.

    def reopened(self) -> None:
        """All ports of the settings are open."""
        self.waits_for = self._fallback = None
        if self._opening is not None:
            (answer, outcome), self._opening = self._opening, None
            answer(outcome)

    def fall_back(self, error: Exception) -> bool:
        """The ports of the new settings cannot be opened: return to the previous ones. False: there are none.

        Whoever asked gets the error when the previous ports are open again.
        """
        if self._fallback is None or self._opening is None:
            return False
        self.settings, self._fallback = self._fallback, None
        self._opening = self._opening[0], error
        return True

    def _now(self) -> MonotonicTime:
        assert self._inbox is not None
        return self._inbox.now()

    def _warn(self, outcome: Mapping[str, Any] | Exception) -> None:
        """The answer to a bound control: only an error is worth a line."""
        if isinstance(outcome, Exception):
            report(outcome, self._publisher)


def _differences(before: Settings, after: Settings) -> Values:
    pairs = {spec.field: (getattr(before, spec.field), getattr(after, spec.field)) for spec in SPECS}
    return {field: new for field, (old, new) in pairs.items() if new != old}


def _fixed(changes: Values) -> list[Spec]:
    """The settings that cannot change while livegen runs."""
    return [spec for spec in SPECS if spec.field in changes and spec.applies is Applies.START]


def _names(specs: list[Spec]) -> str:
    return ", ".join(spec.name for spec in specs)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
