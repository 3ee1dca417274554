"""`livegen train` and `livegen export`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livegen.cli.runner import PATH, Number, tell, tensorflow
from livegen.errors import ConfigError
from livegen.note import WINDOW

if TYPE_CHECKING:
    from livegen.training.corpus import Corpus

_data = click.option(
    "--data",
    "folders",
    metavar="DIR",
    type=PATH,
    required=True,
    multiple=True,
    help="A folder of MIDI files. May be repeated.",
)


OPTIONS = {
    "livegen": ("start", "teachers", "steps", "batch", "window", "units", "learning_rate", "warmup", "dropout", "seed"),
    "tutorial": ("files", "epochs", "window", "learning_rate", "seed"),
}
"""What each preset may be given beside its data."""


@click.command()
@click.option("--preset", type=click.Choice(list(OPTIONS)), default="livegen", show_default=True)
@_data
@click.option("--out", metavar="DIR", type=PATH, required=True, help="Where checkpoints and the log go.")
@click.option("--from", "start", metavar="MODEL", help="A model to go on from: fine-tune it on your playing.")
@click.option(
    "--teacher",
    "teachers",
    metavar="MODEL",
    multiple=True,
    help="A model to learn from, beside the notes. May be repeated: several together know more than each."
    " [fine-tuning: the model it goes on from]",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="How many batches, in epochs of one length. [2400; fine-tuning: three times through]",
)
@click.option("--batch", type=click.IntRange(min=1), help="Crops in each, over all workers. [192; fine-tuning: 32]")
@click.option("--files", type=click.IntRange(min=1), help="Of the data the first so many. [5, as the tutorial]")
@click.option("--epochs", type=click.IntRange(min=1), help="At most so often through all windows. [50]")
@click.option("--window", type=click.IntRange(min=1), help="Notes read, at most, to tell the next. [40; tutorial: 25]")
@click.option(
    "--units",
    type=click.IntRange(min=1),
    help="Width of its LSTM; with --from, at most the model's: the units that say most are kept. [448; the model's]",
)
@click.option(
    "--learning-rate",
    type=Number(min=0, min_open=True),
    help="Its peak. [0.01; fine-tuning: 0.001; tutorial: 0.005 throughout]",
)
@click.option("--warmup", type=click.IntRange(min=1), help="Steps up to it. [60; fine-tuning: a fifth]")
@click.option(
    "--dropout",
    type=Number(0, 1, max_open=True),
    help="Share of features left out, against learning by heart. [0.25; fine-tuning: 0.2]",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Of all draws. [1; tutorial: 42]")
def train(preset: str, folders: Sequence[Path], out: Path, **given: Any) -> None:
    """Train a model on MAESTRO or on any folders of MIDI files.

    The same command goes on with a run that was stopped. Ctrl-C keeps the best weights so far. Where TF_CONFIG names
    several machines, they train the preset livegen together (docs/scaling.md). Then:

        livegen export --run DIR --data DIR --out models/mine && livegen --model models/mine

    Fine-tuning is what --from does on less than 500,000 notes: see docs/fine-tuning.md.

    The preset tutorial is the model of TensorFlow's tutorial, to compare with: see docs/tutorial.md. It takes --files
    and --epochs; the preset livegen takes --from, --teacher, --steps, --batch, --units, --warmup and --dropout.
    """
    with tensorflow():
        from livegen.training import run

    given = {name: value for name, value in given.items() if value not in (None, ())}
    for name in given.keys() - OPTIONS[preset]:
        option = {"start": "from", "teachers": "teacher"}.get(name, name.replace("_", "-"))
        raise ConfigError(f"--{option} says nothing to the preset {preset}. Leave it out, or choose another --preset.")
    fit = _tutorial if preset == "tutorial" else _livegen
    wrote = True
    try:
        wrote = fit(folders, out, given)
    except KeyboardInterrupt:
        done = len(run.read_log(out))
        if not done:
            tell("stopped before the end of the first epoch: there is nothing to go on from.")
            raise
        tell(f"stopped; the best weights so far are kept. The same command goes on from epoch {done}.")
    if wrote:
        click.echo(f"{out / run.BEST}, {run.draw_curve(out)}")


def _livegen(folders: Sequence[Path], out: Path, given: dict[str, Any]) -> bool:
    """Train; returns whether it is this worker that writes the run's folder."""
    with tensorflow():
        from livegen.engine import card
        from livegen.training import cluster, corpus, export
        from livegen.training.train import SMALL, Recipe, fine_tuning
        from livegen.training.train import train as fit

    window, units = given.pop("window", None), given.pop("units", None)
    before = card.find(given["start"]) if "start" in given else None
    masters = [card.find(name) for name in given.get("teachers", ())]
    if window is not None:
        if window < WINDOW:
            raise ConfigError(
                f"--window {window}: the daemon lets a model hear {WINDOW} notes, and one that learnt from fewer would "
                f"not know what to do with them. Choose {WINDOW} or more."
            )
        given["length"] = window + 1
    workers = cluster.join(tell)
    found = corpus.read_folders(folders)
    notes = _tell_of(found)
    small = before is not None and notes < SMALL
    if before is None and notes < SMALL:
        tell("that is little to begin from nothing with: --from livegen goes on from a model that knows music.")
    if small and before and not masters:
        masters = [before]  # so that it keeps what it knows
    given["start"] = None if before is None else before.training
    given["teachers"] = tuple(master.training for master in masters)
    recipe = replace(fine_tuning(notes, given.get("steps")) if small else Recipe(), **given)
    looks = -(-recipe.steps // recipe.epoch)  # epochs are all of one length
    epoch = recipe.steps // looks
    recipe = replace(recipe, epoch=epoch, steps=looks * epoch, warmup=min(recipe.warmup, recipe.steps))
    first = None if before is None else export.restore(before)
    architecture = recipe.architecture if first is None else first.architecture
    if units is not None:
        if before is not None and units > architecture.units:
            raise ConfigError(
                f"--units {units}: {before.name} has {architecture.units}, and goes on with fewer, not more."
            )
        architecture = replace(architecture, units=units)
    recipe = replace(recipe, architecture=architecture)
    if small:
        steps = f"{recipe.steps} steps of {recipe.batch} crops, learning rate {recipe.learning_rate:g}"
        tell(f"fine-tunes: {steps}, taught by {' and '.join(master.name for master in masters)}")
    if workers.count > 1:
        tell(f"worker {workers.index} of {workers.count}{', which writes the run' if workers.chief else ''}")
    teachers = [export.restore(master) for master in masters]
    fit(recipe, found.pieces, out, tell if workers.chief else lambda _: None, first, workers, teachers)
    return workers.chief


def _tutorial(folders: Sequence[Path], out: Path, given: dict[str, Any]) -> bool:
    with tensorflow():
        from livegen.training import cluster, corpus
        from livegen.training.tutorial.train import TutorialRecipe
        from livegen.training.tutorial.train import train as fit

    cluster.alone()

    recipe = TutorialRecipe(**given)
    found = corpus.read_folders(folders, recipe.files)
    _tell_of(found)
    fit(recipe, found.pieces, out, tell)
    return True


def _tell_of(found: Corpus) -> int:
    """Tell what there is to train on, and return how many notes."""
    notes = sum(len(piece.notes) for piece in found.pieces)
    more = f"; {len(found.skipped)} more cannot be used" if found.skipped else ""
    count = len(found.pieces)
    tell(f"{found.name}: {count} file{'s' * (count != 1)}, {notes:,} notes{more}")
    for problem in found.skipped:
        tell(f"skipped: {problem}")
    return notes


@click.command()
@click.option("--run", "run", metavar="DIR", type=PATH, required=True, help="The folder that livegen train wrote.")
@_data
@click.option(
    "--out", metavar="DIR", type=PATH, required=True, help="The model's folder; a model that is there is replaced."
)
@click.option("--validate", "maestro", metavar="DIR", type=PATH, help="MAESTRO, to write figures into the card.")
@click.option("--windows", metavar="LIST.csv.gz", type=PATH, help="Other windows to validate on.")
def export(run: Path, folders: Sequence[Path], out: Path, maestro: Path | None, windows: Path | None) -> None:
    """Make of a training run a model that the daemon plays."""
    with tensorflow():
        from livegen.training import evaluate, report, ship

    validation = None
    if maestro is not None:
        validation = ship.Validation(maestro, evaluate.read_windows(windows or evaluate.WINDOWS))
    described = ship.ship(run, folders, out, tell, validation)
    if described.figures is not None:
        click.echo(report.EvaluationReport(described.name, "the validation split", described.figures, ()).text())
    click.echo(f"{out}: {described.title}. Play it: livegen --model {out}")
