"""Monitors at the control socket, one of which never reads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory

from livegen.config.settings import Settings
from livegen.control import place
from livegen.control.server import Server
from livegen.io import realtime
from livegen.io.publisher import Publisher
from livegen.stage.events import Command

MONITORS = 10

_NAME = "bench"
_WATCHING = """
import select, socket, sys
channels = [socket.socket(socket.AF_UNIX) for _ in range(int(sys.argv[2]))]
for channel in channels:
    channel.connect(sys.argv[1])
    channel.sendall(b'{"command": "subscribe"}\\n')
    channel.recv(4096)
print("watching", flush=True)
reading = channels[1:]
while reading:
    for channel in select.select(reading, [], [])[0]:
        if not channel.recv(65536):
            reading.remove(channel)
"""


@contextmanager
def watched(settings: Settings, publisher: Publisher, put: Callable[[Command], None]) -> Iterator[None]:
    """Attach `MONITORS` monitors, in a separate process. All but the first read what they get."""
    with TemporaryDirectory(prefix="livegen-") as folder:
        environ = {"XDG_RUNTIME_DIR": folder}
        with place.listening(_NAME, environ) as listener:
            server = Server(listener, put, {}, partial(realtime.claim, settings.realtime, realtime.REPORTER))
            publisher.subscribe(server)
            words = [sys.executable, "-c", _WATCHING, str(place.folder(environ) / f"{_NAME}.sock"), str(MONITORS)]
            with subprocess.Popen(words, stdout=subprocess.PIPE) as program:  # noqa: S603  (our own program)
                assert program.stdout is not None
                program.stdout.readline()
                try:
                    yield
                finally:
                    publisher.unsubscribe(server)
                    server.close()  # which ends the program
