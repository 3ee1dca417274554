"""A JACK server of the tests' own: real MIDI and audio ports without a sound card.

To test with PipeWire's JACK (Debian: apt install pipewire-jack jackd2), by hand:

    export LIVEGEN_TEST_PIPEWIRE=1 LD_PRELOAD=$(echo /usr/lib/*/pipewire-*/jack/libjack.so.0)
    pytest tests/real/test_hot_plug.py tests/real/test_changed_ports.py tests/real/test_jamming.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

RATE = 48000  # frames/s
PERIOD = 512  # frames: MIDI is handed on once a period
PIPEWIRE = "LIVEGEN_TEST_PIPEWIRE" in os.environ


def environment(name: str) -> dict[str, str]:
    """What a client needs to find the server `name`, and to start none itself."""
    if PIPEWIRE:
        folder = Path(tempfile.gettempdir(), name)
        folder.mkdir(0o700, exist_ok=True)
        return {"XDG_RUNTIME_DIR": str(folder), "PIPEWIRE_QUANTUM": f"{PERIOD}/{RATE}"}
    return {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}


def command(name: str, *, realtime: bool = True) -> list[str]:
    """The server's command line, in real time where that is wanted and granted.

    -S: it waits for its clients. Else one that is late by a period loses what that period brought.
    """
    if PIPEWIRE:
        return ["pipewire"]
    granted = subprocess.run(["chrt", "-f", "70", "true"], capture_output=True, check=False).returncode == 0
    scheduling = ["-R", "-P70"] if realtime and granted else ["-r"]
    return ["jackd", *scheduling, "-S", "-n", name, "-d", "dummy", "-r", str(RATE), "-p", str(PERIOD)]


class JackServer:
    """A running jackd with the dummy driver. A second one has a suffix to its name.

    Raises:
        RuntimeError: it did not come up; its log is in the text.
    """

    def __init__(self, folder: Path, suffix: str = "", *, realtime: bool = True) -> None:
        self.name = f"livegen-test-{os.getpid()}{suffix}"
        self.environment: Mapping[str, str] = environment(self.name)
        self._log = folder / "jackd.log"
        self._command = command(self.name, realtime=realtime)
        self.start()

    def start(self) -> None:
        """Start it, also after `stop`."""
        with self._log.open("wb") as stream:
            self._process = subprocess.Popen(
                self._command,
                env=os.environ | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        deadline = time.monotonic() + 20
        while self._tool("jack_lsp").returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"jackd did not start:\n{self._log.read_text(errors='replace')}")
            time.sleep(0.05)

    @staticmethod
    def missing() -> str | None:
        """The first of the programs needed that is not installed."""
        return next((tool for tool in ("jackd", "jack_lsp", "jack_connect") if shutil.which(tool) is None), None)

    def ports(self, start: str, direction: str) -> list[str]:
        """Names of the ports that begin so and go that way: "output" is a source, "input" a sink."""
        lines = iter(self._tool("jack_lsp", "-p").stdout.splitlines())
        # a line with the name, a line with "properties: output,..."
        return [name for name, kind in zip(lines, lines, strict=True) if name.startswith(start) and direction in kind]

    def connect(self, source: str, sink: str) -> None:
        done = self._tool("jack_connect", source, sink)
        assert done.returncode == 0, done.stderr

    def stop(self, *, brutally: bool = False) -> None:
        """End it: it tells its clients, unless `brutally`."""
        if brutally:
            self._process.kill()
        else:
            self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tool(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, env=os.environ | dict(self.environment), capture_output=True, text=True, check=False, timeout=20
        )
