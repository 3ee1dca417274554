"""Takes ports and servers away from a running livegen and gives them back, many times: what leaks, how long it takes.

    python -m tools.soak keyboard 500     # a keyboard vanishes with a key held, and comes back
    python -m tools.soak instrument 500   # an instrument vanishes
    python -m tools.soak hub 500          # three keyboards, two of one name, and an instrument vanish together
    python -m tools.soak server 500       # the JACK server is stopped and started again
    python -m tools.soak killed 500       # the same, with SIGKILL
    python -m tools.soak sound 500        # the JACK server that only FluidSynth uses is stopped and started again
    python -m tools.soak change 500       # `livegen set out` removes an output and adds it again

It needs jackd. Each line: the times that were measured so far, and what livegen holds. If the system permits it, the
tool has its own /dev/shm: there, JACK has places for eight servers, and a server that was killed may keep its place.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from typing import Any

import mido

from livegen.control.client import Client
from livegen.errors import PortError
from livegen.io import rtmidi_binding
from livegen.io.midi_system import JACK, RTMIDI, MidiSystem

PATIENCE = 120.0  # s
REPORTS = 10
HUB = ("Piano", "Keys", "Keys", "Instrument")
"""The ports of a hub: three keyboards, two of one name, and an instrument."""
PLUG = "plug"  # the command of the process that has them
NAME = f"livegen-soak-{os.getpid()}"
APART = 'mount -t tmpfs soak /dev/shm && exec "$@"'
IS_APART = "SOAK_IS_APART"
SERVER = {"JACK_DEFAULT_SERVER": NAME, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}


class Server:
    """A JACK server without a sound card."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        words = ["jackd", "-r", "-S", "-n", NAME, "-d", "dummy", "-r", "48000", "-p", "256"]
        self._process = subprocess.Popen(  # noqa: S603  (constants)
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE
        while not clients():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"jackd does not start: try {' '.join(words)}")
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(number)
        self._process.wait()


def clients() -> set[str]:
    """The clients of the server that have ports; empty if it does not answer."""
    done = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False)  # noqa: S607  (found in PATH)
    return {line.partition(":")[0] for line in done.stdout.splitlines()} if done.returncode == 0 else set()


class Program:
    """A program that runs, and its log with times."""

    def __init__(self, words: list[str], ready: str, folder: Path | None = None, **environment: str) -> None:
        self.lines: list[tuple[float, str]] = []
        began = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603  (our own programs, and those that a developer names)
            words,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.seconds = self.wait_for(ready) - began  # until it was ready

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line))

    def wait_for(self, text: str) -> float:
        """Wait for a line with this text. Returns when it came."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for at, line in self.lines:
                if text in line:
                    return at
            time.sleep(0.005)
        self.process.kill()
        raise SystemExit(f"the log does not say {text!r}:\n{self._last()}")

    def _last(self) -> str:
        return "".join(line for _, line in self.lines[-20:])

    def wait_until(self, gone: str, back: str, *, is_gone: bool, number: int) -> float:
        """Wait until the last `number` lines with these texts say so. Returns when the last one came.

        On a busy machine a synth may be gone, and back, without being taken away.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = (each for each in reversed(self.lines) if gone in each[1] or back in each[1])
            last = list(islice(found, number))
            if len(last) == number and all((gone in line) is is_gone for _, line in last):
                return last[0][0]
            time.sleep(0.005)
        raise SystemExit(f"the log does not say {gone if is_gone else back!r}:\n{self._last()}")


class Livegen(Program):
    """A daemon, its log with times, and what it holds."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "livegen", "--config", os.devnull, "--name", NAME, *words]
        super().__init__(command, "Ready", LIVEGEN_BACKEND="jack")

    def holds(self) -> str:
        folder = Path("/proc") / str(self.process.pid)
        resident = re.search(r"RssAnon:\s*(\d+)", (folder / "status").read_text())
        threads, files = len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir()))
        names = {name for name in clients() if name.startswith("livegen")}
        memory = int(resident[1]) / 1024 if resident else 0.0
        return f"{memory:.1f} MB, {files} descriptors, {threads} threads, {len(names)} JACK clients"


def port(name: str, *, keyboard: bool) -> Any:  # noqa: ANN401  (mido has no types)
    jack = MidiSystem(f"{RTMIDI}/{JACK}").mido()
    opener = jack.open_output if keyboard else jack.open_input
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return opener("port", client_name=name, virtual=True)
        except OSError:  # a busy server refuses a client at times
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def evening() -> str:
    """The path of a MIDI file with a note every five seconds, for six hours: the demo pieces would end."""
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)])  # 480 ticks are a second
    for _ in range(6 * 720):
        track += [mido.Message("note_on", note=60, time=4 * 480), mido.Message("note_off", note=60, time=480)]
    path = Path(tempfile.gettempdir(), f"{NAME}.mid")
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(path)
    return str(path)


Step = Callable[[], None]
Cycle = tuple[Step, str, Step, str]
"""Takes something away, what the log says, gives it back, what the log says."""


def ports(kind: str) -> tuple[Livegen, Cycle]:
    name = "Keyboard" if kind == "keyboard" else "Instrument"
    opened = {each: port(each, keyboard=each == "Keyboard") for each in ("Keyboard", "Instrument")}
    livegen = Livegen("--in", "Keyboard", "--out", "Instrument")

    def take() -> None:
        with suppress(AttributeError):  # an input cannot send
            opened["Keyboard"].send(mido.Message("note_on", note=60))
        if name == "Instrument":
            rtmidi_binding.close_input(opened[name])
        opened[name].close()

    def give() -> None:
        opened[name] = port(name, keyboard=kind == "keyboard")

    return livegen, (take, f"{name}:port is gone", give, f"{name}:port")


def hub() -> tuple[Livegen, Cycle]:
    plugged: list[subprocess.Popen[str]] = []
    numbers = count(28, 4)  # as ALSA counts its clients

    def plug(names: Iterable[str]) -> None:
        words = [sys.executable, "-m", "tools.soak", PLUG, *names]
        process = subprocess.Popen(  # noqa: S603  (our own program)
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        plugged.append(process)
        assert plugged[0].stdout is not None
        plugged[0].stdout.readline()

    def give() -> None:
        plug(f"{name} [{next(numbers)}]" for name in draws.sample(HUB, len(HUB)))

    def take() -> None:
        plugged.pop().communicate("\n")

    draws = random.Random(1)
    *keyboards, instrument = [f"{name} [{next(numbers)}]" for name in HUB]
    plug((*keyboards, instrument))
    inputs = (word for name in keyboards for word in ("--in", f"{name}:port"))
    livegen = Livegen(*inputs, "--out", "Instrument", "--thru", "on")
    return livegen, (take, "is gone", give, ":port\n")


def plug_in(names: Iterable[str]) -> None:
    """Be a hub until a line comes from stdin; then its keyboards vanish with keys held."""
    rtmidi = rtmidi_binding.load()
    opened = []
    for name in names:  # without a callback, which would make the server wait for Python
        kind = rtmidi.MidiIn if name.startswith("Instrument") else rtmidi.MidiOut
        opened.append(kind(rtmidi.API_UNIX_JACK, name))
        opened[-1].open_virtual_port("port")
    print("open", flush=True)
    sys.stdin.readline()
    for each in opened:
        if hasattr(each, "send_message"):
            each.send_message([0x90, 60, 64])
    for each in opened:
        each.close_port()
        each.delete()


def servers(kind: str, server: Server) -> tuple[Livegen, Cycle]:
    number = signal.SIGKILL if kind == "killed" else signal.SIGTERM
    if kind == "sound":
        livegen = Livegen("--in", evening(), "--out", "synth:", "--audio-driver", "jack", "--wait", "on")
        return livegen, (lambda: server.stop(number), "is gone", server.start, "out: FluidSynth")
    livegen = Livegen("--virtual", "--wait", "on")
    return livegen, (lambda: server.stop(number), "Lost connection", server.start, "out: livegen")


def changes() -> tuple[Livegen, Cycle]:
    opened = [port("Keyboard", keyboard=True), *(port(name, keyboard=False) for name in ("Instrument", "Another"))]
    livegen = Livegen("--in", "Keyboard", "--out", "Instrument", "--out", "Another")

    def change(*outputs: str) -> None:
        opened[0].send(mido.Message("note_on", note=60))
        deadline = time.monotonic() + PATIENCE
        with Client(NAME) as client:
            while client.ask("get", name="out")["value"] != list(outputs):
                with suppress(PortError):  # a busy server refuses a client at times; nothing has changed then
                    client.ask("set", values={"out": list(outputs)})
                if time.monotonic() > deadline:
                    raise SystemExit("the outputs do not change")

    both = ("Instrument", "Another")
    return livegen, (lambda: change("Instrument"), "Another:port is closed", lambda: change(*both), "out: Another:port")


def main(kind: str, cycles: int) -> None:
    os.environ.update(SERVER)
    server = Server()
    try:
        if kind in ("keyboard", "instrument"):
            livegen, (take, gone, give, back) = ports(kind)
        elif kind == "hub":
            livegen, (take, gone, give, back) = hub()
        else:
            livegen, (take, gone, give, back) = changes() if kind == "change" else servers(kind, server)
        times: tuple[list[float], list[float]] = ([], [])
        for cycle in range(1, cycles + 1):
            for step, is_gone, into in ((take, True, times[0]), (give, False, times[1])):
                step()
                done = time.monotonic()  # a port takes a second to close, a server to start
                number = len(HUB) if kind == "hub" else 1
                into.append(max(0.0, livegen.wait_until(gone, back, is_gone=is_gone, number=number) - done))
            if cycle in (1, 2, 5) or cycle % max(1, cycles // REPORTS) == 0:
                spread = ", ".join(f"median {sorted(t)[len(t) // 2]:.2f} s, longest {max(t):.2f} s" for t in times)
                print(f"{kind} {cycle}: gone/back {spread}; {livegen.holds()}", flush=True)
        livegen.process.terminate()
        print(f"ended with {livegen.process.wait(PATIENCE)}")
    finally:
        with suppress(ProcessLookupError, OSError, UnboundLocalError):
            livegen.process.kill()
        Path(tempfile.gettempdir(), f"{NAME}.mid").unlink(missing_ok=True)
        server.stop()


def with_own_memory(module: str, *words: str) -> None:
    """Start this program again where /dev/shm is empty, if that is possible."""
    apart = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", APART, "sh"]
    if IS_APART in os.environ or subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:  # noqa: S603  (constants)
        return
    os.environ[IS_APART] = "yes"
    os.execvp(apart[0], [*apart, sys.executable, "-m", module, *words])  # noqa: S606  (the same)


if __name__ == "__main__":
    if sys.argv[1] == PLUG:
        plug_in(sys.argv[2:])
        sys.exit()
    with_own_memory("tools.soak", *sys.argv[1:])
    kind, cycles = sys.argv[1:]
    main(kind, int(cycles))
