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

_OPTIONS = {
    "": ("split", "windows", "limit", "against", "tutorial"),
    "--generate": ("against", "tutorial", "prompts", "held_out", "temperature", "top_p", "min_p", "seed"),
    "--time": ("split", "limit", "pulse", "seed"),
    "--turns": ("split", "limit"),
    "--memory": ("split", "limit"),
}
"""The options that each kind of evaluation has, beside --data and --model."""


@click.command()
@click.option(
    "--data",
    "folders",
    metavar="DIR",
    type=PATH,
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
@click.option(
    "--time", "in_time", is_flag=True, help="Evaluate whether responses keep the time of their calls instead."
)
@click.option("--turns", is_flag=True, help="Evaluate how soon the model knows that a phrase is over instead.")
@click.option("--memory", "remembers", is_flag=True, help="Evaluate what the memory of a player gains instead.")
@click.option(
    "--pulse", type=click.Choice(["auto", "off", "strict"]), default="auto", show_default=True, help="With --time."
)
@click.option("--prompts", type=COUNT, default=1000, show_default=True, help="Number of prompts.")
@click.option("--held-out", is_flag=True, help="Take prompts from the pieces held out of the train split.")
@click.option("--temperature", type=setting("temperature"), default=DEFAULTS.temperature, show_default=True)
@click.option("--top-p", type=setting("top_p"), default=DEFAULTS.top_p, show_default=True)
@click.option("--min-p", type=setting("min_p"), default=DEFAULTS.min_p, show_default=True)
@click.option("--seed", type=SEED, default=1, show_default=True)
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    *,
    folders: tuple[Path, ...],
    as_json: bool,
    generate: bool,
    in_time: bool,
    turns: bool,
    remembers: bool,
    **given: Any,
) -> None:
    """Measure a model: its loss in nats per note, and how it plays.

    This evaluates the LiteRT file, with the encoding that the daemon uses, after 25 notes of context and after fewer.
    On a data set with splits, the table also shows baselines that need no model. For any other folder, such as your own
    recordings, it uses at most 2,000 random windows and shows no baselines. Several --data give a table for each.

    The column "1 ms" is the total with times in cells of 1 ms instead of 10 ms.

    With --generate it compares generated music with real music: the model continues 25 notes of real pieces, as the
    daemon would, and the result is compared with how the pieces continue (docs/model.md). The baseline is the prompt,
    repeated.

    With --time it answers calls with a known beat, as the daemon would with --fast, and measures whether the responses
    keep their time: steady calls, and with --data calls cut from songs with beats beside them (NAME.beats.txt). Then it
    measures what the pulse costs or gains where the folder's pieces are played freely.

    With --turns it compares rules for when to respond, after the onsets of real pieces: a fixed silence, a factor of
    the recent gaps, and what the model expects (--silence auto). The table shows the mean silence of each at equal
    rates of wrong entries, which are responses that begin before the player's next onset.

    With --memory it measures how much better the notes of pieces are predicted, in nats per note, if what was played
    before is remembered as it is live: in evenings of one piece, and of six in a row, at most 700 notes of each. With
    --generate --memory the model plays with that memory, of up to 500 notes of the piece before each prompt, and
    without it.
    """
    flags = {"--generate": generate, "--time": in_time, "--turns": turns, "--memory": remembers}
    both = generate and remembers
    kinds = [name for name, wanted in flags.items() if wanted and not (both and name == "--memory")]
    if len(kinds) > 1:
        raise click.UsageError(f"{' and '.join(kinds)} are {len(kinds)} evaluations: run one after the other.")
    kind = kinds[0] if kinds else ""
    for name in sorted({name for names in _OPTIONS.values() for name in names}.difference(_OPTIONS[kind])):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            valid = f"not valid with {kind}" if kind else f"only valid with {' or '.join(_kinds(name))}"
            raise click.UsageError(f"--{name.replace('_', '-')} is {valid}.")
    if not folders and not in_time:
        raise click.MissingParameter(param_hint="'--data'", param_type="option")
    if given["windows"] is not None and len(folders) > 1:
        raise click.UsageError("--windows is only valid with one --data.")
    if in_time:
        found = [_timed(folder, **given) for folder in folders or (None,)]
    else:
        evaluation = _generated if generate else _turns if turns else _remembered if remembers else _loss
        found = [evaluation(folder, remembers=remembers, **given) for folder in folders]
    plain = [each.plain() for each in found]
    click.echo(
        json.dumps(plain if len(plain) > 1 else plain[0], indent=2)
        if as_json
        else "\n\n".join(each.text() for each in found)
    )


def _kinds(option: str) -> list[str]:
    return [kind for kind, options in _OPTIONS.items() if option in options]


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
    remembers: bool = False,
    **given: Any,
) -> _Report:
    with needing_extra():
        from livegen.engine import card
        from livegen.stage.settings import Sampling
        from livegen.training.judge import continuations, report

    alone = Sampling(given["temperature"], given["top_p"], given["min_p"])
    sampling = alone._replace(memory=DEFAULTS.memory) if remembers else alone
    others: list[continuations.Continuer] = [
        continuations.model(card.find(other), sampling, other) for other in against
    ]
    if remembers:
        others.insert(0, continuations.model(card.find(model), alone, f"{model} without memory"))
    if tutorial is not None:
        with tensorflow():
            from livegen.training.tutorial.continuer import TutorialContinuer
        others.append(TutorialContinuer(tutorial))
    return report.report(
        card.find(model), folder, prompts, sampling, seed, held_out=held_out, others=others, progress=progress
    )


def _timed(
    folder: Path | None, model: str, split: str, limit: int | None, pulse: str, seed: int, **_: object
) -> _Report:
    from livegen.bench.intime import report
    from livegen.engine import card

    return report.report(card.find(model), pulse, seed, progress, folder, split, limit)


def _turns(folder: Path, model: str, split: str, limit: int | None, **_: object) -> _Report:
    from livegen.bench import turns
    from livegen.engine import card

    return turns.report(card.find(model), folder, split, limit, progress)


def _remembered(folder: Path, model: str, split: str, limit: int | None, **_: object) -> _Report:
    from livegen.bench import remembering
    from livegen.engine import card

    return remembering.report(card.find(model), folder, DEFAULTS.memory, progress, split, limit)
