"""`livegen evaluate`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from livegen.commands.shared import PATH, tell, tensorflow


@click.command()
@click.option(
    "--data", "folder", metavar="DIR", type=PATH, required=True, help="The unpacked folder of MAESTRO v2.0.0."
)
@click.option("--model", default="livegen", show_default=True, help="A model's name or folder.")
@click.option("--split", type=click.Choice(["validation"]), default="validation", show_default=True)
@click.option("--windows", metavar="LIST.csv.gz", type=PATH, help="Other windows, with midi_filename and target.")
@click.option("--limit", type=click.IntRange(min=1), help="So many of them, evenly spread.")
@click.option("--against", metavar="MODEL", multiple=True, help="Another model, compared window by window.")
@click.option("--tutorial", metavar="RUN", type=PATH, help="A run of the preset tutorial, compared likewise.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def evaluate(
    folder: Path,
    model: str,
    split: str,
    windows: Path | None,
    limit: int | None,
    against: tuple[str, ...],
    tutorial: Path | None,
    *,
    as_json: bool,
) -> None:
    """Tell how many nats a note costs a model: lower is better.

    Of the LiteRT file itself, through the live encoding, after 25 notes of the same piece and after fewer. Beside it
    stand guesses that need no model.
    """
    with tensorflow():
        from livegen.engine import card
        from livegen.training import report
        from livegen.training.evaluate import WINDOWS, read_windows

    found = report.report(
        card.find(model),
        folder,
        read_windows(windows or WINDOWS, limit),
        split,
        [card.find(other) for other in against],
        tell,
        tutorial,
    )
    click.echo(json.dumps(found.plain(), indent=2) if as_json else found.text())
