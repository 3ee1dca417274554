"""RtMidi for Python: python-rtmidi, or supriya-midi with the interface of python-rtmidi.

python-rtmidi has no wheels for Python 3.13 and newer. supriya-midi binds the same RtMidi and has them; its interface
differs a little (docs/installing.md). mido's backend imports RtMidi by the name rtmidi: `load` puts this module there.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

NAME = "rtmidi"

API_UNSPECIFIED, API_MACOSX_CORE, API_LINUX_ALSA, API_UNIX_JACK, API_WINDOWS_MM, API_RTMIDI_DUMMY = range(6)

Callback = Callable[[tuple[list[int], float], Any], None]
SETTLE, LOOKS, PATIENCE = 0.05, 10, 10
"""s for a callback that has begun to end, before what it needs goes. In this time, LOOKS short pauses show how late a
thread is woken up; PATIENCE times the longest delay is waited as well."""
ENDED = 0.005  # s in which one has ended, as a rule
PAUSED = 0.02  # s without a message, after which no callback waits, as a rule
LONGEST = 65_536
"""Bytes of a message. mido checks each byte in Python: for 10 MB, no key would be heard for a minute."""

_HARMLESS = ("WARNING", "DEBUG_WARNING")  # of RtMidi's kinds of errors

log = logging.getLogger(__name__)


def load() -> ModuleType:
    """The module rtmidi. `libjack.preload` has to come first.

    Raises:
        ModuleNotFoundError: neither of the two packages is installed.
    """
    with suppress(ModuleNotFoundError):
        import rtmidi

        return rtmidi  # type: ignore[no-any-return]  # it has no types
    import supriya_midi  # noqa: F401  (if it is missing, there is no RtMidi)

    sys.modules[NAME] = sys.modules[__name__]
    return sys.modules[NAME]


def extension() -> Path:
    """The file of the extension module, which is linked to a libjack."""
    module = load()
    if module is not sys.modules[__name__]:
        return Path(module._rtmidi.__file__)  # noqa: SLF001  (its name for the extension)
    from supriya_midi import rtmidi_ext

    return Path(rtmidi_ext.__file__)


def get_compiled_api() -> list[int]:
    """The systems that RtMidi was built for."""
    import supriya_midi

    return [int(api) for api in supriya_midi.get_compiled_apis()]


def close_input(port: Any) -> None:  # noqa: ANN401  (mido has no types)
    """Close an input of mido, also while messages arrive. One that is not RtMidi's is left alone.

    RtMidi's thread may wait for the interpreter's lock, to call Python. python-rtmidi frees the callback all the same,
    and mido sets another one just before it closes the port: the process would crash, or stand still.
    """
    midi = getattr(port, "_rt", None)
    if midi is None:
        return
    port.closed = True  # mido has nothing more to do
    callback = gc.get_referents(midi)
    midi.cancel_callback()
    _settle()
    del callback
    midi.close_port()
    midi.delete()


@contextmanager
def aside(inputs: Iterable[Any]) -> Iterator[None]:
    """Inside, the messages of these inputs of mido wait in RtMidi's queues; then they are delivered, in their order.

    To open or close a client of JACK holds the interpreter's lock. A synchronous server waits for the callbacks of
    inputs meanwhile, and these wait for that lock: for seconds, until the server gives up, nothing would be heard.
    """
    ports = [port for port in inputs if not port.closed and getattr(port, "_rt", None) is not None]
    running = [_cancel(port) for port in ports]
    if running:
        time.sleep(ENDED)
    try:
        yield
    finally:
        for port in ports:
            _resume(port)
        if running:
            time.sleep(ENDED)
            running += [_cancel(port) for port in ports]  # a message that came in the middle of it is in the queue
            for port in ports:
                _resume(port)
                with port.gate:
                    for message in port.waiting:
                        port.deliver(message, None)
                    port.waiting = None
            time.sleep(ENDED)
        del running


def _settle() -> None:
    """Wait until a callback that has begun has ended: longer on a machine that lets threads wait for a processor."""
    pause, late = SETTLE / LOOKS, 0.0
    for _ in range(LOOKS):
        begin = time.monotonic()
        time.sleep(pause)
        late = max(late, time.monotonic() - begin - pause)
    time.sleep(PATIENCE * late)


def _cancel(port: Any) -> list[Any]:  # noqa: ANN401  (mido has no types)
    """Have the messages wait. Returns what a callback that has begun still needs."""
    if getattr(port, "waiting", None) is None:
        port.gate = threading.Lock()  # first: its thread looks for it as soon as something waits
        port.waiting = []
    midi = port._rt  # noqa: SLF001
    running = gc.get_referents(midi)
    getattr(midi, "pause", midi.cancel_callback)()
    return running


def _resume(port: Any) -> None:  # noqa: ANN401  (mido has no types)
    """Have the callback called again, which adds messages to `waiting`, after those in RtMidi's queue."""
    midi = port._rt  # noqa: SLF001
    while (message := midi.get_message()) is not None:
        with port.gate:
            port.waiting.append(message)
    midi.set_callback(port._callback_wrapper)  # noqa: SLF001


@cache
def limit() -> None:
    """Have the inputs of mido drop what is longer than LONGEST, with a warning, and what ends too early.

    What comes while `aside` has an input waits.
    """
    from mido.backends.rtmidi import Input

    take = Input._callback_wrapper  # noqa: SLF001  (mido takes no callback for bytes)

    def called(self: Any, message: tuple[list[int], float], data: object) -> None:  # noqa: ANN401  (mido has no types)
        if self.waiting is not None:
            with self.gate:
                if self.waiting is not None:
                    self.waiting.append(message)
                    return
        limited(self, message, data)

    def limited(self: Any, message: tuple[list[int], float], data: object) -> None:  # noqa: ANN401  (mido has no types)
        size = len(message[0])
        if size > LONGEST:
            log.warning(
                "A MIDI message of %d bytes is ignored: the limit is %d. Send dumps to the instrument, not to livegen.",
                *(size, LONGEST),
            )
            return
        with suppress(IndexError):  # of mido, for a pitch wheel without its last byte
            take(self, message, data)

    Input.waiting, Input.deliver = None, limited
    Input._callback_wrapper = called  # noqa: SLF001


class _Client:
    """What python-rtmidi's MidiIn and MidiOut have in common."""

    def __init__(self, kind: Callable[..., Any], rtapi: int, name: str) -> None:
        from supriya_midi import RtMidiAPI

        self._midi = kind(RtMidiAPI(rtapi), name)
        self._midi.set_error_callback(_raise)

    def get_current_api(self) -> int:
        return int(self._midi.get_current_api())

    def get_ports(self) -> list[str]:
        return list(self._midi.get_ports())

    def open_port(self, number: int) -> None:
        self._midi.open_port(number)

    def open_virtual_port(self, name: str) -> None:
        self._midi.open_virtual_port(name)

    def close_port(self) -> None:
        self._midi.close_port()

    def delete(self) -> None:
        self._midi.delete()


class MidiIn(_Client):
    """An input. RtMidi gets one callback for its whole life: supriya-midi owns no reference to it."""

    def __init__(self, rtapi: int = API_UNSPECIFIED, name: str | None = None) -> None:
        import supriya_midi

        super().__init__(supriya_midi.MidiIn, rtapi, name or "RtMidiIn Client")
        self._callback: tuple[Callback, object] | None = None
        self._dispatcher = self._dispatch
        self._listens = False
        self._stopped: threading.Event | None = None  # wanted: RtMidi's thread sets it when it has stopped itself

    def ignore_types(self, *ignored: bool) -> None:
        """System exclusive, timing, active sensing."""
        self._midi.ignore_types(*ignored)

    def set_callback(self, callback: Callback, data: object = None) -> None:
        """`callback` gets (message, seconds since the last one) and `data`."""
        self._callback = callback, data
        if not self._listens:
            self._listens = True
            self._midi.set_callback(self._dispatcher)

    def cancel_callback(self) -> None:
        """Drop the messages that come from now on."""
        self._callback = None

    def pause(self) -> None:
        """Have RtMidi keep the messages that come from now on in its queue, until the next `set_callback`."""
        self._stop(PAUSED)

    def _stop(self, patience: float) -> None:
        """Have RtMidi call the callback no more.

        supriya-midi frees it then, also while RtMidi's thread waits for the interpreter's lock to call it: the process
        would crash. So that thread does it, at the next message; without one for `patience` seconds, nothing waits.
        """
        if self._listens:
            self._listens = False
            self._stopped = stopped = threading.Event()
            if not stopped.wait(patience):
                self._stopped = None
                self._midi.cancel_callback()

    def get_message(self) -> tuple[list[int], float] | None:
        """The first message in RtMidi's queue, and seconds since the last one."""
        found = self._midi.get_message()
        return None if found is None else (list(found[0]), float(found[1]))

    def _dispatch(self, message: list[int], delta: float, _: object) -> None:
        stopped, self._stopped = self._stopped, None
        if stopped is not None:
            self._midi.cancel_callback()
            stopped.set()
        found = self._callback
        if found is not None:
            callback, data = found
            callback((message, delta), data)

    def close_port(self) -> None:
        """Close the port, when no thread of RtMidi waits for the interpreter's lock any more.

        JACK cancels its thread when a client is closed, and ALSA's is waited for, both while the lock is held here: the
        process would abort or stand still.
        """
        if self._listens:
            self._stop(SETTLE)
            _settle()
        super().close_port()


class MidiOut(_Client):
    """An output."""

    def __init__(self, rtapi: int = API_UNSPECIFIED, name: str | None = None) -> None:
        import supriya_midi

        super().__init__(supriya_midi.MidiOut, rtapi, name or "RtMidiOut Client")

    def send_message(self, message: list[int]) -> None:
        self._midi.send_message(message)


def _raise(kind: Any, text: str, _: object = None) -> None:  # noqa: ANN401  (an enumeration of supriya-midi)
    """As python-rtmidi does, raise an error and ignore a warning."""
    if kind.name not in _HARMLESS:
        raise RuntimeError(text)
