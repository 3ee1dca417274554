"""The protocol of the control socket, version 1: one JSON object a line (docs/control.md). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from livegen.config.values import shortened
from livegen.errors import did_you_mean

VERSION = 1

LONGEST = 16_384
"""Bytes of a line, at most."""

USAGE, UNAVAILABLE, BUG = 2, 69, 70
"""Exit statuses of a request that is not valid, of one that came too late, and of a bug."""

TYPES: Mapping[str, type] = {"a text": str, "an object": dict, "a list": list}

COMMANDS: Mapping[str, Mapping[str, str]] = {
    "hello": {},
    "get": {"name": "a text"},
    "set": {"values": "an object"},
    "preset": {"name": "a text"},
    "status": {},
    "panic": {},
    "keep": {},
    "forget": {},
    "reload": {},
    "stop": {},
    "subscribe": {"events": "a list"},
}
"""All commands, and the types of their arguments."""
OPTIONAL = {("get", "name"), ("subscribe", "events")}

EVENTS = (
    "note_on",
    "note_off",
    "pedal",
    "turn",
    "pulse",
    "call",
    "response",
    "response_end",
    "no_response",
    "unused",
    "patience",
    "panic",
    "keep",
    "recording",
    "port",
    "settings",
    "log",
    "midi",
)
"""All events that a client can subscribe to."""
UNUSUAL = ("midi",)
"""Events that are only sent if they are named: there may be thousands a second."""


class ProtocolError(Exception):
    """A request is not valid. The text is for its author."""


class TooLongError(ProtocolError):
    """A line has no end: what follows cannot be read."""


class Request(NamedTuple):
    """A request. `id` is anything that a client wants to see in the answer: a text or a number."""

    command: str
    arguments: Mapping[str, Any]
    id: str | float | None = None


def parse(line: bytes) -> Request:
    """Read a request.

    Raises:
        ProtocolError: it is not valid.
    """
    try:
        found = json.loads(line.decode(), parse_constant=_refuse)
    except UnicodeDecodeError:
        raise ProtocolError("The request is not valid UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"The request is not valid JSON ({shortened(str(error))}).") from None
    if not isinstance(found, dict):
        raise ProtocolError('A request is an object, such as {"command": "status"}.')
    number, command = found.pop("id", None), found.pop("command", None)
    if isinstance(number, bool) or not isinstance(number, str | int | float | None):
        raise ProtocolError("id must be a text or a number.")
    if not isinstance(command, str):
        raise ProtocolError('A request needs a command, such as {"command": "status"}.')
    if command not in COMMANDS:
        raise ProtocolError(f"There is no command {shortened(command)}.{did_you_mean(command[:60], COMMANDS)}")
    _check(command, found)
    return Request(command, found, number)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number of JSON")


def _check(command: str, arguments: Mapping[str, Any]) -> None:
    known = COMMANDS[command]
    for name in arguments:
        if name not in known:
            has = f"has {', '.join(known)}" if known else "has none"
            raise ProtocolError(f"{command} has no argument {shortened(name)}: it {has}.")
    for name, kind in known.items():
        if name in arguments and not isinstance(arguments[name], TYPES[kind]):
            raise ProtocolError(f"{command}: {name} must be {kind}.")
        if name not in arguments and (command, name) not in OPTIONAL:
            raise ProtocolError(f"{command} needs {name}.")
    for event in arguments.get("events", ()):
        if event not in EVENTS:
            near = did_you_mean(event[:60], EVENTS) if isinstance(event, str) else ""
            raise ProtocolError(f"There is no event {shortened(json.dumps(event))}.{near}")


def identity(line: bytes) -> str | float | None:
    """The id of a request that is not valid, if it can be read."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    number = found.get("id") if isinstance(found, dict) else None
    return number if isinstance(number, str | int | float) and not isinstance(number, bool) else None


def encoded(item: Mapping[str, Any]) -> bytes:
    """A line."""
    return json.dumps(item, separators=(",", ":"), default=str).encode() + b"\n"


def answered(request: str | float | None, result: Mapping[str, Any]) -> bytes:
    """The answer to a request that was done."""
    return encoded(_identified(request) | {"ok": True, **result})


def refused(request: str | float | None, message: str, status: int) -> bytes:
    """The answer to a request that was not done: why, and the exit status for a program."""
    return encoded(_identified(request) | {"ok": False, "error": message, "status": status})


def _identified(request: str | float | None) -> dict[str, Any]:
    return {} if request is None else {"id": request}


class Lines:
    """Cuts what arrives into lines."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def __bool__(self) -> bool:
        """Whether a whole line is left."""
        return b"\n" in self._rest

    @property
    def full(self) -> bool:
        """Whether there is enough for the longest line."""
        return len(self._rest) > LONGEST

    def add(self, data: bytes) -> None:
        self._rest += data

    def clear(self) -> None:
        self._rest.clear()

    def take(self) -> bytes | None:
        """The next whole line, or None. Empty lines are skipped.

        Raises:
            TooLongError: the line is longer than `LONGEST`.
        """
        while (end := self._rest.find(b"\n", 0, LONGEST + 1)) >= 0:
            line = bytes(self._rest[:end]).strip()
            del self._rest[: end + 1]
            if line:
                return line
        if len(self._rest) > LONGEST:
            raise TooLongError(f"A line has at most {LONGEST} bytes.")
        return None
