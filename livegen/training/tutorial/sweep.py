"""Look for a better learning rate, width and window of the preset tutorial, with Optuna.

    python -m livegen.training.tutorial.sweep --data data/maestro-v2.0.0 --out sweeps/tutorial --trials 20

A trial trains on the files but those held out, and is judged by the loss on these. Each has a run's folder below --out.
The same command goes on with a sweep that was stopped, and with the trial that it was in; with more --trials it goes
further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import optuna
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import TrialState

from livegen.cli.runner import PATH, module
from livegen.errors import DataError
from livegen.training import Tell
from livegen.training.corpus import Piece, hashes, hold_out, read_folder
from livegen.training.run import HASHES, make
from livegen.training.tutorial.train import TutorialRecipe, dataset, train

JOURNAL = "trials.log"


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """What a trial tries: fields of `TutorialRecipe`."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 5e-4, 2e-2, log=True),
        "units": trial.suggest_categorical("units", [64, 128, 256]),
        "window": trial.suggest_categorical("window", [25, 50, 100]),
    }


def named(tried: Mapping[str, Any]) -> str:
    """What the folder of a trial's run is called."""
    return "_".join(f"{name}={value:.5g}" for name, value in sorted(tried.items()))


def sweep(
    pieces: Sequence[Piece], out: Path, trials: int, epochs: int, seed: int = 1, tell: Tell = print
) -> optuna.Study:
    """Go on until so many trials are done.

    Args:
        pieces: some of them are held out.
        out: the folder of the sweep.
        trials: in all, those done before included.
        epochs: of each, at most.
        seed: of what is tried.
        tell: takes what happens, a line at a time.

    Raises:
        ConfigError: the folder cannot be made.
        DataError: the pieces are too short, or another sweep lies there.
    """
    kept, held = hold_out(pieces)
    make(out)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(out / JOURNAL)))
    study = optuna.create_study(study_name="tutorial", storage=storage, direction="minimize", load_if_exists=True)
    ours = {"epochs": epochs, HASHES: hashes(pieces)}
    if study.user_attrs.get("recipe", ours) != ours:
        raise DataError(f"{out}: a sweep of other files or --epochs lies here. Name a new folder with --out.")
    study.set_user_attr("recipe", ours)
    if kept[0] is held[0]:
        tell("The files are of a single work: trials are judged by what they train on. Take more: --files")
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))  # the same draws would be drawn again

    done = {named(trial.params) for trial in study.get_trials(states=[TrialState.COMPLETE])}
    stopped = {named(trial.params): trial.params for trial in study.trials if trial.params}
    for name, params in stopped.items():
        if name not in done:
            study.enqueue_trial(params)

    def objective(trial: optuna.Trial) -> float:
        tried = suggest(trial)
        tell(f"trial {named(tried)}")
        recipe = TutorialRecipe(files=len(kept), epochs=epochs, **tried)
        model = train(recipe, kept, out / named(tried), tell)
        loss: float = model.evaluate(dataset(held, recipe), verbose=0, return_dict=True)["loss"]
        return loss

    left = trials - len(study.get_trials(states=[TrialState.COMPLETE]))
    study.optimize(objective, n_trials=max(0, left))
    return study


def text(study: optuna.Study) -> str:
    """The trials that are done, the best first."""
    done = sorted(study.get_trials(states=[TrialState.COMPLETE]), key=lambda trial: trial.values[0])
    return "\n".join(["held out  tried", *(f"{trial.values[0]:8.4f}  {named(trial.params)}" for trial in done)])


@click.command()
@click.option("--data", "folder", metavar="DIR", type=PATH, required=True, help="A folder of MIDI files.")
@click.option("--out", metavar="DIR", type=PATH, required=True, help="Where the trials go.")
@click.option("--files", type=click.IntRange(min=1), default=20, show_default=True, help="The first so many.")
@click.option("--trials", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True, help="Of a trial, at most.")
def main(folder: Path, out: Path, files: int, trials: int, epochs: int) -> None:
    """Look for a better learning rate, width and window of the preset tutorial, with Optuna.

    A trial trains on the files but those held out, and is judged by the loss on these. The same command goes on with a
    sweep that was stopped; with more --trials it goes further.
    """
    click.echo(text(sweep(read_folder(folder, files).pieces, out, trials, epochs)))


if __name__ == "__main__":
    module(main, "livegen.training.tutorial.sweep")
