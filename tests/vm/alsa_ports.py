"""A keyboard over the ALSA sequencer that comes and goes. For root on a machine with snd-virmidi: see scripts/test-vm.

Unbinding the driver takes the sequencer's ports away, as unplugging a USB keyboard does. Prints what it measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

DRIVER = Path("/sys/bus/platform/drivers/snd_virmidi")
CYCLES = 3
PATIENCE = 200.0  # s: an emulated machine is slow

lines: list[tuple[float, str]] = []


def read(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        print(f"    {line}", end="", flush=True)
        lines.append((time.monotonic(), line))


def said(text: str, after: float) -> float:
    """Wait until the log says it. Returns the seconds that this took."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for at, line in lines.copy():
            if at >= after and text in line:
                return at - after
        time.sleep(0.01)
    raise SystemExit(f"FAILED: the log does not say {text!r}")


def switch(what: str) -> float:
    start = time.monotonic()
    (DRIVER / what).write_text("snd_virmidi.0")
    return start


def play() -> None:
    for message in ("90 3C 64", "80 3C 00", "90 40 64", "80 40 00"):
        subprocess.run(["amidi", "-p", "hw:1,0", "-S", message], check=True)
        time.sleep(0.1)


def main() -> None:
    switch("unbind")
    words = ["--in", "VirMIDI 1-0", "--out", "synth:", "--audio-driver", "file", "--wait", "on", "--backend", "alsa"]
    process = subprocess.Popen(
        [sys.executable, "-m", "livegen", *words], stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    start = time.monotonic()
    threading.Thread(target=read, args=(process,), daemon=True).start()
    said("Waiting for VirMIDI 1-0.", start)
    for number in range(CYCLES):
        back = said("in:  Virtual Raw MIDI 1-0", switch("bind"))
        time.sleep(0.5)
        start = time.monotonic()
        play()
        answered = said("answered", start)
        gone = said("is gone", switch("unbind"))
        print(f"cycle {number + 1}: back {back:.2f} s, answered {answered:.1f} s, gone {gone:.2f} s", flush=True)
    process.terminate()
    assert process.wait(PATIENCE) == 0
    switch("bind")
    print("PASSED")


if __name__ == "__main__":
    main()
