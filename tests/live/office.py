"""A desk in use, for its tests."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from livegen.config.settings import Settings
from livegen.io.inbox import LiveInbox
from livegen.io.publisher import Level, Line, Published, Publisher
from livegen.live import daemon
from livegen.live.desk import Desk
from livegen.note import MonotonicTime
from livegen.stage.events import Command, Event, Stop

CHOSEN = SimpleNamespace(runtime=SimpleNamespace(name="LiteRT"), milliseconds=0.25, report="LiteRT, 0.25 ms per note")


class Model:
    """The model that answers, by name."""

    def __init__(self) -> None:
        self.seed: int | None = None
        self.replaced: list[Any] = []

    def ask(self, request: object) -> None:
        pass

    def replace(self, chosen: Any) -> None:
        self.replaced.append(chosen)


class Wiring:
    """The inputs and outputs, by settings."""

    waiting_for = ("Keystation",)

    def __init__(self) -> None:
        self.changes: list[tuple[Settings, Callable[[Exception | None], None]]] = []
        self.gains: list[float] = []

    def adjust(self, settings: Settings) -> None:
        self.gains.append(settings.gain)

    def change(self, settings: Settings, done: Callable[[Exception | None], None]) -> None:
        self.changes.append((settings, done))


class Office:
    """A desk in use, what was published, and how the next model is loaded."""

    def __init__(self, settings: Settings, read: Any = None) -> None:
        self.items: list[Published] = []
        self.inbox, self.model, self.wiring = LiveInbox(), Model(), Wiring()
        self.loads: list[Any] = []
        self.desk = Desk(settings, Publisher(self), read, self._load, daemon.stage_settings)
        self._using = self.desk.using(self.inbox, self.model, CHOSEN, self.wiring)
        self._using.__enter__()

    def _load(self, settings: Settings) -> Any:
        loaded = self.loads.pop(0)
        if isinstance(loaded, Exception):
            raise loaded
        return loaded

    def take(self, item: Published) -> None:
        self.items.append(item)

    @property
    def said(self) -> list[str]:
        return [item.text for item in self.items if isinstance(item, Line) and item.level < Level.DEBUG]

    def obeyed(self, command: str, **arguments: Any) -> tuple[Event | Stop | None, Any]:
        """What follows from a request, and its answer; None if there is none yet."""
        answers: list[Any] = []
        outcome = self.desk.obey(Command(command, arguments, answers.append))
        self.later = answers
        assert len(answers) <= 1
        return outcome, answers[0] if answers else None

    def set(self, **values: Any) -> tuple[Event | Stop | None, Any]:
        return self.obeyed("set", values={name.replace("_", "-"): value for name, value in values.items()})

    def awaited(self) -> Event | Stop | None:
        """Handle the next command in the inbox."""
        event = self.inbox.get(MonotonicTime(self.inbox.now() + 20))
        assert isinstance(event, Command)
        return self.desk.obey(event)
