"""Opens what belongs to a running livegen of one name: the control socket, and the file of what sounds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from livegen import __version__
from livegen.config.settings import Settings
from livegen.control import place
from livegen.control.server import Server
from livegen.io import realtime
from livegen.io.publisher import Publisher
from livegen.io.sounding import Sounding
from livegen.stage.events import Command


@contextmanager
def attended(settings: Settings, put: Callable[[Command], None], publisher: Publisher) -> Iterator[Sounding]:
    """Serve the control socket inside, except in virtual time. Without a place for it, say so and go on.

    Gives what marks the notes that sound. In the same place, with the marks of a livegen of this name that was killed.

    Raises:
        PortError: another livegen of this name is running.
    """
    with ExitStack() as stack:
        marks: Path | None = None
        if place.SUPPORTED and not settings.fast:
            try:
                listener = stack.enter_context(place.listening(settings.name, os.environ))
            except OSError as error:
                why = error.strerror or error
                publisher.warn(f"There is no control socket ({why}): set XDG_RUNTIME_DIR to a folder of your own.")
            else:
                about = {"livegen": __version__, "name": settings.name, "pid": os.getpid()}
                claim = partial(realtime.claim, settings.realtime, realtime.REPORTER)
                server = Server(listener, put, about, claim)
                marks = place.folder(os.environ) / f"{settings.name}.sounding"
                publisher.subscribe(server)
                stack.callback(server.close)
                stack.callback(publisher.unsubscribe, server)
        yield stack.enter_context(closing(_sounding(marks)))


def _sounding(marks: Path | None) -> Sounding:
    try:
        return Sounding(marks)
    except OSError:  # the folder has no room; notes end all the same, unless livegen is killed
        return Sounding()
