"""Plots a piece, and how a model, a looped prompt and the tutorial's model continue its first 25 notes.

python -m tools.continuations livegen/demo/1-bach.mid -o docs/continuations.png [--tutorial runs/tutorial]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from livegen.cli.runner import PATH, SEED, module, picture_out, tensorflow
from livegen.config.settings import DEFAULTS
from livegen.data import plots
from livegen.data.midi import FIELDS, MidiFile, Track
from livegen.engine import card
from livegen.errors import DataError
from livegen.note import WINDOW
from livegen.stage.settings import Sampling
from livegen.training.data import DURATION, PITCH, STEP, VELOCITY, Notes, read_notes
from livegen.training.judge.continuations import LOOP, Continuer, Prompt, model


def rolls(path: Path, continuers: Sequence[Continuer], seed: int) -> list[MidiFile]:
    """The piece, and its first 25 notes continued by each continuer, with a track for each of call and continuation.

    Raises:
        DataError: the piece cannot be read, or is too short.
    """
    notes = read_notes(path)
    if len(notes) <= WINDOW:
        raise DataError(f"{path}: has {len(notes)} notes; more than {WINDOW} are needed.")
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
@click.option("--model", "name", default=DEFAULTS.model, show_default=True, help="Name or folder of the model.")
@click.option("--tutorial", metavar="RUN", type=PATH, help="Also plot this run of the preset tutorial.")
@click.option("--seed", type=SEED, default=1, show_default=True)
def main(file: Path, out: Path, name: str, tutorial: Path | None, seed: int) -> None:
    """Plot how models continue a piece after its first 25 notes."""
    sampling = Sampling(DEFAULTS.temperature, DEFAULTS.top_p, DEFAULTS.min_p)
    continuers: list[Continuer] = [model(card.find(name), sampling), LOOP]
    if tutorial is not None:
        with tensorflow():
            from livegen.training.tutorial.continuer import TutorialContinuer

        continuers.append(TutorialContinuer(tutorial))
    plots.save(plots.roll(rolls(file, continuers, seed)), out)
    click.echo(f"wrote {out}")


if __name__ == "__main__":
    module(main, "tools.continuations")
