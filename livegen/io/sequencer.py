"""The ALSA sequencer: its announcements of ports that come and go, and connections between ports.

RtMidi cannot do this: it offers no events but MIDI messages, and connects only while it opens a port.
"""

from __future__ import annotations

import re
import select
import threading
import time
from errno import EBUSY

import alsa_midi

SETTLE = 0.02  # s: the ports of a card come and go together
SLICE = 0.2  # s: `wake` ends a wait after this time at the latest

_ADDRESS = re.compile(r"\s(\d+):(\d+)\s*$")  # the client and the port, at the end of RtMidi's name


class Client:
    """A client that others do not see. For one thread, except `wake`.

    Raises:
        OSError: the sequencer cannot be opened.
    """

    def __init__(self) -> None:
        try:
            self._client = alsa_midi.SequencerClient("livegen watch")
            hidden = alsa_midi.PortCaps.WRITE  # without SUBS_WRITE, so others cannot connect to it
            self._port = self._client.create_port("announcements", caps=hidden)  # alsa-midi deletes what nobody keeps
            self._port.connect_from(alsa_midi.SYSTEM_ANNOUNCE)
        except alsa_midi.ALSAError as error:
            raise OSError(str(error)) from error
        # Not the timeout of `event_input`: alsa-midi polls with it in milliseconds, thousands of times.
        self._events = select.poll()
        self._events.register(self._client._fd, select.POLLIN)  # noqa: SLF001  (it has no public descriptor)
        self._woken = threading.Event()

    def names(self) -> tuple[list[str], list[str]]:
        """The names of the inputs and of the outputs, as RtMidi gives them. Raises OSError."""
        try:
            inputs = self._client.list_ports(input=True, type=None, sort=False)
            outputs = self._client.list_ports(output=True, type=None, sort=False)
        except alsa_midi.ALSAError as error:
            raise OSError(str(error)) from error
        return [_name(port) for port in inputs if port.type & _MUSICAL], [
            _name(port) for port in outputs if port.type & _MUSICAL
        ]

    def wait(self, seconds: float) -> set[str] | None:
        """Wait until ports come or go. Returns the ends of the names, " 28:0", of those that went; None: no change."""
        gone: set[str] | None = None
        until = time.monotonic() + seconds
        while not self._woken.is_set() and (left := until - time.monotonic()) > 0:
            if self._client.event_input_pending(fetch_sequencer=True) == 0:
                self._events.poll(min(left, SLICE) * 1000)
                continue
            event = self._client.event_input()
            if isinstance(event, alsa_midi.PortExitEvent | alsa_midi.PortStartEvent):
                gone = gone or set()
                until = time.monotonic() + SETTLE
                if isinstance(event, alsa_midi.PortExitEvent):
                    gone.add(f" {event.addr.client_id}:{event.addr.port_id}")
        self._woken.clear()
        return gone

    def wake(self) -> None:
        """End a wait. Any thread may call this."""
        self._woken.set()

    def connect(self, source: str, sink: str) -> None:
        """Connect two ports. Raises OSError."""
        try:
            self._client.subscribe_port(_address(source), _address(sink))
        except alsa_midi.ALSAError as error:
            if error.errnum != -EBUSY:  # they are connected already
                raise OSError(f"ALSA cannot connect {source} to {sink}: {error}") from error

    def token(self, _: str) -> str:
        """Nothing: what went is announced, also if it is back already."""
        return ""

    def close(self) -> None:
        """Release the client. A second call does nothing."""
        self._client.close()


_MUSICAL = alsa_midi.PortType.MIDI_GENERIC | alsa_midi.PortType.SYNTH | alsa_midi.PortType.APPLICATION


def _name(port: alsa_midi.PortInfo) -> str:
    return f"{port.client_name}:{port.name} {port.client_id}:{port.port_id}"


def _address(name: str) -> alsa_midi.Address:
    found = _ADDRESS.search(name)
    if found is None:
        raise OSError(f"{name} has no ALSA address")
    return alsa_midi.Address(int(found[1]), int(found[2]))
