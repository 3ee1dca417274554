"""`livegen evaluate`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import click
from click.core import ParameterSource

from livegen.cli.runner import PATH, tell, tensorflow
from livegen.config.settings import Settings
from livegen.errors import needing_extra

_DEFAULT = Settings()
_OF_NATS = ("split", "windows", "limit")
_OF_PLAYING = ("prompts", "held_out", "temperature", "top_p", "min_p", "seed")


@click.command()
@click.option(
    "--data", "folder", metavar="DIR", type=PATH, required=True, help="MAESTRO's folder, or one of MIDI files."
)
@click.option("--model", default="livegen", show_default=True, help="A model's name or folder.")
@click.option("--split", type=click.Choice(["validation"]), default="validation", show_default=True)
@click.option("--windows", metavar="LIST.csv.gz", type=PATH, help="Other windows, with midi_filename and target.")
@click.option("--limit", type=click.IntRange(min=1), help="So many of them, evenly spread.")
@click.option("--against", metavar="MODEL", multiple=True, help="Another model, on the same windows or prompts.")
@click.option("--tutorial", metavar="RUN", type=PATH, help="A run of the preset tutorial, compared likewise.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--generate", is_flag=True, help="Judge what it plays. The options below are for this.")
@click.option("--prompts", type=click.IntRange(min=1), default=1000, show_default=True, help="So many.")
@click.option("--held-out", is_flag=True, help="Of pieces held out of the train split: to choose by.")
@click.option("--temperature", type=click.FloatRange(0.05, 3), default=_DEFAULT.temperature, show_default=True)
@click.option("--top-p", type=click.FloatRange(0.01, 1), default=_DEFAULT.top_p, show_default=True)
@click.option("--min-p", type=click.FloatRange(0, 0.99), default=_DEFAULT.min_p, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.pass_context
def evaluate(context: click.Context, /, *, as_json: bool, generate: bool, **given: Any) -> None:
    """Tell how many nats a note costs a model: lower is better.

    Of the LiteRT file itself, through the live encoding, after 25 notes of the same piece and after fewer. Beside it
    stand guesses that need no model. Of a folder that is not MAESTRO, your own recordings for instance, 2,000 windows
    are drawn, or as many as there are, and no guesses stand beside it.

    With --generate: tell how far what it plays is from what pianists play. It continues 25 notes of real pieces, as the
    daemon would, and is compared with how these go on (docs/model.md). Beside it stands the prompt, over and over.
    """
    for name in _OF_NATS if generate else _OF_PLAYING:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} is {'not for' if generate else 'for'} --generate.")
    found = _playing(**given) if generate else _nats(**given)
    click.echo(json.dumps(found.plain(), indent=2) if as_json else found.text())


class _Report(Protocol):
    def plain(self) -> dict[str, Any]:
        """For programs."""

    def text(self) -> str:
        """For people."""


def _nats(
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
        tell,
        split=split,
        listed=windows,
        limit=limit,
        tutorial=tutorial,
    )


def _playing(
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
        from livegen.engine.sampling import Sampling
        from livegen.training.judge import continuations, report

    sampling = Sampling(given["temperature"], given["top_p"], given["min_p"])
    others: list[continuations.Continuer] = [
        continuations.model(card.find(other), sampling, other) for other in against
    ]
    if tutorial is not None:
        with tensorflow():
            from livegen.training.tutorial.continuer import TutorialContinuer
        others.append(TutorialContinuer(tutorial))
    return report.report(card.find(model), folder, prompts, sampling, seed, held_out=held_out, others=others, tell=tell)
