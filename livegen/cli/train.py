"""`livegen train` and `livegen export`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livegen.cli.runner import COUNT, FC, PATH, SEED, Numeric, progress, tensorflow
from livegen.config.values import Number
from livegen.errors import ConfigError
from livegen.note import WINDOW

if TYPE_CHECKING:
    from livegen.training.corpus import Corpus

MAX_WEIGHT = 100
Data = Sequence[tuple[Path, int]]
"""Folders and their weights."""


class DataFolder(click.ParamType[tuple[Path, int]]):
    """DIR or DIR:WEIGHT -> (folder, weight). A folder whose name ends in a colon and digits is taken as it is."""

    name = "DIR[:WEIGHT]"

    def convert(
        self, value: str | tuple[Path, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Path, int]:
        if isinstance(value, tuple):
            return value
        folder, colon, weight = value.rpartition(":")
        if not colon or Path(value).is_dir() or not Path(folder).is_dir():
            return Path(value), 1
        if weight not in map(str, range(1, MAX_WEIGHT + 1)):
            self.fail(f"{value}: the weight must be a whole number from 1 to {MAX_WEIGHT}.", param, ctx)
        return Path(folder), int(weight)


def _data(help: str) -> Callable[[FC], FC]:  # noqa: A002  (click's own name)
    return click.option("--data", "data", type=DataFolder(), required=True, multiple=True, help=help)


OPTIONS = {
    "livegen": ("start", "teachers", "steps", "batch", "window", "units", "learning_rate", "warmup", "dropout", "seed"),
    "tutorial": ("files", "epochs", "window", "learning_rate", "seed"),
}
"""Options of each preset, besides --data, --out and --preset."""


@click.command()
@click.option("--preset", type=click.Choice(list(OPTIONS)), default="livegen", show_default=True)
@_data("A folder of MIDI files. With :WEIGHT each of its notes counts that many times (1 to 100). May be repeated.")
@click.option(
    "--out", metavar="DIR", type=PATH, required=True, help="Folder for weights and the log; created if needed."
)
@click.option(
    "--from",
    "start",
    metavar="MODEL",
    help="Start from this model (a name or a folder) instead of random weights.",
)
@click.option(
    "--teacher",
    "teachers",
    metavar="MODEL",
    multiple=True,
    help="Also learn from the predictions of this model (distillation). May be repeated."
    " [fine-tuning: the model of --from]",
)
@click.option(
    "--steps",
    type=COUNT,
    help="Number of batches. [2400; fine-tuning: about three passes over the notes]",
)
@click.option("--batch", type=COUNT, help="Training sequences per batch, over all workers. [192; fine-tuning: 32]")
@click.option("--files", type=COUNT, help="Use only the first N files. [5, as in the tutorial]")
@click.option("--epochs", type=COUNT, help="Maximum number of epochs. [50]")
@click.option("--window", type=COUNT, help="Maximum context length in notes. [40; tutorial: 25]")
@click.option(
    "--units",
    type=COUNT,
    help="Units of each LSTM layer. With --from, a smaller value prunes the model. [448; those of the model]",
)
@click.option(
    "--learning-rate",
    type=Numeric(Number(0, low_open=True)),
    help="Peak learning rate. [0.01; fine-tuning: 0.001; tutorial: 0.005, constant]",
)
@click.option(
    "--warmup",
    type=COUNT,
    help="Steps until the learning rate reaches its peak. [60; fine-tuning: a fifth of --steps]",
)
@click.option(
    "--dropout",
    type=Numeric(Number(0, 1, high_open=True)),
    help="Dropout rate, against overfitting. [0.25; fine-tuning: 0.2]",
)
@click.option("--seed", type=SEED, help="Random seed. [1; tutorial: 42]")
def train(preset: str, data: Data, out: Path, **given: Any) -> None:
    """Train a model on data sets such as MAESTRO, on their train splits, or on any folders of MIDI files.

    To resume a run that was stopped, give the same command again. Ctrl-C stops a run; the best weights so far are kept.
    If TF_CONFIG names several machines, they train the preset livegen together (docs/scaling.md). To play the model:

        livegen export --run DIR --data DIR --out models/mine && livegen --model models/mine

    With --from and less than 500,000 notes, the defaults are those for fine-tuning: see docs/fine-tuning.md.

    The preset tutorial is the model of TensorFlow's tutorial, for comparison: see docs/tutorial.md. Only this preset
    has --files and --epochs. Only the preset livegen has --from, --teacher, --steps, --batch, --units, --warmup and
    --dropout.
    """
    with tensorflow():
        from livegen.training import run

    given = {name: value for name, value in given.items() if value not in (None, ())}
    for name in given.keys() - OPTIONS[preset]:
        option = {"start": "from", "teachers": "teacher"}.get(name, name.replace("_", "-"))
        raise ConfigError(f"--{option} is not supported by the preset {preset}. Remove it, or choose another --preset.")
    fit = _tutorial if preset == "tutorial" else _livegen
    wrote = True
    try:
        wrote = fit(data, out, given)
    except KeyboardInterrupt:
        done = len(run.read_log(out))
        if not done:
            progress("Stopped before the end of the first epoch: nothing was saved.")
            raise
        progress(f"Stopped. The best weights so far are kept. The same command resumes after epoch {done}.")
    if wrote:
        click.echo(f"{out / run.BEST}, {run.draw_curve(out)}")


def _livegen(data: Data, out: Path, given: dict[str, Any]) -> bool:
    """Train. Returns whether this worker writes the run's folder."""
    with tensorflow():
        from livegen.engine import card
        from livegen.training import cluster, corpus, export
        from livegen.training.train import SMALL, Recipe, fine_tuning
        from livegen.training.train import train as fit

    window, units = given.pop("window", None), given.pop("units", None)
    before = card.find(given["start"]) if "start" in given else None
    teachers = [card.find(name) for name in given.get("teachers", ())]
    if window is not None:
        if window < WINDOW:
            raise ConfigError(
                f"--window {window}: the daemon gives a model {WINDOW} notes of context, more than this one would be"
                f" trained on. Choose {WINDOW} or more."
            )
        given["length"] = window + 1
    workers = cluster.join(progress)
    folders, weights = zip(*data, strict=True)
    found = corpus.read_folders(folders, weights=weights)
    notes = _report_data(found)
    small = before is not None and notes < SMALL
    if before is None and notes < SMALL:
        progress("This is little data to train from scratch. To fine-tune an existing model, add --from livegen.")
    if small and before and not teachers:
        teachers = [before]  # so that it does not forget other music
    given["start"] = None if before is None else before.training
    given["teachers"] = tuple(teacher.training for teacher in teachers)
    given["weights"] = found.weights
    recipe = replace(fine_tuning(notes, given.get("steps")) if small else Recipe(), **given)
    epochs = -(-recipe.steps // recipe.epoch)  # all of one length
    epoch = recipe.steps // epochs
    recipe = replace(recipe, epoch=epoch, steps=epochs * epoch, warmup=min(recipe.warmup, recipe.steps))
    first = None if before is None else export.restore(before)
    architecture = recipe.architecture if first is None else first.architecture
    if units is not None:
        if before is not None and units > architecture.units:
            raise ConfigError(
                f"--units {units}: more than the {architecture.units} of {before.name}. Pruning only removes units."
            )
        architecture = replace(architecture, units=units)
    recipe = replace(recipe, architecture=architecture)
    if small:
        steps = f"{recipe.steps} steps of {recipe.batch} sequences, learning rate {recipe.learning_rate:g}"
        progress(f"fine-tuning: {steps}, teacher {' and '.join(teacher.name for teacher in teachers)}")
    if workers.count > 1:
        progress(f"worker {workers.index} of {workers.count}{', writes the run folder' if workers.chief else ''}")
    taught_by = [export.restore(teacher) for teacher in teachers]
    fit(recipe, found.pieces, out, progress if workers.chief else lambda _: None, first, workers, taught_by)
    return workers.chief


def _tutorial(data: Data, out: Path, given: dict[str, Any]) -> bool:
    with tensorflow():
        from livegen.training import cluster, corpus
        from livegen.training.tutorial.train import TutorialRecipe
        from livegen.training.tutorial.train import train as fit

    cluster.alone()
    for folder, weight in data:
        if weight != 1:
            raise ConfigError(f"--data {folder}:{weight}: the preset tutorial does not support weights. Use {folder}.")
    recipe = TutorialRecipe(**given)
    found = corpus.read_folders([folder for folder, _ in data], recipe.files)
    _report_data(found)
    fit(recipe, found.pieces, out, progress)
    return True


def _report_data(found: Corpus) -> int:
    """Report the training data, and return its number of notes."""
    notes = sum(len(piece.notes) for piece in found.pieces)
    more = f"; {len(found.skipped)} more cannot be used" if found.skipped else ""
    count = len(found.pieces)
    progress(f"{found.name}: {count} file{'s' * (count != 1)}, {notes:,} notes{more}")
    for problem in found.skipped:
        progress(f"skipped: {problem}")
    for lost in found.dropped:
        progress(f"damaged: {lost}")
    return notes


@click.command()
@click.option("--run", "run", metavar="DIR", type=PATH, required=True, help="The folder of a training run.")
@_data("The data of the run, as given to livegen train. May be repeated.")
@click.option(
    "--out", metavar="DIR", type=PATH, required=True, help="The model's folder. An existing model in it is replaced."
)
@click.option(
    "--validate",
    "data_sets",
    metavar="DIR",
    type=PATH,
    multiple=True,
    help="A data set with a validation split, such as MAESTRO: evaluate the model on it and store the result in its"
    " card. May be repeated.",
)
@click.option("--windows", metavar="LIST.csv.gz", type=PATH, help="Other windows for --validate.")
def export(run: Path, data: Data, out: Path, data_sets: tuple[Path, ...], windows: Path | None) -> None:
    """Export a training run as a model that the daemon can play."""
    if windows is not None and len(data_sets) != 1:
        raise click.UsageError("--windows is only valid with one --validate.")
    with tensorflow():
        from livegen.training import report, ship

    validations = [ship.Validation.of(folder, windows) for folder in data_sets]
    described = ship.ship(run, [folder for folder, _ in data], out, progress, validations)
    for text in report.of_card(described):
        click.echo(text)
    click.echo(f"{out}: {described.title}. To play it: livegen --model {out}")
