"""Reports what failed while livegen goes on."""

from __future__ import annotations

import traceback

from livegen.errors import LivegenError, bug
from livegen.io.publisher import Publisher


def report(error: Exception, publisher: Publisher, consequence: str = "") -> None:
    """Report what failed in a reload. A reload never ends a running daemon."""
    what = str(error) if isinstance(error, LivegenError) else bug("the reload", error)
    publisher.warn(f"{what}{consequence}")
    if not isinstance(error, LivegenError):
        publisher.debug("".join(traceback.format_exception(error)))
