"""Plots calls with the responses that livegen plays to them.

python -m tools.calls livegen/demo/1-bach.mid livegen/demo/6-blues.mid -o docs/calls.png

Each file is a call, which the daemon's own loop answers in virtual time with the default settings. Above each: the
silence between the last onset of the call and the response.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from livegen.bench.intime.jam import answer
from livegen.cli.runner import PATH, SEED, module, picture_out
from livegen.config.settings import DEFAULTS
from livegen.data import midi, plots
from livegen.data.midi import MidiFile
from livegen.engine import card, choose
from livegen.errors import DataError
from livegen.io import notes as reading


def answered(paths: Sequence[Path], seed: int) -> list[MidiFile]:
    """Each call with its response, as the tracks of a file whose name says how long the silence was.

    Raises:
        DataError: a file cannot be read, or gets no response.
    """
    improviser = choose.choose(card.find(DEFAULTS.model), "cpu").improviser()
    files = []
    with TemporaryDirectory() as folder:
        for path in paths:
            call = reading.read(path)
            response = answer(call, improviser, DEFAULTS, seed)
            if not response:
                raise DataError(f"{path}: livegen plays no response to it.")
            silence = response[0].onset - max(note.onset for note in call)
            both = Path(folder, f"{path.stem}: {silence:.2f} s.mid")
            reading.write(both, call, response)
            files.append(midi.read(both))
    return files


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATH)
@picture_out
@click.option("--seed", type=SEED, default=1, show_default=True)
def main(files: tuple[Path, ...], out: Path, seed: int) -> None:
    """Plot calls, each with its response."""
    plots.save(plots.roll(answered(files, seed)), out)
    click.echo(f"wrote {out}")


if __name__ == "__main__":
    module(main, "tools.calls")
