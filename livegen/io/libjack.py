"""Loads one libjack, the client library of JACK, for the whole process, and adds what RtMidi does not offer.

RtMidi's wheel contains a libjack, FluidSynth links to the system's libjack, and PipeWire has its own. Two copies in one
process share nothing, and each can only connect to servers of the same kind and version. So this module chooses one
copy and loads it for the whole process (RTLD_GLOBAL) before RtMidi and FluidSynth. The linker then binds both to it.
The order of preference is:

1. PipeWire's, if PipeWire runs and jackd does not, because only this copy finds PipeWire's server;
2. else the system's, which is installed with jackd or FluidSynth;
3. else the one in RtMidi's wheel, which only RtMidi and this module use.

The package JACK-Client does not help here: it finds neither PipeWire's copy nor the wheel's, raises UnicodeDecodeError
if the name of any port is not UTF-8, and takes 20 ms to import.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from ctypes import (
    CDLL,
    POINTER,
    RTLD_GLOBAL,
    Structure,
    byref,
    c_char_p,
    c_long,
    c_ulong,
    c_void_p,
    cast,
)
from errno import EEXIST
from functools import cache
from pathlib import Path

SYSTEM = "libjack.so.0"
PIPEWIRE = tuple(f"usr/{folder}/pipewire-*/jack/{SYSTEM}" for folder in ("lib/*", "lib64", "lib"))

MIDI = b"8 bit raw midi"  # JACK_DEFAULT_MIDI_TYPE
IS_INPUT, IS_OUTPUT = 1, 2  # JackPortFlags
NO_START_SERVER = 1  # JackOptions

SETTLE = 0.02  # s: what belongs together comes and goes together
READY = 0.1  # s: on a new connection to a new port, PipeWire loses up to 1 message in 5 at once, none after 0.05 s


@cache
def preload() -> None:
    """Choose the libjack of this process and load it. Call this before importing rtmidi or fluidsynth."""
    if sys.platform != "linux":
        return
    for name in (*_pipewire(), SYSTEM):
        if _shared() is None:
            with suppress(OSError):  # not installed, or for another processor
                CDLL(name, RTLD_GLOBAL)
    shared = _shared()
    if shared is not None:
        _silence(shared)


@cache
def library() -> CDLL:
    """The libjack that RtMidi uses. Raises ImportError without RtMidi."""
    preload()
    shared = _shared()
    if shared is not None:
        return shared
    from livegen.io import rtmidi_binding

    bundled = CDLL(str(rtmidi_binding.extension()))  # which is linked to its libjack
    _silence(bundled)
    return bundled


def announces() -> bool:
    """Whether `Client` works here."""
    return sys.platform == "linux" and hasattr(library(), "jack_get_uuid_for_client_name")


def is_pipewire() -> bool:
    """Whether the chosen libjack is PipeWire's."""
    preload()
    shared = _shared()
    if shared is None or not hasattr(shared, "jack_get_version_string"):
        return False
    shared.jack_get_version_string.restype = c_char_p
    return b"PipeWire" in shared.jack_get_version_string()


def names() -> tuple[list[str], list[str]]:
    """The full names of the MIDI ports that livegen can listen to, and of those that it can play to.

    Raises:
        OSError: no server answers.
    """
    jack = library()
    client = _opened(jack, b"livegen ports")  # takes 30 ms, RtMidi's two clients 75
    try:
        return _ports(jack, client, IS_OUTPUT), _ports(jack, client, IS_INPUT)
    finally:
        jack.jack_client_close(client)


class Client:
    """A client without ports. It notices ports that come and go, and connects ports. For one thread, except `wake`.

    Unlike RtMidi, which holds the interpreter's lock for 25 ms while it opens a port, this never delays other threads.

    The callbacks are functions of the C library. JACK cancels its threads when a client is closed: one that is about to
    call Python would take the interpreter's lock with it, and the whole process would stand still.

    Raises:
        OSError: no server answers.
    """

    def __init__(self) -> None:
        jack = self._jack = library()
        self._changed, self._ended = _Semaphore(), _Semaphore()
        self._client = _opened(jack, b"livegen watch")
        jack.jack_on_shutdown.argtypes = (c_void_p, c_void_p, c_void_p)
        jack.jack_set_graph_order_callback.argtypes = (c_void_p, c_void_p, c_void_p)
        jack.jack_activate.argtypes = (c_void_p,)
        jack.jack_connect.argtypes = (c_void_p, c_char_p, c_char_p)
        jack.jack_get_uuid_for_client_name.restype = c_void_p
        jack.jack_get_uuid_for_client_name.argtypes = (c_void_p, c_char_p)
        jack.jack_free.argtypes = (c_void_p,)
        jack.jack_on_shutdown(self._client, _Semaphore.post_address, self._ended.address)
        jack.jack_set_graph_order_callback(self._client, _Semaphore.post_address, self._changed.address)
        if jack.jack_activate(self._client) != 0:
            self.close()
            raise OSError("JACK server not running")

    def names(self) -> tuple[list[str], list[str]]:
        """As the function `names`. Raises OSError."""
        self._check()
        return _ports(self._jack, self._client, IS_OUTPUT), _ports(self._jack, self._client, IS_INPUT)

    def wait(self, seconds: float) -> set[str]:
        """Wait until clients or connections come or go, or for the given time. Returns an empty set: look at the names.

        RtMidi does not report the server's end: its inputs fall silent, and its outputs fill a buffer until sending
        blocks for ever.

        Raises:
            OSError: the server has ended.
        """
        if self._changed.wait(seconds):
            while self._changed.wait(SETTLE):
                pass
        self._check()
        return set()

    def wake(self) -> None:
        """End a wait. Any thread may call this."""
        self._changed.post()

    def connect(self, source: str, sink: str) -> None:
        """Connect two ports. Raises OSError."""
        done: int = self._jack.jack_connect(self._client, source.encode(), sink.encode())
        if done not in (0, EEXIST):
            raise OSError(f"JACK cannot connect {source} to {sink}")
        if is_pipewire():
            time.sleep(READY)

    def token(self, name: str) -> str:
        """What tells the client of this port from an earlier one of the same name."""
        found = self._jack.jack_get_uuid_for_client_name(self._client, name.partition(":")[0].encode())
        if not found:
            return ""
        text = cast(found, c_char_p).value or b""
        self._jack.jack_free(found)
        return text.decode()

    def close(self) -> None:
        """Release the client. A second call does nothing."""
        client, self._client = self._client, None
        if client is not None:
            self._jack.jack_client_close(client)

    def _check(self) -> None:
        if self._ended.wait(0.0):
            self._ended.post()
            raise OSError("JACK server has ended")


class _Timespec(Structure):
    _fields_ = (("seconds", c_long), ("nanoseconds", c_long))


class _Semaphore:
    """A semaphore of the C library, which a C library may post without Python."""

    _library = CDLL(None) if sys.platform == "linux" else None
    post_address = cast(_library.sem_post, c_void_p) if _library is not None else None

    def __init__(self) -> None:
        if self._library is None:
            raise OSError("only on Linux")
        self._memory = (c_long * 8)()  # more than a sem_t needs
        self.address = cast(self._memory, c_void_p)
        self._library.sem_init(self.address, 0, 0)

    def post(self) -> None:
        assert self._library is not None
        self._library.sem_post(self.address)

    def wait(self, seconds: float) -> bool:
        """Wait for a post; return whether there was one."""
        assert self._library is not None
        until = time.time() + seconds  # sem_timedwait takes the time of the day
        moment = _Timespec(int(until), int(until % 1 * 1e9))
        done: int = self._library.sem_timedwait(self.address, byref(moment))
        return done == 0


@cache
def _process() -> CDLL | None:
    """Whatever is loaded for the whole process. Made once: a CDLL is only freed by the collector, which is off."""
    return CDLL(None) if sys.platform != "win32" else None


def _shared() -> CDLL | None:
    """The libjack that is loaded for the whole process, by `preload` or before Python started (LD_PRELOAD)."""
    everywhere = _process()
    return everywhere if hasattr(everywhere, "jack_client_open") else None


def _pipewire() -> list[str]:
    """The paths of PipeWire's libjack, if PipeWire runs and jackd does not."""
    runtime = os.environ.get("PIPEWIRE_RUNTIME_DIR") or os.environ.get("XDG_RUNTIME_DIR") or "/run/pipewire"
    socket = Path(runtime, os.environ.get("PIPEWIRE_REMOTE") or "pipewire-0")
    server = os.environ.get("JACK_DEFAULT_SERVER") or "default"
    jackd = any(Path("/dev/shm").glob(f"jack_{server}_*"))  # noqa: S108  (where jackd puts its socket)
    try:
        if jackd or not socket.is_socket():
            return []
    except PermissionError:  # the session of another user
        return []
    return [str(path) for pattern in PIPEWIRE for path in Path("/").glob(pattern)]


def _opened(jack: CDLL, name: bytes) -> int | None:
    """A client without ports."""
    jack.jack_client_open.restype = c_void_p
    jack.jack_client_close.argtypes = (c_void_p,)
    client: int | None = jack.jack_client_open(name, NO_START_SERVER, None)
    if client is None:
        raise OSError("JACK server not running")
    return client


def _silence(jack: CDLL) -> None:
    """Suppress the messages of libjack on stderr, which every client of this process would repeat."""
    ignore = CDLL(None).strlen  # a C function without effect; a Python function would need the interpreter's lock
    jack.jack_set_error_function(ignore)
    jack.jack_set_info_function(ignore)


def _ports(jack: CDLL, client: int | None, flags: int) -> list[str]:
    jack.jack_get_ports.restype = POINTER(c_char_p)
    jack.jack_get_ports.argtypes = (c_void_p, c_char_p, c_char_p, c_ulong)
    found = jack.jack_get_ports(client, None, MIDI, flags)  # ends with a null pointer; is null if there are no ports
    names: list[str] = []
    while found and (name := found[len(names)]) is not None:
        names.append(name.decode(errors="ignore"))  # as RtMidi's binding does
    jack.jack_free(found)
    return names
