"""Continues the last notes of a MIDI file with the tutorial's model.

    python -m livegen.training.tutorial runs/tutorial livegen/demo/1-bach.mid -o on.mid

The output has a track of the notes that the model read and a track of the notes that it added. All have the same
velocity, because the model has none.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pretty_midi
from numpy.typing import NDArray

from livegen.cli.runner import COUNT, PATH, SEED, Numeric, midi_out, module
from livegen.config.values import Number
from livegen.errors import ConfigError, DataError
from livegen.files import drafted, unwritable
from livegen.note import INSTANT
from livegen.training.data import read_notes
from livegen.training.tutorial.model import TEMPERATURE, VELOCITY, continue_notes
from livegen.training.tutorial.train import columns, load

TICKS_PER_BEAT = 960  # at 120 beats per minute, so that INSTANT is at least one tick


def to_midi(parts: dict[str, NDArray[np.float64]]) -> pretty_midi.PrettyMIDI:
    """A file with a track for each part, one part after the other.

    Args:
        parts: by track name, notes of shape (n, 3): pitch, step [s] and duration [s].
    """
    midi, start = pretty_midi.PrettyMIDI(resolution=TICKS_PER_BEAT), 0.0
    for name, notes in parts.items():
        track = pretty_midi.Instrument(0, name=name)
        for pitch, step, duration in notes.tolist():
            start += step
            track.notes.append(pretty_midi.Note(VELOCITY, int(pitch), start, start + max(duration, INSTANT)))
        midi.instruments.append(track)
    return midi


@click.command()
@click.argument("run", type=PATH)
@click.argument("file", type=PATH)
@midi_out
@click.option("--notes", type=COUNT, default=120, show_default=True)
@click.option(
    "--temperature",
    type=Numeric(Number(0, low_open=True)),
    default=TEMPERATURE,
    show_default=True,
    help="Sampling temperature of the pitch.",
)
@click.option("--seed", type=SEED, default=42, show_default=True)
@click.option("--raw-pitch", is_flag=True, help="Reproduce the tutorial's bug with unscaled pitches.")
def main(run: Path, file: Path, out: Path, notes: int, temperature: float, seed: int, *, raw_pitch: bool) -> None:
    """Continue the last notes of a MIDI file with the tutorial's model.

    RUN is the folder of a run of livegen train --preset tutorial.
    """
    if out.resolve() == file.resolve():
        raise ConfigError(f"{out}: input and output are the same file. Choose another file with --out.")
    model, recipe = load(run)
    read = columns(read_notes(file))[-recipe.window :]
    if len(read) < recipe.window:
        raise DataError(f"{file}: has {len(read)} notes; the model needs {recipe.window}.")
    random = np.random.default_rng(seed)
    (added,) = continue_notes(model, read[np.newaxis], notes, temperature, random, raw_pitch=raw_pitch)
    read[0, 1] = 0.0  # the file starts with the first note
    try:
        with drafted(out) as draft:
            to_midi({"call": read, "response": added}).write(str(draft))
    except OSError as error:
        raise unwritable(out, error) from error
    click.echo(f"{out}: {len(added)} notes after {len(read)}")


if __name__ == "__main__":
    module(main, "livegen.training.tutorial")
