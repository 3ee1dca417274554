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
from contextlib import suppress
from ctypes import CDLL, CFUNCTYPE, POINTER, RTLD_GLOBAL, c_char_p, c_int, c_uint32, c_ulong, c_void_p
from errno import EEXIST
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue

SYSTEM = "libjack.so.0"
PIPEWIRE = tuple(f"usr/{folder}/pipewire-*/jack/{SYSTEM}" for folder in ("lib/*", "lib64", "lib"))

MIDI = b"8 bit raw midi"  # JACK_DEFAULT_MIDI_TYPE
IS_INPUT, IS_OUTPUT = 1, 2  # JackPortFlags
NO_START_SERVER = 1  # JackOptions

SETTLE = 0.02  # s: the ports of a client come and go together

_SHUTDOWN = CFUNCTYPE(None, c_void_p)  # JackShutdownCallback
_REGISTRATION = CFUNCTYPE(None, c_uint32, c_int, c_void_p)  # JackPortRegistrationCallback

_Event = tuple[int, bool] | None  # a port's number and whether it is there now; None: wake up
_SERVER_ENDED = (-1, False)


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
    import rtmidi

    bundled = CDLL(rtmidi._rtmidi.__file__)  # noqa: SLF001  (the extension module, which is linked to its libjack)
    _silence(bundled)
    return bundled


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

    Raises:
        OSError: no server answers.
    """

    def __init__(self) -> None:
        self._jack = library()
        self._events: SimpleQueue[_Event] = SimpleQueue()
        # JACK calls these in one of its threads. The references keep them alive.
        self._registered = _REGISTRATION(lambda port, there, _: self._events.put((port, bool(there))))
        self._shutdown = _SHUTDOWN(lambda _: self._events.put(_SERVER_ENDED))
        self._client = _opened(self._jack, b"livegen watch")
        try:
            self._listen()
        except OSError:
            self.close()
            raise

    def _listen(self) -> None:
        jack = self._jack
        jack.jack_on_shutdown.argtypes = (c_void_p, _SHUTDOWN, c_void_p)
        jack.jack_set_port_registration_callback.argtypes = (c_void_p, _REGISTRATION, c_void_p)
        jack.jack_activate.argtypes = (c_void_p,)
        jack.jack_port_by_id.restype, jack.jack_port_by_id.argtypes = c_void_p, (c_void_p, c_uint32)
        jack.jack_port_name.restype, jack.jack_port_name.argtypes = c_char_p, (c_void_p,)
        jack.jack_connect.argtypes = (c_void_p, c_char_p, c_char_p)
        jack.jack_on_shutdown(self._client, self._shutdown, None)
        jack.jack_set_port_registration_callback(self._client, self._registered, None)
        if jack.jack_activate(self._client) != 0:
            raise OSError("JACK server not running")

    def names(self) -> tuple[list[str], list[str]]:
        """As the function `names`."""
        return _ports(self._jack, self._client, IS_OUTPUT), _ports(self._jack, self._client, IS_INPUT)

    def wait(self, seconds: float) -> set[str] | None:
        """Wait until ports come or go. Returns the names of those that went, which may be back already.

        None: no port came or went.

        RtMidi does not report the server's end: its inputs fall silent, and its outputs fill a buffer until sending
        blocks for ever.

        Raises:
            OSError: the server has ended.
        """
        gone: set[str] | None = None
        with suppress(Empty):
            while (event := self._events.get(timeout=seconds)) is not None:
                if event == _SERVER_ENDED:
                    raise OSError("JACK server has ended")
                gone = gone or set()
                port, there = event
                if not there:
                    gone.add(self._name(port))
                seconds = SETTLE
        return gone

    def wake(self) -> None:
        """End a wait. Any thread may call this."""
        self._events.put(None)

    def connect(self, source: str, sink: str) -> None:
        """Connect two ports. Raises OSError."""
        done: int = self._jack.jack_connect(self._client, source.encode(), sink.encode())
        if done not in (0, EEXIST):
            raise OSError(f"JACK cannot connect {source} to {sink}")

    def close(self) -> None:
        """Release the client. A second call does nothing."""
        client, self._client = self._client, None
        if client is not None:
            self._jack.jack_client_close(client)

    def _name(self, port: int) -> str:
        """The name of a port, which JACK keeps for a while after the port is gone; else an empty text."""
        found = self._jack.jack_port_by_id(self._client, port)
        name: bytes | None = self._jack.jack_port_name(found) if found else None
        return (name or b"").decode(errors="ignore")


def _shared() -> CDLL | None:
    """The libjack that is loaded for the whole process, by `preload` or before Python started (LD_PRELOAD)."""
    everywhere = CDLL(None) if sys.platform != "win32" else None
    return everywhere if hasattr(everywhere, "jack_client_open") else None


def _pipewire() -> list[str]:
    """The paths of PipeWire's libjack, if PipeWire runs and jackd does not."""
    runtime = os.environ.get("PIPEWIRE_RUNTIME_DIR") or os.environ.get("XDG_RUNTIME_DIR") or "/run/pipewire"
    socket = Path(runtime, os.environ.get("PIPEWIRE_REMOTE") or "pipewire-0")
    server = os.environ.get("JACK_DEFAULT_SERVER") or "default"
    jackd = any(Path("/dev/shm").glob(f"jack_{server}_*"))  # noqa: S108  (where jackd puts its socket)
    if jackd or not socket.is_socket():
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
