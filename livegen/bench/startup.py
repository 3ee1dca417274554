"""The time until the daemon is ready, and its memory, with FluidSynth loaded."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mido
from mido import Message

from livegen.bench.apart import apart
from livegen.bench.client import keyboard
from livegen.bench.figures import MissingError, Report, Row, Spread, Target
from livegen.bench.launched import Launched, Memory
from livegen.config.settings import Settings
from livegen.engine import card

READY = Target("<", 0.7)  # s
MEMORY = Target("<", 120)  # MB

KEY = 0.08  # s, of each note of the call
CALL = [Message(kind, note=note) for note in (60, 64, 67, 72, 67) for kind in ("note_on", "note_off")]
AFTERWARDS = 45.0  # s until the last note of the file, so that it does not end before the response


@dataclass(frozen=True, slots=True)
class Startup:
    ready: Spread  # s
    memory_ready: Memory
    memory_response: Memory  # after the first response


def measure(settings: Settings, starts: int, *, jack: bool) -> Startup:
    """Start the daemon `starts` times, and play a call the last time."""
    model = str(card.find(settings.model).folder.resolve())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port: Any = None
        if jack:
            name, port = stack.enter_context(keyboard())
            words = ["--backend", "jack", "--in", f"port:{name}", "--audio-driver", "jack"]
        else:
            words = ["--in", str(_written(folder)), "--audio-driver", "file"]
        words += ["--out", "synth:", "--gain", "0", "--model", model, "--device", settings.device]
        words += ["--soundfont", str(Path(settings.soundfont).absolute())] if settings.soundfont else []
        words += ["--response-min", "0.5", "--response-max", "1"]
        seconds: list[float] = []
        for _ in range(starts - 1):
            with Launched(*words, folder=folder) as daemon:
                seconds.append(daemon.seconds)
        with Launched(*words, folder=folder) as daemon:
            seconds.append(daemon.seconds)
            memory = daemon.memory()
            for message in CALL if port is not None else []:
                port.send(message)
                time.sleep(KEY)
            daemon.wait_for("answered")
            return Startup(Spread.of(seconds), memory, daemon.memory())


def _written(folder: Path) -> Path:
    """Write the call to a file, which needs no MIDI system."""
    midi = mido.MidiFile(ticks_per_beat=1000)  # at 120 beats per minute, 2000 ticks are a second
    later = Message("note_on", note=60, time=round(AFTERWARDS * 2000))
    midi.tracks.append(mido.MidiTrack([*(message.copy(time=round(KEY * 2000)) for message in CALL), later]))
    midi.save(folder / "call.mid")
    return folder / "call.mid"


def measure_all(settings: Settings, starts: int, report: Report, *, jack: bool) -> list[Row]:
    """A row for the time [s], and rows for the memory [MB]."""
    report("start and memory")
    try:
        startup = apart(measure, settings, starts, jack=jack)
    except MissingError as error:
        return [Row("ready", "Start until ready", remark=str(error))]
    sound = f"with FluidSynth's audio driver {'jack' if jack else 'file'}"
    return [
        Row("ready", "Start until ready [s]", startup.ready.values("p50", "max"), {"p50": READY}, sound),
        _memory("memory_ready", "Memory when ready [MB]", startup.memory_ready),
        _memory("memory_response", "Memory after a response [MB]", startup.memory_response),
    ]


def _memory(key: str, label: str, memory: Memory) -> Row:
    shared = f"without {memory.shared:.0f} MB shared with the JACK server" if memory.shared > 1 else ""
    return Row(key, label, {"p50": memory.own}, {"p50": MEMORY}, shared)
