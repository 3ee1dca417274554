"""Connects livegen's ports to those of a MIDI system, and notices when these come and go (docs/adr/0012)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Protocol

from mido import Message

from livegen.errors import PortError
from livegen.io import libjack, midi_system, ports
from livegen.io.links import IN, OUT, Link
from livegen.io.midi_system import MidiSystem
from livegen.io.ports import PortInput
from livegen.note import MonotonicTime
from livegen.stage.effects import Send
from livegen.stage.events import Part

POLL = 0.5  # s between two looks at the list of ports, of a system without announcements
PATIENCE = 100  # looks at the list until our own port is there, or gone
PAUSE = 0.02  # s between them


class Patchbay(Protocol):
    """For one thread, except `wake`. Every method raises PortError if the system's server has ended."""

    def names(self) -> tuple[list[str], list[str]]:
        """The full names of the inputs and of the outputs, without our own."""

    def wait(self, seconds: float) -> set[str] | None:
        """Wait until ports come or go. Returns (the ends of) the names of those that went, which may be back already.

        None: no port came or went.
        """

    def wake(self) -> None:
        """End a wait. Any thread may call this."""

    def open(self, link: Link) -> None:
        """Prepare our end of a link, before the music."""

    def connect(self, link: Link, name: str) -> None:
        """Connect a link to a port. Raises PortError."""

    def release(self, link: Link) -> None:
        """The port of a link is gone."""

    def forget(self, link: Link) -> None:
        """Close our end of a link."""

    def token(self, name: str, /) -> str:
        """What tells a port from one that had this name before; "" if the system cannot."""

    def close(self) -> None: ...


def find(system: MidiSystem, name: str = ports.OWN_NAME) -> Patchbay:
    """The patchbay of a system, for the livegen of this name. Raises PortError if the system does not answer."""
    try:
        if system.api == midi_system.JACK and libjack.announces():
            return Announced(system, libjack.Client(), name)
        if system.api == midi_system.ALSA:
            from livegen.io import sequencer  # it needs libasound, which RtMidi and FluidSynth bring or need too

            return Announced(system, sequencer.Client(), name)
    except ImportError:
        pass
    except OSError as error:
        raise PortError(system.gone) from error
    return Polled(system, name)


class _Client(Protocol):
    def names(self) -> tuple[list[str], list[str]]: ...

    def wait(self, seconds: float) -> set[str] | None: ...

    def wake(self) -> None: ...

    def connect(self, source: str, sink: str) -> None: ...

    def token(self, name: str, /) -> str: ...

    def close(self) -> None: ...


class Announced:
    """A system that announces ports and lets a client connect them. Our own ports stay open."""

    def __init__(self, system: MidiSystem, client: _Client, name: str) -> None:
        self._system, self._client, self._name = system, client, name
        self._own: set[str] = set()
        self._closed: set[str] = set()  # ports of ours that may still be listed for a moment
        self._inputs: list[Link] = []
        self._lost: list[Link] = []  # inputs whose port has gone since the last `wait`
        self.wake = client.wake
        self.token = client.token

    def names(self) -> tuple[list[str], list[str]]:
        inputs, outputs = self._all()
        return [name for name in inputs if name not in self._own], [name for name in outputs if name not in self._own]

    def _all(self) -> tuple[list[str], list[str]]:
        try:
            return self._client.names()
        except OSError as error:
            raise PortError(self._system.gone) from error

    def wait(self, seconds: float) -> set[str] | None:
        self._end_exclusive()
        try:
            return self._client.wait(seconds)
        except OSError as error:
            raise PortError(self._system.gone) from error

    def open(self, link: Link) -> None:
        side = 1 - link.direction  # our input is a sink, which is listed as an output
        self._await(lambda: self._closed.isdisjoint(name for names in self._all() for name in names))
        self._closed.clear()
        before = set(self._all()[side])
        with self._inputs_aside():
            if link.virtual:
                link.use(_virtual(self._system, link, self._name))
            elif link.direction == IN:
                link.use(ports.own_input(self._system, link.heard, self._name))
            else:
                link.use(ports.own_output(self._system, self._name))
        if link.direction == IN:
            self._inputs.append(link)
        link.address = self._new(side, before)
        self._own.add(link.address)

    def _inputs_aside(self) -> AbstractContextManager[None]:
        if self._system.api != midi_system.JACK:
            return nullcontext()
        return PortInput.aside([end for link in self._inputs if (end := link.listening) is not None])

    def _new(self, side: int, before: set[str]) -> str:
        found: list[str] = []

        def appears() -> bool:
            found[:] = [name for name in self._all()[side] if name not in before and ports.belongs(name, self._name)]
            return bool(found)

        if not self._await(appears):
            raise PortError(f"{self._system.name} does not list livegen's own port.")
        return found[0]

    @staticmethod
    def _await(condition: Callable[[], bool]) -> bool:
        """Wait for a condition. Returns whether it has come."""
        for _ in range(PATIENCE):
            if condition():
                return True
            threading.Event().wait(PAUSE)
        return condition()

    def connect(self, link: Link, name: str) -> None:
        source, sink = (name, link.address) if link.direction == IN else (link.address, name)
        try:
            self._client.connect(source, sink)
        except OSError as error:
            raise PortError(f'Cannot open "{name}": {error}.') from error

    def release(self, link: Link) -> None:
        if link.direction == IN and self._system.api == midi_system.JACK:
            self._lost.append(link)

    def _end_exclusive(self) -> None:
        """End what a lost port may have begun.

        Over JACK, RtMidi adds all messages to a system exclusive one until its end. An empty system exclusive message
        ends it, from an output for this alone. To open that delays other threads by 25 ms; to open the inputs anew
        would delay them longer.
        """
        if not self._lost:
            return
        links, self._lost, ender = self._lost, [], Link(OUT)
        with suppress(PortError):  # nothing depends on it, and that a server has ended is noticed elsewhere
            self.open(ender)
            for link in links:
                self.connect(ender, link.address)
            time.sleep(PAUSE)
            ender.send(Send(ender.port, Message("sysex"), Part.RESPONSE, MonotonicTime(0.0)))
            time.sleep(PAUSE)
        self.forget(ender)

    def forget(self, link: Link) -> None:
        if link in self._inputs:
            self._inputs.remove(link)
        with self._inputs_aside():
            link.close()
        self._own.discard(link.address)
        self._closed.add(link.address)

    def close(self) -> None:
        self._client.close()


class Polled:
    """A system whose list of ports has to be looked at. Our ports are opened again when theirs come back."""

    def __init__(self, system: MidiSystem, name: str) -> None:
        self._system, self._name = system, name
        self._woken = threading.Event()
        self.wake = self._woken.set

    def names(self) -> tuple[list[str], list[str]]:
        return self._system.names()

    def wait(self, seconds: float) -> set[str]:
        """What came or went is seen in the list."""
        self._woken.wait(max(seconds, POLL))
        self._woken.clear()
        return set()

    def open(self, link: Link) -> None:
        if link.virtual:
            link.use(_virtual(self._system, link, self._name))

    def connect(self, link: Link, name: str) -> None:
        if link.direction == IN:
            link.use(ports.open_input(self._system, name, link.heard))
        else:
            link.use(ports.open_output(self._system, name))

    def release(self, link: Link) -> None:
        link.use(None)

    def forget(self, link: Link) -> None:
        link.close()

    def token(self, _: str) -> str:
        return ""

    def close(self) -> None:
        pass


def _virtual(system: MidiSystem, link: Link, name: str) -> ports.PortInput | ports.PortOutput:
    return ports.virtual_input(system, link.heard, name) if link.direction == IN else ports.virtual_output(system, name)
