"""A swung MIDI file as the player: the whole program answers it in time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from mido import Message, MidiFile, MidiTrack

ROOT = Path(__file__).parents[2]
BEAT = 0.6  # s: 100 beats per minute
TICKS = 480  # a quarter note, half a second at mido's default tempo


def save_swung(path: Path) -> float:
    """Four bars, swung 2:1. Returns the time of the last beat."""
    strokes = []
    for beat in range(16):
        for point, length in ((0.0, 0.6), (2 / 3, 0.28)):
            at = (beat + point) * BEAT
            pitch = 60 + (0, 4, 7, 9)[(beat + round(point)) % 4]
            strokes += [(at, "note_on", pitch), (at + length * BEAT, "note_off", pitch)]
    track, now = MidiTrack(), 0
    for at, kind, pitch in sorted(strokes):
        tick = round(at / 0.5 * TICKS)
        track.append(Message(kind, note=pitch, velocity=70, time=tick - now))
        now = tick
    MidiFile(tracks=[track], ticks_per_beat=TICKS).save(path)
    return 15 * BEAT


def test_a_response_to_a_swung_call_swings_with_it(tmp_path: Path) -> None:
    last = save_swung(tmp_path / "call.mid")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIVEGEN_")}
    done = subprocess.run(
        [sys.executable, "-m", "livegen", "--in", "call.mid", "--out", "jam.mid", "--fast", "--seed", "4"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"pulse 100 bpm, 1\.00, swing 2:1", done.stderr), done.stderr
    now, onsets = 0.0, []
    for message in MidiFile(tmp_path / "jam.mid"):
        now += message.time
        if message.type == "note_on" and message.velocity and message.channel == 1:
            onsets.append(now)
    beats = (np.array(onsets) - last) / BEAT
    assert len(onsets) >= 8
    assert abs(beats[0] - round(beats[0])) * BEAT < 0.03
    away = np.abs(beats[:, None] % 1 - np.array([0, 1 / 3, 2 / 3, 1])).min(axis=1) * BEAT
    assert (away < 0.03).mean() >= 0.9
