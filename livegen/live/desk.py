"""The desk: answers requests, and changes settings while livegen plays. Everything here happens in the main thread.

Requests come from the control socket, from bound controls and from signals, all as a `Command` through the inbox. When
a setting applies is declared with it (`livegen.config.settings`): most at once; to load a model, and to open and close
inputs and outputs, takes a while: another thread does it, and puts a `Command` into the inbox then. A change that fails
changes nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from threading import Thread
from typing import Any, Protocol

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
from livegen.live.memory import Memory
from livegen.live.model import Model
from livegen.note import MonotonicTime
from livegen.stage.effects import Used
from livegen.stage.events import Command, Event, Panic, SettingsChanged, Stop
from livegen.stage.settings import StageSettings

_DONE = {
    Applies.AT_ONCE: "at once",
    Applies.NEXT_RESPONSE: "from the next response on",
    Applies.PORTS: "it is open",
    Applies.MODEL: "the model is loaded",
}
"""How a change has applied."""

Answer = Callable[[Mapping[str, Any] | Exception], None]
Values = Mapping[str, Any]
"""Settings that change, by field."""

SLOW = {Applies.MODEL, Applies.PORTS}
"""What takes a while. One such change is made at a time."""


class Wiring(Protocol):
    """The inputs and outputs (`livegen.io.wiring.Rewiring`)."""

    @property
    def waiting_for(self) -> tuple[str, ...]: ...

    def adjust(self, settings: Settings) -> None: ...

    def change(self, settings: Settings, done: Callable[[Exception | None], None]) -> None: ...


@dataclass(slots=True)
class _Change:
    """Settings that are being changed."""

    values: Values
    left: set[Applies]  # what is still to be done before they apply
    answer: Answer
    chosen: Chosen | None = None  # the new model


class _BusyError(Exception):
    """Another slow change is not complete."""


class Desk:
    """Holds the settings in force, and answers requests.

    Args:
        settings: at the start.
        publisher: gets every change.
        read: reads the settings again from files, environment and command line; None: they never change there.
        load: loads and warms up the model of the settings.
        staged: the settings of the stage.
        memory: of the player.
    """

    def __init__(
        self,
        settings: Settings,
        publisher: Publisher,
        read: Callable[[], Settings] | None,
        load: Callable[[Settings], Chosen],
        staged: Callable[[Settings], StageSettings],
        memory: Memory | None = None,
    ) -> None:
        self.settings = settings
        self.memory = memory or Memory()
        self.statistics = Statistics()
        self._publisher, self._read, self._load, self._staged = publisher, read, load, staged
        self._inbox: Inbox | None = None
        self._model: Model | None = None
        self._wiring: Wiring | None = None
        self._chosen: Chosen | None = None
        self._changing: _Change | None = None
        self._later: list[Command] = []  # they wait until it is complete
        self._since = time.time()

    @contextmanager
    def using(self, inbox: Inbox, model: Model, chosen: Chosen, wiring: Wiring | None = None) -> Iterator[None]:
        """Inside, `model` answers, `wiring` has the inputs and outputs, and `inbox` gets commands that come later."""
        self._inbox, self._model, self._chosen, self._wiring = inbox, model, chosen, wiring
        try:
            yield
        finally:
            self._model = self._wiring = None

    # Requests.

    def obey(self, command: Command) -> Event | Stop | None:
        """Do what is asked for, and answer. Returns what the loop has to do next, if anything."""
        try:
            return self._obey(command)
        except _BusyError:
            self._later.append(command)
            return None
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
            case "done":
                return self._done(arguments["change"], arguments["outcome"])
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
            return self.statistics.kept()
        if command == "forget":
            notes = self.memory.forget()
            self._publisher.say(f"Forgotten: {notes:,} notes that you had played.")
            return {"notes": notes}
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
            "waits_for": " and ".join(self._wiring.waiting_for if self._wiring is not None else ()) or None,
            "model": model,
            "remembered": len(self.memory.passages),
            "memory_mb": memory(),
            **self.statistics.plain(),
        }

    # Changes.

    def _set(self, values: Mapping[str, object], answer: Answer, *, quietly: bool = False) -> Event | Stop | None:
        wanted = config.changed(self.settings, values)
        config.consistent(wanted)
        if self._changing is not None:  # it must be possible to complete that
            config.consistent(replace(wanted, **self._changing.values))
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
        waiting = self._wiring.waiting_for if self._wiring is not None else ()
        done = _DONE | ({Applies.PORTS: f"waiting for {' and '.join(waiting)}"} if waiting else {})
        answer({"values": now, "applies": {spec.name: done[spec.applies] for spec in specs}})

    def _change(self, values: Values, answer: Answer) -> Event | Stop | None:
        """Change settings: first the model, then the inputs and outputs, then the rest."""
        change = _Change(values, {spec.applies for spec in SPECS if spec.field in values} & SLOW, answer)
        if change.left:
            if self._changing is not None:
                raise _BusyError
            if self.settings.fast and Applies.PORTS in change.left:
                raise ConfigError("With --fast, inputs and outputs cannot change.")
            self._changing = change
        return self._proceed(change)

    def _proceed(self, change: _Change) -> Event | Stop | None:
        """Begin what is still to be done. `_done` follows."""
        if Applies.MODEL in change.left:
            change.left.remove(Applies.MODEL)
            self._load_model(change)
        elif Applies.PORTS in change.left:
            change.left.remove(Applies.PORTS)
            assert self._wiring is not None  # requests come only while it plays
            self._wiring.change(replace(self.settings, **change.values), partial(self._report_done, self._put, change))
        else:
            return self._complete(change)
        return None

    def _load_model(self, change: _Change) -> None:
        put, wanted = self._put, replace(self.settings, **change.values)

        def load() -> None:
            try:
                self._report_done(put, change, self._load(wanted))
            except Exception as error:  # noqa: BLE001  (no model may stop the music)
                self._report_done(put, change, error)

        if self.settings.fast:
            load()
        else:
            Thread(target=load, name="livegen-loader", daemon=True).start()

    @staticmethod
    def _report_done(put: Callable[[Command], None], change: _Change, outcome: Chosen | Exception | None) -> None:
        """In another thread: a model is loaded, inputs and outputs are open, or neither."""
        put(Command("done", {"change": change, "outcome": outcome}, change.answer))

    def _done(self, change: _Change, outcome: Chosen | Exception | None) -> Event | Stop | None:
        if isinstance(outcome, Exception):
            self._end_change()
            change.answer(outcome)
            return None
        change.chosen = outcome or change.chosen
        return self._proceed(change)

    def _complete(self, change: _Change) -> Event | Stop | None:
        """Everything is ready: use the new settings."""
        if change is self._changing:
            self._end_change()
        self.settings = replace(self.settings, **change.values)
        if change.chosen is not None and self._model is not None:
            self._model.replace(change.chosen)
            self._chosen = change.chosen
            self._publisher.say(f"model: {self.settings.model}, {change.chosen.report}")
        if self._model is not None:
            self._model.seed = self.settings.seed
        if self._wiring is not None:
            self._wiring.adjust(self.settings)
        if change.values:
            self._publisher.publish(SettingsApplied(self.settings))
        change.answer({})
        return SettingsChanged(self._staged(self.settings)) if change.values else None

    def _end_change(self) -> None:
        self._changing = None
        for command in self._later:
            self._put(command)
        self._later.clear()

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
        except _BusyError:
            raise
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

    def _now(self) -> MonotonicTime:
        assert self._inbox is not None
        return self._inbox.now()

    @property
    def _put(self) -> Callable[[Command], None]:
        assert self._inbox is not None
        return self._inbox.put

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
