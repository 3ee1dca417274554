"""Opens the control socket for a running livegen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from livegen import __version__
from livegen.config.settings import Settings
from livegen.control import place
from livegen.control.server import Server
from livegen.io import realtime
from livegen.io.publisher import Publisher
from livegen.stage.events import Command


@contextmanager
def attended(settings: Settings, put: Callable[[Command], None], publisher: Publisher) -> Iterator[None]:
    """Serve the control socket inside, except in virtual time. Without a place for it, say so and go on.

    Raises:
        PortError: another livegen of this name is running.
    """
    with ExitStack() as stack:
        if place.SUPPORTED and not settings.fast:
            try:
                listener = stack.enter_context(place.listening(settings.name, os.environ))
            except OSError as error:
                publisher.warn(f"There is no control socket: {error.strerror or error}.")
            else:
                about = {"livegen": __version__, "name": settings.name, "pid": os.getpid()}
                claim = partial(realtime.claim, settings.realtime, realtime.REPORTER)
                server = Server(listener, put, about, claim)
                publisher.subscribe(server)
                stack.callback(server.close)
                stack.callback(publisher.unsubscribe, server)
        yield
