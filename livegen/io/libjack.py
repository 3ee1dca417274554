"""What RtMidi does not tell of a JACK server, asked of libjack itself: its ports, sooner, and that it is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CDLL, CFUNCTYPE, POINTER, c_char_p, c_ulong, c_void_p

MIDI = b"8 bit raw midi"  # JACK_DEFAULT_MIDI_TYPE
IS_INPUT, IS_OUTPUT = 1, 2  # JackPortFlags
NO_START_SERVER = 1  # JackOptions

_SHUTDOWN = CFUNCTYPE(None, c_void_p)  # JackShutdownCallback


def of(linked: str) -> CDLL:
    """The libjack that the library `linked` (its path) uses, found in the linker's own order."""
    everywhere = CDLL(None)  # what is preloaded, or loaded for all
    return everywhere if hasattr(everywhere, "jack_client_open") else CDLL(linked)


def names(jack: CDLL) -> tuple[list[str], list[str]]:
    """The full names of the MIDI ports that can be listened to, and of those that can be played to.

    Raises:
        OSError: no server answers.
    """
    with _client(jack, b"livegen ports") as client:  # takes 30 ms, RtMidi's two take 75
        return _ports(jack, client, IS_OUTPUT), _ports(jack, client, IS_INPUT)


@contextmanager
def watched(jack: CDLL, gone: Callable[[], None]) -> Iterator[None]:
    """Have `gone` called, in a thread of libjack's, when the server ends.

    Without it nothing is heard any more, and what is sent fills a buffer until RtMidi waits for ever.

    Raises:
        OSError: no server answers.
    """
    jack.jack_on_shutdown.argtypes = (c_void_p, _SHUTDOWN, c_void_p)
    callback = _SHUTDOWN(lambda _: gone())
    with _client(jack, b"livegen watch") as client:
        _hush(jack)
        jack.jack_on_shutdown(client, callback, None)
        yield


@contextmanager
def _client(jack: CDLL, name: bytes) -> Iterator[int]:
    """A client that plays nothing."""
    jack.jack_client_open.restype = c_void_p
    jack.jack_client_close.argtypes = (c_void_p,)
    client: int | None = jack.jack_client_open(name, NO_START_SERVER, None)
    if client is None:
        raise OSError("JACK server not running")
    try:
        yield client
    finally:
        jack.jack_client_close(client)


def _hush(jack: CDLL) -> None:
    """Keep off stderr what each client in this process says of a server that ends: `gone` is told once."""
    jack.jack_set_error_function(CDLL(None).strlen)  # takes a text, does nothing; Python would need the GIL there


def _ports(jack: CDLL, client: int, flags: int) -> list[str]:
    jack.jack_get_ports.restype = POINTER(c_char_p)
    jack.jack_get_ports.argtypes = (c_void_p, c_char_p, c_char_p, c_ulong)
    found = jack.jack_get_ports(client, None, MIDI, flags)  # ends with a null; is null where there are none
    names: list[str] = []
    while found and (name := found[len(names)]) is not None:
        names.append(name.decode(errors="ignore"))  # as RtMidi's binding does
    jack.jack_free(found)
    return names
