"""Let the tutorial's model play on after the last notes of a MIDI file.

    python -m livegen.training.tutorial runs/tutorial livegen/demo/1-bach.mid -o on.mid

The file holds what it read and what it adds, on a track each, all at one velocity: the model knows of no other.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pretty_midi
from numpy.typing import NDArray

from livegen.cli.runner import PATH, Number, midi_out, module
from livegen.errors import ConfigError, DataError
from livegen.files import drafted, unwritable
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


@click.command()
@click.argument("run", type=PATH)
@click.argument("file", type=PATH)
@midi_out
@click.option("--notes", type=click.IntRange(min=1), default=120, show_default=True)
@click.option(
    "--temperature",
    type=Number(min=0, min_open=True),
    default=TEMPERATURE,
    show_default=True,
    help="Of the pitch.",
)
@click.option("--seed", type=click.IntRange(min=0), default=42, show_default=True)
@click.option("--raw-pitch", is_flag=True, help="As the tutorial does it by mistake.")
def main(run: Path, file: Path, out: Path, notes: int, temperature: float, seed: int, *, raw_pitch: bool) -> None:
    """Let the tutorial's model play on after the last notes of a MIDI file.

    RUN is the folder that livegen train --preset tutorial wrote.
    """
    if out.resolve() == file.resolve():
        raise ConfigError(f"{out} is the file to go on from. Name another one to write.")
    model, recipe = load(run)
    read = columns(read_notes(file))[-recipe.window :]
    if len(read) < recipe.window:
        raise DataError(f"{file}: it has {len(read)} notes, and the model reads {recipe.window}.")
    random = np.random.default_rng(seed)
    (added,) = continue_notes(model, read[np.newaxis], notes, temperature, random, raw_pitch=raw_pitch)
    read[0, 1] = 0.0  # the first note read begins the file
    try:
        with drafted(out) as draft:
            to_midi({"call": read, "response": added}).write(str(draft))
    except OSError as error:
        raise unwritable(out, error) from error
    click.echo(f"{out}: {len(added)} notes after {len(read)}")


if __name__ == "__main__":
    module(main, "livegen.training.tutorial")
