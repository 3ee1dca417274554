"""Averages the weights of some models, each trained from the one before it.

    python -m tools.mean_of_models FIRST SECOND... --out FOLDER

The mean of the weights often predicts better than each model alone, and takes no more time (Wortsman et al., Model
soups, 2022, arXiv:2203.05482; docs/experiments.md). The folder is a start for further training
(`livegen train --from FOLDER`); it has no file to play.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from livegen.cli.runner import PATH, module
from livegen.engine import card, tensorflow
from livegen.engine.card import CARD, Card, Checksum, Training
from livegen.errors import ConfigError
from livegen.training import export
from livegen.training.lineage import data_of, told_once
from livegen.training.model import Pianist
from livegen.training.ship import credited


def mean(pianists: Sequence[Pianist]) -> Pianist:
    """The first pianist, with the mean of their weights.

    Raises:
        ConfigError: their architectures differ.
    """
    if len({pianist.architecture for pianist in pianists}) > 1:
        raise ConfigError("These models cannot be averaged: their sizes differ. Choose models of one size.")
    together = pianists[0]
    together.set_weights(mean_of_weights([each.get_weights() for each in pianists]))
    return together


def mean_of_weights(models: Sequence[Sequence[NDArray[np.float32]]]) -> list[NDArray[np.float32]]:
    """The mean of the weights of some models, each a list of arrays."""
    return [np.mean(weights, axis=0) for weights in zip(*models, strict=True)]


def trained(cards: Sequence[Card]) -> Training:
    """How all of them were trained."""
    each = [card.training for card in cards]
    seen = sorted({digest for training in each for digest in training.hashes.split()})
    return Training(
        data=data_of([training.data for training in each], ()),
        files=len(seen),
        hashes=" ".join(seen),
        notes=max(training.notes for training in each),  # the last one counts those of the others too
        minutes=max(training.minutes for training in each),
        date=datetime.now(UTC).date().isoformat(),
        recipe=told_once({"mean_of": [training.recipe for training in each]}),
    )


@click.command()
@click.argument("models", nargs=-1, required=True)
@click.option("--out", type=PATH, required=True, help="The new model's folder.")
def main(models: tuple[str, ...], out: Path) -> None:
    """Average the weights of some models."""
    if out.exists():
        raise ConfigError(f"{out}: exists already. Choose a new folder with --out.")
    cards = [card.find(model) for model in models]
    together = mean([export.restore(each) for each in cards])
    export.save(together, out / tensorflow.FOLDER)
    files = sorted(path for path in out.rglob("*") if path.is_file())
    described = replace(
        cards[0],
        folder=out,
        name=out.name,
        training=trained(cards),
        figures=None,
        more_figures={},
        files={path.relative_to(out).as_posix(): Checksum.of(path.read_bytes()) for path in files},
    )
    (out / CARD).write_text(credited(described).to_json(), encoding="utf-8")


if __name__ == "__main__":
    module(main, "tools.mean_of_models")
