"""A client of the control socket, for the command line and other Python programs."""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

from livegen.control import place
from livegen.errors import ConfigError, DataError, LivegenError, ModelError, PortError

PATIENCE = 60.0  # s for an answer: a model may take long to load
CHUNK = 65_536  # bytes

_KINDS: dict[int, type[LivegenError]] = {kind.exit_code: kind for kind in (ConfigError, ModelError, DataError)}


class NotRunningError(PortError):
    """No livegen of this name is running."""


class Client:
    """A connection to a running livegen.

    Args:
        name: of the livegen.
        environ: names the folders of sockets.
        patience: s to wait for an answer.

    Raises:
        NotRunningError: no livegen of this name is running.
        PortError: it belongs to another user.
    """

    def __init__(self, name: str, environ: Mapping[str, str] = os.environ, patience: float = PATIENCE) -> None:
        self._channel = _connected(name, environ)
        self._patience = patience
        self._rest = b""
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def ask(self, command: str, **arguments: object) -> dict[str, Any]:
        """Make a request, and wait for the answer. Events that come meanwhile are kept.

        Raises:
            LivegenError: livegen refuses; of the kind that the exit status says, with livegen's text.
            PortError: livegen ended before it answered, or does not answer.
        """
        with suppress(BrokenPipeError, ConnectionResetError):  # it has disconnected us, and may have said why
            self._channel.sendall(json.dumps({"command": command} | arguments).encode() + b"\n")
        while True:
            lines = self._lines(self._patience)
            if lines is None:
                raise PortError("livegen ended before it answered.")
            if not lines:
                raise PortError(f"livegen has not answered for {self._patience:g} s.")
            answers = [line for line in lines if "ok" in line]
            self._events += [line for line in lines if "ok" not in line]
            if answers:
                return _checked(answers[0])

    def subscribe(self, *events: str) -> None:
        """Ask for events: those named, or else all but the MIDI messages. `pending` gives them.

        Raises:
            LivegenError: livegen refuses.
        """
        self.ask("subscribe", **({"events": list(events)} if events else {}))

    def pending(self, seconds: float | None) -> list[dict[str, Any]] | None:
        """Wait for events, for at most `seconds` (None: for ever). Returns them; None: livegen has ended."""
        if self._events:
            events, self._events = self._events, []
            return events
        return self._lines(seconds)

    def _lines(self, seconds: float | None) -> list[dict[str, Any]] | None:
        """Wait for whole lines, for at most `seconds`. Returns them; None: the connection has ended."""
        until = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self._rest:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._channel], [], [], left)[0]:
                return []
            try:
                data = self._channel.recv(CHUNK)
            except ConnectionError:
                data = b""
            if not data:
                return None
            self._rest += data
        lines, _, self._rest = self._rest.rpartition(b"\n")
        return [json.loads(line) for line in lines.split(b"\n")]


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer.pop("ok"):
        raise _KINDS.get(answer["status"], PortError)(answer["error"])
    return answer


def _connected(name: str, environ: Mapping[str, str]) -> socket.socket:
    if not place.SUPPORTED:
        raise PortError("A running livegen cannot be controlled on this system: it has no UNIX sockets.")
    for path in place.candidates(name, environ):
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            channel.connect(str(path))
        except PermissionError:
            channel.close()
            raise PortError(f"The livegen named {name} belongs to another user ({path}): try sudo.") from None
        except OSError:
            channel.close()
        else:
            return channel
    others = place.running(environ)
    running = f" Running: {', '.join(others)} (choose one with --name)." if others else " Start one: livegen."
    raise NotRunningError(f"No livegen named {name} is running.{running}")
