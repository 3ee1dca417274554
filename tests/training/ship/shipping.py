"""What a training run and its data look like, small."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import mido
import numpy as np


def write_piece(path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    midi = mido.MidiFile()
    track = midi.add_track()
    for _ in range(60):
        pitch = int(random.integers(40, 90))
        track.append(mido.Message("note_on", note=pitch, velocity=int(random.integers(1, 128)), time=50))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=int(random.integers(20, 200))))
    midi.save(path)


def amend(recipe: Path, **values: Any) -> None:
    recipe.write_text(json.dumps(json.loads(recipe.read_text()) | values))


def listed(path: Path, *windows: tuple[str, int]) -> str:
    with gzip.open(path, "wt") as table:
        table.write("midi_filename,target\n" + "".join(f"{piece},{target}\n" for piece, target in windows))
    return str(path)
