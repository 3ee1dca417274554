"""A JACK server for measurements: the running one, else a new one without a sound card."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from livegen.bench.apart import apart
from livegen.bench.figures import MissingError
from livegen.errors import PortError
from livegen.io import midi_system, realtime

SYSTEM = midi_system.MidiSystem(f"{midi_system.RTMIDI}/{midi_system.JACK}")
RATE = 48_000  # frames/s
PERIOD = 64  # frames; JACK transfers MIDI once per period
PATIENCE = 10.0  # s


@contextmanager
def server() -> Iterator[str]:
    """Set the environment so that clients find a server. Gives a description of the server.

    Raises:
        MissingError: no server runs, and none can be started.
    """
    if answers():
        yield "the running JACK server"
        return
    program = shutil.which("jackd")
    if program is None:
        raise MissingError("no JACK server is running, and jackd is not installed")
    name = f"livegen-bench-{os.getpid()}"
    granted = apart(realtime.raise_priority, realtime.SYNTH) is None
    words = ["-R", f"-P{realtime.SYNTH}"] if granted else ["-r"]
    # -S: the server waits for its clients. Otherwise a client that misses a period loses its events.
    words += ["-S", "-n", name, "-d", "dummy", "-r", str(RATE), "-p", str(PERIOD)]
    ours = {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
    with _environment(ours):
        process = subprocess.Popen(  # noqa: S603  (all arguments are constants)
            [program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _await(process)
            yield f"a separate JACK server (period {PERIOD}, {'' if granted else 'not '}real-time)"
        finally:
            process.terminate()
            process.wait()


def answers() -> bool:
    try:
        SYSTEM.inputs()
    except PortError:
        return False
    return True


def _await(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise MissingError("jackd does not start")
        time.sleep(0.05)


@contextmanager
def _environment(ours: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
