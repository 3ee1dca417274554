"""Let the tutorial's model play on after the last notes of a MIDI file.

    python -m livegen.training.tutorial runs/tutorial livegen/demo/1-bach.mid -o on.mid

The file holds what it read and what it adds, on a track each, all at one velocity: the model knows of no other.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pretty_midi
from numpy.typing import NDArray

from livegen.errors import DataError, LivegenError
from livegen.note import INSTANT
from livegen.training.data import read_notes
from livegen.training.tutorial.model import TEMPERATURE, VELOCITY, continue_notes
from livegen.training.tutorial.train import columns, load

TICKS_PER_BEAT = 960  # at 120 beats a minute: an instant is a tick at least


def to_midi(parts: dict[str, NDArray[np.float64]]) -> pretty_midi.PrettyMIDI:
    """Notes as (n, 3) of pitch, step [s] and duration [s], one part after the other, each on a track of its name."""
    midi, start = pretty_midi.PrettyMIDI(resolution=TICKS_PER_BEAT), 0.0
    for name, notes in parts.items():
        track = pretty_midi.Instrument(0, name=name)
        for pitch, step, duration in notes.tolist():
            start += step
            track.notes.append(pretty_midi.Note(VELOCITY, int(pitch), start, start + max(duration, INSTANT)))
        midi.instruments.append(track)
    return midi


def play_on(arguments: argparse.Namespace) -> None:
    model, recipe = load(arguments.run)
    notes = columns(read_notes(arguments.file))[-recipe.window :]
    if len(notes) < recipe.window:
        raise DataError(f"{arguments.file}: it has {len(notes)} notes, and the model reads {recipe.window}.")
    random = np.random.default_rng(arguments.seed)
    settings = (arguments.notes, arguments.temperature, random)
    (added,) = continue_notes(model, notes[np.newaxis], *settings, raw_pitch=arguments.raw_pitch)
    notes[0, 1] = 0.0  # the first note read begins the file
    draft = arguments.out.with_name(f".{arguments.out.name}.new")
    try:
        to_midi({"call": notes, "reply": added}).write(str(draft))
        draft.replace(arguments.out)
    except OSError as error:
        raise DataError(f"{arguments.out}: cannot be written ({error.strerror}). Name another file.") from error
    print(f"{arguments.out}: {len(added)} notes after {len(notes)}")


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m livegen.training.tutorial", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="the folder that livegen train --preset tutorial wrote")
    parser.add_argument("file", type=Path, help="the MIDI file whose last notes are read")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the MIDI file to write")
    parser.add_argument("--notes", type=int, default=120)
    parser.add_argument("--temperature", type=float, default=TEMPERATURE, help="of the pitch; the tutorial's is 2")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--raw-pitch", action="store_true", help="as the tutorial does it by mistake")
    arguments = parser.parse_args(given)
    if arguments.notes < 1 or not arguments.temperature > 0:
        parser.error("--notes must be at least 1, and --temperature above 0")
    try:
        play_on(arguments)
    except LivegenError as error:
        parser.exit(error.exit_code, f"{error}\n")


if __name__ == "__main__":
    main()
