"""Runs a measurement in a separate process."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from livegen.apart import ApartError, within
from livegen.bench.figures import MissingError

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 120.0  # s, the limit for one measurement


def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a module's function in a new process without output. Returns its result.

    Raises:
        MissingError: the function failed. The text gives the reason.
    """
    try:
        return within(PATIENCE, function, *args, **kwargs)
    except ApartError as error:
        raise MissingError(str(error)) from None
