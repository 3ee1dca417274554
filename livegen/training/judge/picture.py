"""Draw how a piece goes on after its first 25 notes, and how the model, a looped prompt and the tutorial's model do.

python -m livegen.training.judge.picture livegen/demo/1-bach.mid -o docs/continuations.png [--tutorial runs/tutorial]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from livegen.config import Settings
from livegen.data import plots
from livegen.data.midi import FIELDS, MidiFile, Track
from livegen.engine import card
from livegen.engine.sampling import Sampling
from livegen.errors import DataError, LivegenError
from livegen.note import WINDOW
from livegen.training.data import DURATION, PITCH, STEP, VELOCITY, Notes, read_notes
from livegen.training.judge.continuations import LOOP, Player, Prompt, model


def rolls(path: Path, players: Sequence[Player], seed: int) -> list[MidiFile]:
    """A piece, and its first 25 notes as each player goes on: each with a track for the call and one for the reply.

    Raises:
        DataError: the piece cannot be read, or is too short.
    """
    notes = read_notes(path)
    if len(notes) <= WINDOW:
        raise DataError(f"{path}: it has {len(notes)} notes, and a call and its reply need more than {WINDOW}.")
    prompt, truth = notes[:WINDOW], notes[WINDOW:]
    prompts = [Prompt(path.name, prompt, truth)]
    replies = {player.name: player.play(prompts, seed, lambda _: None)[0] for player in players}
    return [_file(name, prompt, reply) for name, reply in {path.stem: truth, **replies}.items()]


def _file(name: str, call: Notes, reply: Notes) -> MidiFile:
    both = np.concatenate([call, reply])
    table = np.zeros(len(both), FIELDS)
    for field, column in (("pitch", PITCH), ("step", STEP), ("duration", DURATION), ("velocity", VELOCITY)):
        table[field] = both[:, column]
    table["start"] = np.cumsum(table["step"]) - table["step"][0]
    table["end"] = table["start"] + table["duration"]
    table["track"] = np.arange(len(both)) >= len(call)
    tracks = [
        Track(part, "Acoustic Grand Piano", drums=False, notes=len(notes), presses=0, held=0.0)
        for part, notes in (("call", call), ("reply", reply))
    ]
    return MidiFile(Path(name), float(table["end"].max()), tuple(tracks), table)


def main(given: Sequence[str] | None = None) -> None:
    settings = Settings()
    parser = argparse.ArgumentParser(description="Draw how players go on after a piece's first 25 notes.")
    parser.add_argument("file", type=Path, help="a MIDI file")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the picture, PNG or SVG")
    parser.add_argument("--model", default=settings.model, help="a name or a folder")
    parser.add_argument("--tutorial", metavar="RUN", type=Path, help="a run of the preset tutorial, drawn too")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(given)
    sampling = Sampling(settings.temperature, settings.top_p, settings.min_p)
    try:
        players: list[Player] = [model(card.find(arguments.model), sampling), LOOP]
        if arguments.tutorial is not None:
            from livegen.training.tutorial.player import TutorialPlayer  # needs TensorFlow, and the rest does not

            players.append(TutorialPlayer(arguments.tutorial))
        plots.save(plots.roll(rolls(arguments.file, players, arguments.seed)), arguments.out)
    except LivegenError as error:
        parser.exit(error.exit_code, f"{error}\n")
    print(f"{arguments.out} is drawn.")


if __name__ == "__main__":
    main()
