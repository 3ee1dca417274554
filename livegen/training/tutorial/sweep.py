"""Look for a better learning rate, width and window of the preset tutorial, with Optuna.

    python -m livegen.training.tutorial.sweep --data data/maestro-v2.0.0 --out sweeps/tutorial --trials 20

A trial trains on the files but those held out, and is judged by the loss on these. Each has a run's folder below --out.
The same command goes on with a sweep that was stopped, and with the trial that it was in; with more --trials it goes
further.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import TrialState

from livegen.errors import LivegenError
from livegen.training import Tell
from livegen.training.corpus import Piece, hold_out, read_folder
from livegen.training.tutorial.train import Recipe, dataset, train

JOURNAL = "trials.log"


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """What a trial tries: fields of `Recipe`."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 5e-4, 2e-2, log=True),
        "units": trial.suggest_categorical("units", [64, 128, 256]),
        "window": trial.suggest_categorical("window", [25, 50, 100]),
    }


def folder(tried: Mapping[str, Any]) -> str:
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
        DataError: the pieces are too short.
    """
    kept, held = hold_out(pieces)
    out.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(out / JOURNAL)))
    study = optuna.create_study(study_name="tutorial", storage=storage, direction="minimize", load_if_exists=True)
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))  # the same draws would be drawn again

    done = {folder(trial.params) for trial in study.get_trials(states=[TrialState.COMPLETE])}
    stopped = {folder(trial.params): trial.params for trial in study.trials if trial.params}
    for name, params in stopped.items():
        if name not in done:
            study.enqueue_trial(params)

    def objective(trial: optuna.Trial) -> float:
        tried = suggest(trial)
        tell(f"trial {folder(tried)}")
        recipe = Recipe(files=len(kept), epochs=epochs, **tried)
        model = train(recipe, kept, out / folder(tried), tell)
        loss: float = model.evaluate(dataset(held, recipe), verbose=0, return_dict=True)["loss"]
        return loss

    left = trials - len(study.get_trials(states=[TrialState.COMPLETE]))
    study.optimize(objective, n_trials=max(0, left))
    return study


def text(study: optuna.Study) -> str:
    """The trials that are done, the best first."""
    done = sorted(study.get_trials(states=[TrialState.COMPLETE]), key=lambda trial: trial.values[0])
    return "\n".join(["held out  tried", *(f"{trial.values[0]:8.4f}  {folder(trial.params)}" for trial in done)])


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m livegen.training.tutorial.sweep", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder of MIDI files")
    parser.add_argument("--out", type=Path, required=True, help="where the trials go")
    parser.add_argument("--files", type=int, default=20, help="the first so many")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=10, help="of a trial, at most")
    arguments = parser.parse_args(given)
    try:
        pieces = read_folder(arguments.data, arguments.files).pieces
        print(text(sweep(pieces, arguments.out, arguments.trials, arguments.epochs)))
    except LivegenError as error:
        parser.exit(error.exit_code, f"{error}\n")


if __name__ == "__main__":
    main()
