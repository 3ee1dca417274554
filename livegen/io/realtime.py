"""What keeps notes on time beside other programs: priority, locked memory, no pauses of the interpreter's own."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SYNTH = 70
"""The synth's audio thread: what it misses is heard as a click."""

MAIN = 60
"""The thread that sends notes: below the audio servers (70 and up), which hand them on."""

LISTENER = 61
"""Threads that only stamp what comes in and put it into the inbox: late by then is late for good."""

PREDICTOR = 50
"""Below the main thread, so that due notes go first; but real-time too: it holds the interpreter's lock
now and then, and while it waits for a processor behind other programs, the main thread waits with it."""

REPORTER = 40
"""The log's thread, for the same reason: at normal priority on a busy machine it made notes 35 to 80 ms late."""

SWITCH_INTERVAL = 0.0005  # s after which a busy thread is asked for the interpreter's lock; Python's own is 5 ms

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4


def claim(wanted: str, priority: int) -> str | None:
    """`raise_priority`, unless the setting `realtime` is "off"."""
    return None if wanted == "off" else raise_priority(priority)


def raise_priority(priority: int) -> str | None:
    """Ask for SCHED_FIFO at `priority` (1..99) for the calling thread. Returns why it was not granted, or None."""
    if sys.platform != "linux":
        return "real-time scheduling is only asked for on Linux"
    try:
        if os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO:
            return None  # JACK's own thread has its server's word already
        # Threads and programs started from here begin with normal priority.
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError as error:
        return f"real-time priority {priority} not granted ({error.strerror}); see rtprio in limits.conf(5)"
    return None


def lock_memory() -> str | None:
    """Keep what is in memory from being swapped out. Returns why it was not done, or None."""
    if sys.platform != "linux":
        return "memory is only locked on Linux"
    import resource

    # Below a limit, memory that is asked for later would be refused.
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY:
        return "memory not locked: the limit memlock is not unlimited"
    # On fault: only what is used is locked, so that nothing grows.
    if ctypes.CDLL(None, use_errno=True).mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        return f"memory not locked ({os.strerror(ctypes.get_errno())})"
    return None


@contextmanager
def quiet_collector() -> Iterator[None]:
    """No garbage collection inside, and quick hand-overs between threads. To be entered after warm-up.

    What exists by then is set aside for good, so that a `gc.collect()` while nothing sounds is short.
    """
    interval = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.enable()
        gc.unfreeze()
