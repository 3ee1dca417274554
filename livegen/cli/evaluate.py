"""`livegen evaluate`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import click
from click.core import ParameterSource

from livegen.cli.runner import COUNT, PATH, SEED, progress, setting, tensorflow
from livegen.config.settings import DEFAULTS
from livegen.errors import needing_extra

_LOSS_OPTIONS = ("split", "windows", "limit")
_GENERATE_OPTIONS = ("prompts", "held_out", "temperature", "top_p", "min_p", "seed")


@click.command()
@click.option(
    "--data",
    "folders",
    metavar="DIR",
    type=PATH,
    required=True,
    multiple=True,
    help="A data set with a validation split (MAESTRO, POP909), or any folder of MIDI files. May be repeated.",
)
@click.option("--model", default="livegen", show_default=True, help="Name or folder of the model.")
@click.option("--split", type=click.Choice(["validation"]), default="validation", show_default=True)
@click.option(
    "--windows", metavar="LIST.csv.gz", type=PATH, help="Windows to evaluate on: columns midi_filename, target."
)
@click.option("--limit", type=COUNT, help="Use only N of the windows, evenly spread.")
@click.option("--against", metavar="MODEL", multiple=True, help="Also evaluate this model. May be repeated.")
@click.option("--tutorial", metavar="RUN", type=PATH, help="Also evaluate this run of the preset tutorial.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--generate", is_flag=True, help="Evaluate generated music instead. Enables the options below.")
@click.option("--prompts", type=COUNT, default=1000, show_default=True, help="Number of prompts.")
@click.option("--held-out", is_flag=True, help="Take prompts from the pieces held out of the train split.")
@click.option("--temperature", type=setting("temperature"), default=DEFAULTS.temperature, show_default=True)
@click.option("--top-p", type=setting("top_p"), default=DEFAULTS.top_p, show_default=True)
@click.option("--min-p", type=setting("min_p"), default=DEFAULTS.min_p, show_default=True)
@click.option("--seed", type=SEED, default=1, show_default=True)
@click.pass_context
def evaluate(
    context: click.Context, /, *, folders: tuple[Path, ...], as_json: bool, generate: bool, **given: Any
) -> None:
    """Measure a model's loss in nats per note (lower is better).

    This evaluates the LiteRT file, with the encoding that the daemon uses, after 25 notes of context and after fewer.
    On a data set with splits, the table also shows baselines that need no model. For any other folder, such as your own
    recordings, it uses at most 2,000 random windows and shows no baselines. Several --data give a table for each.

    The column "1 ms" is the total with times in cells of 1 ms instead of 10 ms.

    With --generate it compares generated music with real music: the model continues 25 notes of real pieces, as the
    daemon would, and the result is compared with how the pieces continue (docs/model.md). The baseline is the prompt,
    repeated.
    """
    for name in _LOSS_OPTIONS if generate else _GENERATE_OPTIONS:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is only valid {'without' if generate else 'with'} --generate."
            )
    if given["windows"] is not None and len(folders) > 1:
        raise click.UsageError("--windows is only valid with one --data.")
    found = [(_generated if generate else _loss)(folder, **given) for folder in folders]
    plain = [each.plain() for each in found]
    click.echo(
        json.dumps(plain if len(plain) > 1 else plain[0], indent=2)
        if as_json
        else "\n\n".join(each.text() for each in found)
    )


class _Report(Protocol):
    def plain(self) -> dict[str, Any]:
        """For programs."""

    def text(self) -> str:
        """For people."""


def _loss(
    folder: Path,
    model: str,
    split: str,
    windows: Path | None,
    limit: int | None,
    against: tuple[str, ...],
    tutorial: Path | None,
    **_: object,
) -> _Report:
    with tensorflow():
        from livegen.engine import card
        from livegen.training import report

    return report.report(
        card.find(model),
        folder,
        [card.find(other) for other in against],
        progress,
        split=split,
        listed=windows,
        limit=limit,
        tutorial=tutorial,
    )


def _generated(
    folder: Path,
    model: str,
    against: tuple[str, ...],
    tutorial: Path | None,
    prompts: int,
    seed: int,
    *,
    held_out: bool,
    **given: Any,
) -> _Report:
    with needing_extra():
        from livegen.engine import card
        from livegen.stage.settings import Sampling
        from livegen.training.judge import continuations, report

    sampling = Sampling(given["temperature"], given["top_p"], given["min_p"])
    others: list[continuations.Continuer] = [
        continuations.model(card.find(other), sampling, other) for other in against
    ]
    if tutorial is not None:
        with tensorflow():
            from livegen.training.tutorial.continuer import TutorialContinuer
        others.append(TutorialContinuer(tutorial))
    return report.report(
        card.find(model), folder, prompts, sampling, seed, held_out=held_out, others=others, progress=progress
    )
