"""Searches a better learning rate, width and window for the preset tutorial, with Optuna.

    python -m livegen.training.tutorial.sweep --data data/maestro-v2.0.0 --out sweeps/tutorial --trials 20

A trial trains on the files that are not held out, and its result is the held-out loss. Each trial has a run folder
below --out. The same command resumes a sweep that was stopped, including the unfinished trial. With a larger
--trials it adds trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import optuna
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import TrialState

from livegen.cli.runner import COUNT, PATH, module
from livegen.errors import DataError
from livegen.training import Progress
from livegen.training.corpus import Piece, hashes, hold_out, read_folder
from livegen.training.run import HASHES, make
from livegen.training.tutorial.train import TutorialRecipe, dataset, train

JOURNAL = "trials.log"


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """The settings of a trial: fields of `TutorialRecipe`."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 5e-4, 2e-2, log=True),
        "units": trial.suggest_categorical("units", [64, 128, 256]),
        "window": trial.suggest_categorical("window", [25, 50, 100]),
    }


def named(tried: Mapping[str, Any]) -> str:
    """The name of a trial's run folder."""
    return "_".join(f"{name}={value:.5g}" for name, value in sorted(tried.items()))


def sweep(
    pieces: Sequence[Piece], out: Path, trials: int, epochs: int, seed: int = 1, progress: Progress = print
) -> optuna.Study:
    """Run trials until `trials` are complete.

    Args:
        pieces: some of them are held out.
        out: the folder of the sweep.
        trials: total number, including those completed before.
        epochs: maximum number per trial.
        seed: of the suggested settings.
        progress: gets progress messages, one line at a time.

    Raises:
        ConfigError: the folder cannot be created.
        DataError: the pieces are too short, or the folder holds another sweep.
    """
    kept, held = hold_out(pieces)
    make(out)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(out / JOURNAL)))
    study = optuna.create_study(study_name="tutorial", storage=storage, direction="minimize", load_if_exists=True)
    ours = {"epochs": epochs, HASHES: hashes(pieces)}
    if study.user_attrs.get("recipe", ours) != ours:
        raise DataError(f"{out}: contains a sweep with other files or --epochs. Choose another folder with --out.")
    study.set_user_attr("recipe", ours)
    if kept[0] is held[0]:
        progress("All files are of one work, so trials are compared by their training data. Use more files: --files")
    study.sampler = optuna.samplers.TPESampler(
        seed=seed + len(study.trials)
    )  # otherwise the same settings would be suggested again

    done = {named(trial.params) for trial in study.get_trials(states=[TrialState.COMPLETE])}
    stopped = {named(trial.params): trial.params for trial in study.trials if trial.params}
    for name, params in stopped.items():
        if name not in done:
            study.enqueue_trial(params)

    def objective(trial: optuna.Trial) -> float:
        tried = suggest(trial)
        progress(f"trial {named(tried)}")
        recipe = TutorialRecipe(files=len(kept), epochs=epochs, **tried)
        model = train(recipe, kept, out / named(tried), progress)
        loss: float = model.evaluate(dataset(held, recipe), verbose=0, return_dict=True)["loss"]
        return loss

    left = trials - len(study.get_trials(states=[TrialState.COMPLETE]))
    study.optimize(objective, n_trials=max(0, left))
    return study


def text(study: optuna.Study) -> str:
    """The completed trials, best first."""
    done = sorted(study.get_trials(states=[TrialState.COMPLETE]), key=lambda trial: trial.values[0])
    return "\n".join(["held out  tried", *(f"{trial.values[0]:8.4f}  {named(trial.params)}" for trial in done)])


@click.command()
@click.option("--data", "folder", metavar="DIR", type=PATH, required=True, help="A folder of MIDI files.")
@click.option("--out", metavar="DIR", type=PATH, required=True, help="Folder for the trials.")
@click.option("--files", type=COUNT, default=20, show_default=True, help="Use only the first N files.")
@click.option("--trials", type=COUNT, default=20, show_default=True)
@click.option("--epochs", type=COUNT, default=10, show_default=True, help="Maximum number of epochs per trial.")
def main(folder: Path, out: Path, files: int, trials: int, epochs: int) -> None:
    """Searches a better learning rate, width and window for the preset tutorial, with Optuna.

    A trial trains on the files that are not held out, and its result is the held-out loss. The same command resumes a
    sweep that was stopped. With a larger --trials it adds trials.
    """
    click.echo(text(sweep(read_folder(folder, files).pieces, out, trials, epochs)))


if __name__ == "__main__":
    module(main, "livegen.training.tutorial.sweep")
