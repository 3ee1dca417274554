"""`livegen train` and `livegen export`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from livegen.commands.shared import PATH, tell, tensorflow
from livegen.quiet import quiet

_data = click.option("--data", "folder", metavar="DIR", type=PATH, required=True, help="A folder of MIDI files.")


@click.command()
@click.option("--preset", type=click.Choice(["livegen"]), default="livegen", show_default=True)
@_data
@click.option("--out", metavar="DIR", type=PATH, required=True, help="Where checkpoints and the log go.")
@click.option(
    "--from", "start", metavar="MODEL", default="", help="A model to go on from: fine-tune it on your playing."
)
@click.option("--steps", type=click.IntRange(min=1), help="How many batches. [1550]")
@click.option("--batch", type=click.IntRange(min=1), help="Crops in each, over all workers. [192]")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Its peak. [0.01]")
@click.option("--warmup", type=click.IntRange(min=1), help="Steps up to it. [60]")
@click.option("--seed", type=int, help="Of all draws. [1]")
def train(preset: str, folder: Path, out: Path, start: str, **given: Any) -> None:  # noqa: ARG001  (there is but one)
    """Train a model on MAESTRO or on any folder of MIDI files.

    The same command goes on with a run that was stopped. Ctrl-C keeps the best weights so far. Where TF_CONFIG names
    several machines, they train together (docs/scaling.md). Then:

        livegen export --run DIR --data DIR --out models/mine && livegen --model models/mine
    """
    with tensorflow():
        from livegen.engine import card
        from livegen.training import cluster, corpus, export, run
        from livegen.training.train import Recipe
        from livegen.training.train import train as fit

    with quiet():
        workers = cluster.join()
    recipe = replace(Recipe(), **{name: value for name, value in given.items() if value is not None}, start=start)
    recipe = replace(recipe, epoch=min(recipe.epoch, recipe.steps), warmup=min(recipe.warmup, recipe.steps))
    first = export.restore(card.find(start)) if start else None
    if first is not None:
        recipe = replace(recipe, architecture=first.architecture)
    found = corpus.read_folder(folder)
    notes = sum(len(piece.notes) for piece in found.pieces)
    tell(f"{found.name}: {len(found.pieces)} files, {notes:,} notes")
    for problem in found.skipped:
        tell(f"skipped: {problem}")
    if workers.count > 1:
        tell(f"worker {workers.index} of {workers.count}{', which writes the run' if workers.chief else ''}")
    try:
        fit(recipe, found.pieces, out, tell if workers.chief else lambda _: None, first, workers)
    except KeyboardInterrupt:
        tell(
            f"stopped; the best weights so far are kept. The same command goes on from epoch {len(run.read_log(out))}."
        )
        if not run.read_log(out):
            raise
    if workers.chief:
        click.echo(f"{out / run.BEST}, {run.draw_curve(out)}")


@click.command()
@click.option("--run", "run", metavar="DIR", type=PATH, required=True, help="The folder that livegen train wrote.")
@_data
@click.option("--out", metavar="DIR", type=PATH, required=True, help="The model's folder; what is there is replaced.")
@click.option("--validate", "maestro", metavar="DIR", type=PATH, help="MAESTRO, to write figures into the card.")
@click.option("--windows", metavar="LIST.csv.gz", type=PATH, help="Other windows to validate on.")
def export(run: Path, folder: Path, out: Path, maestro: Path | None, windows: Path | None) -> None:
    """Make of a training run a model that the daemon plays."""
    with tensorflow():
        from livegen.training import evaluate, report, ship

    validation = None
    if maestro is not None:
        validation = ship.Validation(maestro, evaluate.read_windows(windows or evaluate.WINDOWS))
    described = ship.ship(run, folder, out, tell, validation)
    if described.figures is not None:
        click.echo(report.Report(described.name, "validation", described.figures, ()).text())
    click.echo(f"{out}: {described.title}. Play it: livegen --model {out}")
