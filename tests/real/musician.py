"""The other side: a client with MIDI ports of its own, which plays at livegen and writes down what comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import mido
from phrases import Phrase

from livegen.io import rtmidi_binding

APART = 0.0005  # s between messages: bursts are lost on the way through JACK
SETTLED = 2.1  # s without a message: a response has no hole longer than 2 s
HELD = 20.0  # s without a message, with a key down: no response of these tests is as long
PATIENCE = 20.0  # s


@dataclass(frozen=True, slots=True)
class Heard:
    message: mido.Message
    at: float  # s, time.monotonic

    @property
    def strikes(self) -> bool:
        return bool(self.message.type == "note_on" and self.message.velocity > 0)

    @property
    def releases(self) -> bool:
        return self.message.type in ("note_on", "note_off") and not self.strikes


def sounding(heard: Iterable[Heard]) -> list[tuple[int, int]]:
    """(channel, key) of every note_on that no note_off has followed."""
    keys: list[tuple[int, int]] = []
    for one in heard:
        if one.strikes:
            keys.append((one.message.channel, one.message.note))
        elif one.releases and (key := (one.message.channel, one.message.note)) in keys:
            keys.remove(key)
    return keys


def strikes(heard: Iterable[Heard]) -> list[Heard]:
    return [one for one in heard if one.strikes]


def until(condition: Callable[[], object], what: str, within: float = PATIENCE) -> None:
    """Wait for a condition; what it never came to is the failure's text."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {within:g} s"
        time.sleep(0.005)


class Musician:
    """Plays on an output port and listens on an input port, over JACK.

    Args:
        to, back: existing ports to connect to by part of their names; without them, ports of one's own
            named Keyboard and Listener, for the daemon to connect to.
    """

    def __init__(self, *, to: str | None = None, back: str | None = None) -> None:
        jack = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
        self.heard: list[Heard] = []
        self.played: list[mido.Message] = []
        if to is None:
            self._out = jack.open_output("out", client_name="Keyboard", virtual=True)
        else:
            self._out = jack.open_output(next(name for name in jack.get_output_names() if to in name))
        if back is None:
            self._in = jack.open_input("in", client_name="Listener", virtual=True)
        else:
            self._in = jack.open_input(next(name for name in jack.get_input_names() if back in name))
        # Not by a callback: on a busy machine Python on JACK's own thread misses cycles, and with them messages.
        self._closing = threading.Event()
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._listening.join()
        rtmidi_binding.close_input(self._in)
        self._out.close()

    def _listen(self) -> None:
        while not self._closing.wait(0.001):
            for message in self._in.iter_pending():
                self.heard.append(Heard(message, time.monotonic()))

    def send(self, message: mido.Message) -> None:
        self._out.send(message)
        self.played.append(message)
        time.sleep(APART)

    def play(self, phrase: Phrase) -> tuple[float, float]:
        """Play in real time. Returns when the first and the last message left [s, time.monotonic]."""
        start = time.monotonic()
        for offset, message in phrase:
            time.sleep(max(0.0, start + offset - time.monotonic()))
            self.send(message)
        return start, time.monotonic()

    def forget(self) -> None:
        """Start with an empty page."""
        self.heard.clear()
        self.played.clear()

    def strikes(self) -> list[Heard]:
        return strikes(self.heard.copy())

    def sounding(self) -> list[tuple[int, int]]:
        return sounding(self.heard.copy())

    def await_response(self, notes: int = 1) -> None:
        """Wait until so many notes have been heard and one is sounding."""
        until(lambda: len(self.strikes()) >= notes and self.sounding(), f"a response of {notes} notes")

    def await_silence(self, within: float) -> None:
        until(lambda: not self.sounding(), f"release of {self.sounding()}", within)

    def hear_out(self) -> list[Heard]:
        """Wait for a response and its end; everything heard so far."""
        self.await_response()

        def ended() -> bool:
            return time.monotonic() - self.heard[-1].at > (HELD if self.sounding() else SETTLED)

        until(ended, "an end", 60)
        return self.heard.copy()
