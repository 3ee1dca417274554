"""Sends livegen far more than a player could, over real JACK ports, and checks that it still answers afterwards.

    python -m tools.floods                    # all kinds, each for a minute
    python -m tools.floods random running --seconds 10

random   10,000 messages a second of random bytes
running  notes without status bytes, 10,000 a second
sysex    a system exclusive message of 10 MB
clock    MIDI clock at 300 bpm with active sensing, around a phrase
chords   chords of sixty notes
lost     chords of 15 and 30 notes, on a synchronous and on an asynchronous server: what gets lost, and where

After each: all keys up, then a phrase. It fails if no response comes, if something sounds after it, if the process has
grown by more than GROWTH, or if there are more than MOST warnings. It needs jackd and JACK-Client.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from livegen.control.client import Client
from livegen.io import rtmidi_binding
from livegen.stage.pairing import NOTES_OFF
from tools import soak

NAME = f"flood-{os.getpid()}"
RATE = 10_000  # messages a second
SLICE = 0.005  # s between two bursts
SYSEX = 10_000_000  # bytes
FRAGMENT = 4_096  # bytes of it in a period of JACK
TEMPO, PULSES = 300, 24  # bpm, clocks in a beat
SENSING = 0.3  # s
CHORD, LOWEST = 60, 24  # notes, key
GROWTH, MOST = 24.0, 20  # MB (RtMidi keeps the memory of the longest message), warnings
SETTLED = 60.0  # s in which everything has to be over
ANSWERED, PHRASES = 15.0, 4  # s for a response; phrases that may get none, because their notes were lost
PHRASE = (60, 64, 67, 72)
QUEUE = 1 << 18  # messages
LINKED = 0.5  # s until a port is connected


class Keyboard:
    """An output that sends any bytes."""

    def __init__(self) -> None:
        rtmidi = rtmidi_binding.load()
        self._port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "Keyboard")
        self._port.open_virtual_port("port")

    def send(self, *data: int) -> None:
        self._port.send_message(list(data))

    def release(self) -> None:
        """End a system exclusive message that was begun, and lift all keys and pedals."""
        self.send(0xF7)
        for channel in range(16):
            for control in (123, 121):
                self.send(0xB0 | channel, control, 0)

    def play(self, apart: float = 0.15) -> None:
        """A phrase."""
        for pitch in PHRASE:
            self.send(0x90, pitch, 80)
            time.sleep(apart)
            self.send(0x80, pitch, 0)

    def close(self) -> None:
        self._port.close_port()
        self._port.delete()


def at_rate(seconds: float, rate: float, send: Callable[[], None]) -> None:
    """Call `send` so often."""
    start, sent = time.monotonic(), 0
    while (passed := time.monotonic() - start) < seconds:
        for _ in range(round(passed * rate) - sent):
            send()
            sent += 1
        time.sleep(SLICE)
    print(f"  {sent} messages, {sent / seconds:.0f} a second", flush=True)


def flood_random(keyboard: Keyboard, seconds: float) -> None:
    draws = random.Random(1)

    def send() -> None:
        first, *rest = draws.randbytes(draws.choice([1, 2, 3, 3, 3]))
        keyboard.send(first | 0x80 if draws.random() < 0.8 else first, *rest)

    at_rate(seconds, RATE, send)


def flood_running(keyboard: Keyboard, seconds: float) -> None:
    draws = random.Random(1)
    keyboard.send(0x90, 60, 64)
    at_rate(seconds, RATE, lambda: keyboard.send(draws.randrange(128), draws.choice([0, 64])))


def flood_sysex(_: Keyboard, __: float) -> None:
    import jack

    left = 0
    client = jack.Client("Bulk")
    port = client.midi_outports.register("out")

    @client.set_process_callback  # type: ignore[untyped-decorator]  # JACK-Client has no types
    def process(_: int) -> None:
        nonlocal left
        port.clear_buffer()
        if left > 0:
            data = bytes([0xF0 if left == SYSEX else 0x55]) + bytes([0x55]) * (FRAGMENT - 1)
            left -= FRAGMENT
            port.write_midi_event(0, data if left > 0 else data[:-1] + b"\xf7")

    with client:
        client.connect(port, client.get_ports("livegen.*in:", is_midi=True, is_input=True)[0])
        left, start = SYSEX, time.monotonic()
        while left > 0 and time.monotonic() < start + SETTLED:
            time.sleep(0.05)
        print(f"  {SYSEX - max(0, left)} bytes in {time.monotonic() - start:.1f} s", flush=True)
    client.close()


def flood_clock(keyboard: Keyboard, seconds: float) -> None:
    ticks = iter(range(10**9))

    def send() -> None:
        tick = next(ticks)
        keyboard.send(0xF8)
        if tick % round(SENSING * TEMPO * PULSES / 60) == 0:
            keyboard.send(0xFE)
        if tick % (PULSES // 2) in (0, 5):
            keyboard.send(0x90 if tick % (PULSES // 2) == 0 else 0x80, 60 + tick // PULSES % 12, 64)

    at_rate(seconds, TEMPO * PULSES / 60, send)


def flood_chords(keyboard: Keyboard, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for status in (0x90, 0x80):
            for key in range(LOWEST, LOWEST + CHORD):
                keyboard.send(status, key, 64)
            time.sleep(0.1)


FLOODS = {
    "random": flood_random,
    "running": flood_running,
    "sysex": flood_sysex,
    "clock": flood_clock,
    "chords": flood_chords,
}


@contextmanager
def server(*options: str, period: int = 64) -> Iterator[None]:
    """A JACK server without a sound card, which livegen and we use from now on."""
    name = f"{NAME}-{period}{''.join(options)}"
    os.environ.update({**soak.SERVER, "JACK_DEFAULT_SERVER": name})
    words = ["jackd", "-R", "-P70", *options, "-n", name, "-d", "dummy", "-r", "48000", "-p", str(period)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  (constants)
    try:
        deadline = time.monotonic() + SETTLED
        while subprocess.run(["jack_lsp"], capture_output=True, check=False).returncode != 0:  # noqa: S607  (found in PATH)
            if time.monotonic() > deadline:
                raise SystemExit("jackd does not start")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def wait(condition: Callable[[], Any], seconds: float = SETTLED) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class Instrument:
    """An input that counts what it hears. No Python runs on JACK's thread: that would lose messages here."""

    def __init__(self) -> None:
        import rtmidi

        self.struck = 0
        self.sounding: set[tuple[int, int]] = set()  # channel and key
        self._port = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "Instrument", queue_size_limit=QUEUE)
        self._port.open_virtual_port("port")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)  # also if livegen does not start
        self._thread.start()

    def _listen(self) -> None:
        while not self._closing.wait(SLICE):
            while (found := self._port.get_message()) is not None:
                self._hear(*found[0][:3])

    def _hear(self, status: int, key: int = 0, value: int = 0) -> None:
        kind, channel = status & 0xF0, status & 0x0F
        if kind == 0x90 and value:
            self.struck += 1
            self.sounding.add((channel, key))
        elif kind in (0x80, 0x90):
            self.sounding.discard((channel, key))
        elif kind == 0xB0 and key in NOTES_OFF:
            self.sounding = {sounding for sounding in self.sounding if sounding[0] != channel}

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._port.close_port()
        self._port.delete()


@contextmanager
def playing(*words: str) -> Iterator[tuple[Keyboard, Instrument, Client]]:
    """A livegen between a keyboard and an instrument."""
    keyboard, instrument = Keyboard(), Instrument()
    livegen = soak.Livegen("--name", NAME, "--in", "Keyboard", "--out", "Instrument", "--silence", "0.7", *words)
    try:
        with Client(NAME) as client:
            yield keyboard, instrument, client
        livegen.process.terminate()
        if status := livegen.process.wait(SETTLED):
            raise SystemExit(f"livegen ended with {status}: {livegen.lines[-3:]}")
    finally:
        livegen.process.kill()
        keyboard.close()
        instrument.close()


def answers(keyboard: Keyboard, client: Client) -> float | None:
    """Play a phrase. Returns the seconds to the response, or None if none comes."""
    keyboard.play()
    start = time.monotonic()
    while (left := start + ANSWERED - time.monotonic()) > 0:
        events = client.pending(left)
        if events is None:
            return None
        if any(event["event"] == "response" for event in events):
            return time.monotonic() - start
    return None


def memory(client: Client) -> float:
    return float(client.ask("status")["memory_mb"])


def check(kind: str, seconds: float) -> list[str]:
    """One flood. Returns what went wrong."""
    with playing("--thru", "on") as (keyboard, instrument, client):
        client.subscribe("log", "response")
        first = answers(keyboard, client)
        before = memory(client)
        FLOODS[kind](keyboard, seconds)
        began = time.monotonic()
        keyboard.release()
        phrases, response = 0, None
        while response is None and phrases < PHRASES:
            phrases, response = phrases + 1, answers(keyboard, client)
        recovered = time.monotonic() - began
        keyboard.play()  # which ends the response
        keyboard.release()
        silent = wait(lambda: not instrument.sounding)
        grown = memory(client) - before
        warnings = [event["text"] for event in client.pending(0) or () if event.get("level") == "warning"]
    print(
        f"  answers phrase {phrases} after {recovered:.1f} s ({response or 0:.1f} s after it; before: {first or 0:.1f})"
    )
    print(f"  {grown:+.1f} MB, {len(warnings)} warnings, {len(instrument.sounding)} notes hang", flush=True)
    wrong = [] if silent else [f"{sorted(instrument.sounding)} hang"]
    wrong += [] if response is not None else ["no response"]
    wrong += [f"{grown:.1f} MB more"] if grown > GROWTH else []
    return wrong + ([f"{len(warnings)} warnings, such as {warnings[0]}"] if len(warnings) > MOST else [])


def lost(chord: int, times: int) -> None:
    """Play chords through livegen. Prints what it received, sent, and what arrived."""
    with playing("--thru", "on") as (keyboard, instrument, client):
        client.subscribe("midi")
        counts = {"in": 0, "out": 0}
        for number in range(times):
            for status in (0x90, 0x80):
                for key in range(LOWEST, LOWEST + chord):
                    keyboard.send(status, key, 64)
                time.sleep(0.05)
            while events := client.pending(0 if number < times - 1 else LINKED):
                for event in events:
                    counts[event["direction"]] += event["bytes"][0] == 0x90 and event["bytes"][2] > 0
        sent = chord * times
        print(
            f"  chords of {chord}: of {sent} notes livegen received {counts['in']} and sent {counts['out']},", end=" "
        )
        print(f"{instrument.struck} arrived", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("kinds", nargs="*", choices=(*FLOODS, "lost"), default=[*FLOODS])
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        for kind in given.kinds:
            print(kind, flush=True)
            if kind == "lost":
                for options in (("-S",), ()):
                    with server(*options):
                        print(f"  {'synchronous' if options else 'asynchronous'}:")
                        for chord in (15, 30):
                            lost(chord, 100)
                continue
            with server("-S"):
                for wrong in check(kind, given.seconds):
                    failed = 1
                    print(f"  WRONG: {wrong}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
