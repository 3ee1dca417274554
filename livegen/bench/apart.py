"""Runs a measurement in a separate process, so that its imports, priority and output do not affect this one."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

from livegen.bench.figures import MissingError

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 120.0  # s, the limit for one measurement


def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a module's function in a new process without output. Returns its result.

    Raises:
        MissingError: the function failed. The text gives the reason.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin) as pool:
        try:
            return pool.submit(partial(_attempt, function, *args, **kwargs)).result()
        except BrokenProcessPool:
            raise MissingError(f"the measuring process died, or took longer than {PATIENCE:g} s") from None


def _begin() -> None:
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _attempt(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    except ModuleNotFoundError as error:
        raise MissingError(f"{error.name} is not installed") from None
    except Exception as error:  # noqa: BLE001  (drivers and servers may fail with any error)
        lines = str(error).strip().splitlines()
        raise MissingError(lines[0][:200] if lines else type(error).__name__) from None
