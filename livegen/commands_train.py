"""`livegen train`, `export` and `evaluate`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from livegen.commands_data import needing_extra
from livegen.quiet import quiet

_path = click.Path(path_type=Path)
_data = click.option("--data", "folder", metavar="DIR", type=_path, required=True, help="A folder of MIDI files.")


@contextmanager
def _tensorflow() -> Iterator[None]:
    """Import it without its greetings; say what to install where it lacks."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with needing_extra(), quiet():
        yield


def _tell(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@click.option("--preset", type=click.Choice(["livegen"]), default="livegen", show_default=True)
@_data
@click.option("--out", metavar="DIR", type=_path, required=True, help="Where checkpoints and the log go.")
@click.option(
    "--from", "start", metavar="MODEL", default="", help="A model to go on from: fine-tune it on your playing."
)
@click.option("--steps", type=click.IntRange(min=1), help="How many batches. [1550]")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Its peak. [0.01]")
@click.option("--warmup", type=click.IntRange(min=1), help="Steps up to it. [60]")
@click.option("--seed", type=int, help="Of all draws. [1]")
def train(preset: str, folder: Path, out: Path, start: str, **given: Any) -> None:  # noqa: ARG001  (there is but one)
    """Train a model on MAESTRO or on any folder of MIDI files.

    The same command goes on with a run that was stopped. Ctrl-C keeps the best weights so far. Then:

        livegen export --run DIR --data DIR --out models/mine && livegen --model models/mine
    """
    with _tensorflow():
        from livegen.engine import card
        from livegen.training import corpus, export, run
        from livegen.training.train import Recipe
        from livegen.training.train import train as fit

    recipe = replace(Recipe(), **{name: value for name, value in given.items() if value is not None}, start=start)
    recipe = replace(recipe, epoch=min(recipe.epoch, recipe.steps), warmup=min(recipe.warmup, recipe.steps))
    first = export.restore(card.find(start)) if start else None
    if first is not None:
        recipe = replace(recipe, architecture=first.architecture)
    found = corpus.read_folder(folder)
    notes = sum(len(piece.notes) for piece in found.pieces)
    _tell(f"{found.name}: {len(found.pieces)} files, {notes:,} notes")
    for problem in found.skipped:
        _tell(f"skipped: {problem}")
    try:
        fit(recipe, found.pieces, out, _tell, first)
    except KeyboardInterrupt:
        _tell(
            f"stopped; the best weights so far are kept. The same command goes on from epoch {len(run.read_log(out))}."
        )
        if not run.read_log(out):
            raise
    click.echo(f"{out / run.BEST}, {run.draw_curve(out)}")


@click.command()
@click.option("--run", "run", metavar="DIR", type=_path, required=True, help="The folder that livegen train wrote.")
@_data
@click.option("--out", metavar="DIR", type=_path, required=True, help="The model's folder; what is there is replaced.")
@click.option("--validate", "maestro", metavar="DIR", type=_path, help="MAESTRO, to write figures into the card.")
@click.option("--windows", metavar="LIST.csv.gz", type=_path, help="Other windows to validate on.")
def export(run: Path, folder: Path, out: Path, maestro: Path | None, windows: Path | None) -> None:
    """Make of a training run a model that the daemon plays."""
    with _tensorflow():
        from livegen.training import evaluate, report, ship

    validation = None
    if maestro is not None:
        validation = ship.Validation(maestro, evaluate.read_windows(windows or evaluate.WINDOWS))
    described = ship.ship(run, folder, out, _tell, validation)
    if described.figures is not None:
        click.echo(report.Report(described.name, "validation", described.figures, ()).text())
    click.echo(f"{out}: {described.title}. Play it: livegen --model {out}")


@click.command()
@click.option(
    "--data", "folder", metavar="DIR", type=_path, required=True, help="The unpacked folder of MAESTRO v2.0.0."
)
@click.option("--model", default="livegen", show_default=True, help="A model's name or folder.")
@click.option("--split", type=click.Choice(["validation"]), default="validation", show_default=True)
@click.option("--windows", metavar="LIST.csv.gz", type=_path, help="Other windows, with midi_filename and target.")
@click.option("--limit", type=click.IntRange(min=1), help="So many of them, evenly spread.")
@click.option("--against", metavar="MODEL", multiple=True, help="Another model, compared window by window.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def evaluate(
    folder: Path,
    model: str,
    split: str,
    windows: Path | None,
    limit: int | None,
    against: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Tell how many nats a note costs a model: lower is better.

    Of the LiteRT file itself, through the live encoding, after 25 notes of the same piece and after fewer. Beside it
    stand guesses that need no model.
    """
    with _tensorflow():
        from livegen.engine import card
        from livegen.training import report
        from livegen.training.evaluate import WINDOWS, read_windows

    found = report.report(
        card.find(model),
        folder,
        read_windows(windows or WINDOWS, limit),
        split,
        [card.find(other) for other in against],
        _tell,
    )
    click.echo(json.dumps(found.plain(), indent=2) if as_json else found.text())
