"""A JACK server's ports, asked of libjack itself: one client that plays nothing takes 30 ms, RtMidi's two take 75."""

from __future__ import annotations

from ctypes import CDLL, POINTER, c_char_p, c_ulong, c_void_p

MIDI = b"8 bit raw midi"  # JACK_DEFAULT_MIDI_TYPE
IS_INPUT, IS_OUTPUT = 1, 2  # JackPortFlags
NO_START_SERVER = 1  # JackOptions


def of(linked: str) -> CDLL:
    """The libjack that the library `linked` (its path) uses, found in the linker's own order."""
    everywhere = CDLL(None)  # what is preloaded, or loaded for all
    return everywhere if hasattr(everywhere, "jack_client_open") else CDLL(linked)


def names(jack: CDLL) -> tuple[list[str], list[str]]:
    """The full names of the MIDI ports that can be listened to, and of those that can be played to.

    Raises:
        OSError: no server answers.
    """
    jack.jack_client_open.restype = c_void_p
    jack.jack_client_close.argtypes = (c_void_p,)
    client: int | None = jack.jack_client_open(b"livegen ports", NO_START_SERVER, None)
    if client is None:
        raise OSError("JACK server not running")
    try:
        return _ports(jack, client, IS_OUTPUT), _ports(jack, client, IS_INPUT)
    finally:
        jack.jack_client_close(client)


def _ports(jack: CDLL, client: int, flags: int) -> list[str]:
    jack.jack_get_ports.restype = POINTER(c_char_p)
    jack.jack_get_ports.argtypes = (c_void_p, c_char_p, c_char_p, c_ulong)
    found = jack.jack_get_ports(client, None, MIDI, flags)  # ends with a null; is null where there are none
    names: list[str] = []
    while found and (name := found[len(names)]) is not None:
        names.append(name.decode(errors="ignore"))  # as RtMidi's binding does
    jack.jack_free(found)
    return names
