"""Calls a function in a separate process, so that its imports, priority, output and crashes do not affect this one."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class ApartError(Exception):
    """The function failed. The text gives the reason."""


def within(seconds: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a module's function in a new process without output. Returns its result.

    Raises:
        ApartError: the function failed, or took longer than `seconds`.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin, initargs=(seconds,)) as pool:
        try:
            return pool.submit(partial(_attempt, function, *args, **kwargs)).result()
        except BrokenProcessPool:
            raise ApartError(f"the process died, or took longer than {seconds:g} s") from None


def _begin(seconds: float) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _attempt(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    except ModuleNotFoundError as error:
        raise ApartError(f"{error.name} is not installed") from None
    except Exception as error:  # noqa: BLE001  (drivers and servers may fail with any error)
        lines = str(error).strip().splitlines()
        raise ApartError(lines[0][:200] if lines else type(error).__name__) from None
