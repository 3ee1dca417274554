"""Publishes everything that happens to all listeners, such as the log.

The items are the notices of the stage, all messages in and out, ports, settings and lines of text. A listener must
never wait or raise: a slow listener loses items and does not delay the music.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol

from livegen.config.settings import Settings
from livegen.note import MonotonicTime
from livegen.stage.effects import Notice, Send
from livegen.stage.events import PortId, Received


class Level(IntEnum):
    """The level of a line, with the numbers of syslog."""

    WARNING = 4
    INFO = 6
    DEBUG = 7


class Line(NamedTuple):
    """A line of text for the user."""

    text: str
    level: Level = Level.INFO


class PortOpened(NamedTuple):
    """An input or an output is open."""

    direction: str  # "in" or "out"
    port: PortId
    name: str  # to show
    remark: str = ""  # why it was chosen


class PortGone(NamedTuple):
    """An input or an output is gone. It is used again when it is back, unless the settings do not name it any more."""

    port: PortId
    name: str  # to show
    direction: str  # "in" or "out"
    closed: bool = False  # by livegen
    quiet: bool = False  # the log has said why


class PortsMissing(NamedTuple):
    """What livegen waits for, from now on. Nothing: all is there."""

    names: tuple[str, ...]  # to show


class PortFailed(NamedTuple):
    """An output has failed and is no longer used."""

    port: PortId
    name: str
    why: str


class SettingsApplied(NamedTuple):
    """These settings apply from now on."""

    settings: Settings


class Started(NamedTuple):
    """Everything is open and the model is warm."""

    seconds: float  # how long the start took
    listening: bool  # to MIDI ports; False: only files play
    waiting_for: tuple[str, ...] = ()  # what is missing


class KeepRequested(NamedTuple):
    """The player wants to keep the recording of what was just played."""

    at: MonotonicTime


class RecordingChanged(NamedTuple):
    """What becomes of the music, from now on."""

    state: str  # "off"; "ready": waiting for a note; "recording"; "failing": the disk cannot be written, tried again
    id: str = ""  # of the recording
    why: str = ""  # it fails


Published = (
    Notice
    | Send
    | Received
    | Line
    | PortOpened
    | PortGone
    | PortsMissing
    | PortFailed
    | SettingsApplied
    | Started
    | KeepRequested
    | RecordingChanged
)


class Listener(Protocol):
    """Receives everything that is published."""

    def take(self, item: Published) -> None:
        """Called from any thread. Must not wait and must not raise."""


class Publisher:
    """Passes every item to all listeners. Any thread may publish."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def subscribe(self, listener: Listener) -> None:
        self._listeners = (*self._listeners, listener)

    def unsubscribe(self, listener: Listener) -> None:
        self._listeners = tuple(each for each in self._listeners if each is not listener)

    def publish(self, item: Published) -> None:
        for listener in self._listeners:
            listener.take(item)

    def say(self, text: str) -> None:
        self.publish(Line(text))

    def warn(self, text: str) -> None:
        self.publish(Line(text, Level.WARNING))

    def debug(self, text: str) -> None:
        self.publish(Line(text, Level.DEBUG))
