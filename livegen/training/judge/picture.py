"""Draw how a piece goes on after its first 25 notes, and how the model, a looped prompt and the tutorial's model do.

python -m livegen.training.judge.picture livegen/demo/1-bach.mid -o docs/continuations.png [--tutorial runs/tutorial]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from livegen.cli.runner import PATH, module, picture_out, tensorflow
from livegen.config.settings import Settings
from livegen.data import plots
from livegen.data.midi import FIELDS, MidiFile, Track
from livegen.engine import card
from livegen.engine.sampling import Sampling
from livegen.errors import DataError
from livegen.note import WINDOW
from livegen.training.data import DURATION, PITCH, STEP, VELOCITY, Notes, read_notes
from livegen.training.judge.continuations import LOOP, Continuer, Prompt, model

_DEFAULT = Settings()


def rolls(path: Path, continuers: Sequence[Continuer], seed: int) -> list[MidiFile]:
    """A piece, and its first 25 notes as each continuer goes on: each with a track for the call and one for the response.

    Raises:
        DataError: the piece cannot be read, or is too short.
    """
    notes = read_notes(path)
    if len(notes) <= WINDOW:
        raise DataError(f"{path}: it has {len(notes)} notes, and a call and its response need more than {WINDOW}.")
    prompt, truth = notes[:WINDOW], notes[WINDOW:]
    prompts = [Prompt(path.name, prompt, truth)]
    responses = {
        continuer.name: continuer.continue_prompts(prompts, seed, lambda _: None)[0] for continuer in continuers
    }
    return [_file(name, prompt, response) for name, response in {path.stem: truth, **responses}.items()]


def _file(name: str, call: Notes, response: Notes) -> MidiFile:
    both = np.concatenate([call, response])
    table = np.zeros(len(both), FIELDS)
    for field, column in (("pitch", PITCH), ("step", STEP), ("duration", DURATION), ("velocity", VELOCITY)):
        table[field] = both[:, column]
    table["start"] = np.cumsum(table["step"]) - table["step"][0]
    table["end"] = table["start"] + table["duration"]
    table["track"] = np.arange(len(both)) >= len(call)
    tracks = [
        Track(part, "Acoustic Grand Piano", drums=False, notes=len(notes), presses=0, held=0.0)
        for part, notes in (("call", call), ("response", response))
    ]
    return MidiFile(Path(name), float(table["end"].max()), tuple(tracks), table)


@click.command()
@click.argument("file", type=PATH)
@picture_out
@click.option("--model", "name", default=_DEFAULT.model, show_default=True, help="A name or a folder.")
@click.option("--tutorial", metavar="RUN", type=PATH, help="A run of the preset tutorial, drawn too.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def main(file: Path, out: Path, name: str, tutorial: Path | None, seed: int) -> None:
    """Draw how continuers go on after a piece's first 25 notes."""
    sampling = Sampling(_DEFAULT.temperature, _DEFAULT.top_p, _DEFAULT.min_p)
    continuers: list[Continuer] = [model(card.find(name), sampling), LOOP]
    if tutorial is not None:
        with tensorflow():
            from livegen.training.tutorial.continuer import TutorialContinuer  # and the rest does not need it

        continuers.append(TutorialContinuer(tutorial))
    plots.save(plots.roll(rolls(file, continuers, seed)), out)
    click.echo(f"{out} is drawn.")


if __name__ == "__main__":
    module(main, "livegen.training.judge.picture")
