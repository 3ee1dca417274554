"""Keyboards over the ALSA sequencer that come and go. For root on a machine with snd-virmidi: see scripts/test-vm.

Unbinding the driver takes the sequencer's ports away, as unplugging a USB keyboard does. Prints what it measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import alsa_midi

DRIVER = Path("/sys/bus/platform/drivers/snd_virmidi")
VIRMIDI = "VirMIDI 1-0"
CYCLES = 3
PATIENCE = 600.0  # s: an emulated machine is slow, and the real one may be busy
FOLDER = tempfile.gettempdir()
ENVIRONMENT = {**os.environ, "XDG_RUNTIME_DIR": FOLDER, "XDG_STATE_HOME": FOLDER}


class Livegen:
    """A daemon and its log."""

    def __init__(self, *words: str) -> None:
        self.lines: list[tuple[float, str]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "livegen", "--backend", "alsa", "--wait", "on", *words],
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.says("Ready", 0)

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            print(f"    {line}", end="", flush=True)
            self.lines.append((time.monotonic(), line))

    def says(self, text: str, after: int) -> float:
        """When a line with this text came, after so many other lines."""
        until(lambda: any(text in line for _, line in self.lines[after:]), f"the log says {text!r}")
        return next(at for at, line in self.lines[after:] if text in line)

    def stop(self) -> None:
        self._process.terminate()
        assert self._process.wait(PATIENCE) == 0, "it did not end well"


class Program:
    """A program with one port, as a software synth or a keyboard with a driver of its own."""

    def __init__(self, name: str, *, keyboard: bool) -> None:
        self._client = alsa_midi.SequencerClient(name)
        caps = alsa_midi.PortCaps.READ | alsa_midi.PortCaps.SUBS_READ
        if not keyboard:
            caps = alsa_midi.PortCaps.WRITE | alsa_midi.PortCaps.SUBS_WRITE
        self._port = self._client.create_port("port", caps=caps)
        self.heard: list[alsa_midi.Event] = []
        if not keyboard:
            threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            event = self._client.event_input(timeout=0.5)
            if event is not None:
                self.heard.append(event)

    def key(self, note: int, velocity: int) -> None:
        self._client.event_output(alsa_midi.NoteOnEvent(note=note, velocity=velocity), port=self._port)
        self._client.drain_output()

    @property
    def sounding(self) -> set[int]:
        notes: set[int] = set()
        for event in self.heard.copy():
            if isinstance(event, alsa_midi.NoteOnEvent) and event.velocity > 0:
                notes.add(event.note)
            elif isinstance(event, alsa_midi.NoteOnEvent | alsa_midi.NoteOffEvent):
                notes.discard(event.note)
        return notes

    def close(self) -> None:
        self._client.close()


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"FAILED: {what}")
        time.sleep(0.01)


def virmidi(what: str) -> float:
    """Bind or unbind the driver: the keyboard comes or goes. Returns when it was done."""
    (DRIVER / what).write_text("snd_virmidi.0")
    return time.monotonic()


def press(message: str) -> None:
    subprocess.run(["amidi", "-p", "hw:1,0", "-S", message], check=True)


def comes_and_goes() -> None:
    """A keyboard that is missing at the start comes, is answered, and goes with a key held, several times."""
    virmidi("unbind")
    synth = Program("Synth", keyboard=False)
    livegen = Livegen("--in", VIRMIDI, "--out", "Synth", "--thru", "on")
    livegen.says(f"Waiting for {VIRMIDI}", 0)
    for number in range(CYCLES):
        before = len(livegen.lines)
        bound = virmidi("bind")
        back = livegen.says("in:  Virtual Raw MIDI 1-0", before) - bound
        for message in ("90 3C 64", "80 3C 00", "90 40 64", "80 40 00"):
            press(message)
        livegen.says("answered", before)
        until(lambda: not synth.sounding, "the response ends")
        press("90 43 64")
        until(lambda: synth.sounding == {0x43}, "a held key")
        unbound = virmidi("unbind")
        gone = livegen.says("is gone", before) - unbound
        until(lambda: not synth.sounding, "the held key ends")
        print(f"cycle {number + 1}: back {back:.2f} s, gone {gone:.2f} s, the held key ended", flush=True)
    livegen.stop()
    virmidi("bind")


def two_of_one_name() -> None:
    """Two keyboards of one name come back in the other order, as other clients."""
    synth = Program("Synth Two", keyboard=False)
    keyboards = [Program("Keystation", keyboard=True) for _ in range(2)]
    names = [f"Keystation:port {keyboard._client.client_id}:0" for keyboard in keyboards]
    livegen = Livegen("--in", names[0], "--in", names[1], "--out", "Synth Two", "--thru", "on")
    before = len(livegen.lines)
    for keyboard in keyboards:
        keyboard.close()
    until(lambda: sum("is gone" in line for _, line in livegen.lines[before:]) == 2, "both are gone")
    before = len(livegen.lines)
    again = [Program("Keystation", keyboard=True) for _ in range(2)]
    until(lambda: sum("in:  Keystation" in line for _, line in livegen.lines[before:]) == 2, "both are back")
    for note, keyboard in zip((98, 99), again, strict=True):
        keyboard.key(note, 80)
        until(lambda note=note: note in synth.sounding, "a key of each")
        keyboard.key(note, 0)
    until(lambda: not {98, 99} & synth.sounding, "both keys end")
    print("two keyboards of one name: both are back, and both are heard", flush=True)
    livegen.stop()


def changes() -> None:
    """An output is added and removed while a key is held: it ends there, and stays down where nothing changes."""
    synths = [Program(name, keyboard=False) for name in ("Synth Three", "Synth Four")]
    livegen = Livegen("--in", VIRMIDI, "--out", "Synth Three", "--thru", "on")

    def set_out(value: str) -> None:
        words = [sys.executable, "-m", "livegen", "set", "out", value]
        subprocess.run(words, check=True, env=ENVIRONMENT)

    set_out("Synth Three;Synth Four")
    press("90 3C 64")
    until(lambda: all(synth.sounding == {0x3C} for synth in synths), "a held key on both")
    set_out("Synth Three")
    until(lambda: not synths[1].sounding, "the key ends on the output that goes")
    assert synths[0].sounding == {0x3C}, "the key was cut where nothing changed"
    press("80 3C 00")
    until(lambda: not synths[0].sounding, "the key ends")
    print("a change of outputs: the held key ended only where it had to", flush=True)
    livegen.stop()


if __name__ == "__main__":
    for part in (comes_and_goes, two_of_one_name, changes):
        part()
    print("PASSED")
