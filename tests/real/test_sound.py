"""What is heard: FluidSynth's sound, recorded by another JACK client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Self

import numpy as np
import pytest
from jack_server import JackServer
from livegen_process import Start
from musician import Musician, strikes, until
from phrases import Phrase

AUDIBLE = 33 / 32768  # FluidSynth's silence is a dither of 1/32768
RELEASE = 2.5  # s that a piano and its room ring on


class Recorder:
    """A JACK client that keeps the loudest sample of every period."""

    def __init__(self) -> None:
        jack_client = pytest.importorskip("jack", reason="JACK-Client missing")
        self.levels: list[tuple[float, float]] = []  # s (time.monotonic), 0..1
        self._client = jack_client.Client("Recorder")
        ports = [self._client.inports.register(side) for side in ("left", "right")]

        @self._client.set_process_callback  # type: ignore[untyped-decorator]
        def record(_: int) -> None:
            level = max(float(np.abs(port.get_array()).max()) for port in ports)
            self.levels.append((time.monotonic(), level))

    def __enter__(self) -> Self:
        self._client.activate()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.deactivate()
        self._client.close()

    def connect(self) -> None:
        """Listen to whatever else makes sound here."""
        found = self._client.get_ports(is_audio=True, is_output=True)
        sources = [port for port in found if not port.name.startswith("system:")]
        assert len(sources) == 2, sources
        for source, port in zip(sources, self._client.inports, strict=True):
            self._client.connect(source, port)

    def audible(self, start: float, end: float) -> list[bool]:
        return [level > AUDIBLE for at, level in self.levels if start <= at < end]


@pytest.fixture
def recorder(jack: JackServer) -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder


def test_the_response_sounds_and_nothing_else(
    start: Start, musician: Musician, recorder: Recorder, call: Phrase
) -> None:
    start("--in", "Keyboard", "--out", "FluidSynth", "--out", "Listener", "--audio-driver", "jack", "--thru", "off")
    recorder.connect()
    began, ended = musician.play(call)
    heard = musician.hear_out()
    until(lambda: recorder.levels[-1][0] > heard[-1].at + RELEASE + 0.2, "the end of the sound")
    first, last = strikes(heard)[0].at, heard[-1].at
    before = recorder.audible(began, ended + 0.3)
    during = recorder.audible(first, last)
    after = recorder.audible(last + RELEASE, last + RELEASE + 0.2)
    assert before and not any(before)
    assert sum(during) > len(during) / 2
    assert after and not any(after)
