"""Keeps notes on time: real-time priority, locked memory, no garbage collection while notes sound."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SYNTH = 70
"""The synth's audio thread: a missed deadline is heard as a click."""

MAIN = 60
"""The thread that sends notes: below the audio servers (70 and up), which deliver them."""

LISTENER = 61
"""Threads that time-stamp input and put it into the inbox: a late time stamp cannot be corrected."""

PREDICTOR = 50
"""Below the main thread, so that due notes go first. Still real-time: the predictor sometimes holds the interpreter's
lock, and while other programs keep it off the processor, the main thread has to wait too."""

REPORTER = 40
"""The log's thread, for the same reason: with normal priority on a busy machine it made notes 35 to 80 ms late."""

KEEPER = REPORTER
"""The thread that connects ports, likewise."""

RECORDER = 40
"""Threads that write recordings, for the same reason."""

SWITCH_INTERVAL = 0.0005  # s after which a busy thread has to release the interpreter's lock; Python's default is 5 ms

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4


def claim(wanted: str, priority: int) -> str | None:
    """`raise_priority`, unless the setting `realtime` is "off"."""
    return None if wanted == "off" else raise_priority(priority)


def raise_priority(priority: int) -> str | None:
    """Request SCHED_FIFO at `priority` (1..99) for the calling thread. Returns why it was not granted, or None."""
    if sys.platform != "linux":
        return "Real-time scheduling is only supported on Linux."
    try:
        if os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO:
            return None  # JACK has set the priority of its threads
        # Threads and programs that this thread starts have normal priority.
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError as error:
        return (
            f"Real-time priority is not granted ({error.strerror}): allow it with LimitRTPRIO=95 in a unit, "
            "or with rtprio in limits.conf(5)."
        )
    return None


def lock_memory() -> str | None:
    """Keep memory from being swapped out. Returns why this failed, or None."""
    if sys.platform != "linux":
        return "Memory is only locked on Linux."
    import resource

    # With a limit, later allocations would fail.
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY:
        return "Memory is not locked: the limit is not infinite (LimitMEMLOCK in a unit, memlock in limits.conf(5))."
    # On fault: only used pages are locked, so that memory does not grow.
    if ctypes.CDLL(None, use_errno=True).mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        return f"Memory is not locked ({os.strerror(ctypes.get_errno())})."
    return None


@contextmanager
def quiet_collector() -> Iterator[None]:
    """No automatic garbage collection inside, and quick switches between threads. Enter this after warm-up.

    Existing objects are excluded from collection, so that a `gc.collect()` while nothing sounds is short. The few of
    them that nothing uses any more stay: to find them would make each start longer.
    """
    interval = sys.getswitchinterval()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.enable()
        gc.unfreeze()
