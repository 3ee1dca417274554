"""Trains the tutorial's model: the preset `tutorial`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from livegen.engine.plain import build as from_plain
from livegen.errors import DataError
from livegen.note import WINDOW
from livegen.training import Progress, data
from livegen.training.corpus import Piece, hashes
from livegen.training.run import HASHES, Epochs, Run, load_best, read_recipe, untuned
from livegen.training.tutorial.model import LEARNING_RATE, LOSS_WEIGHTS, SCALE, UNITS, build

PRESET = "tutorial"
COLUMNS = [data.PITCH, data.STEP, data.DURATION]


@dataclass(frozen=True, slots=True)
class TutorialRecipe:
    """All settings that determine a run, with the tutorial's values."""

    preset: str = PRESET
    files: int = 5  # only the first ones
    window: int = WINDOW  # notes read; the one after them is predicted
    batch: int = 64  # windows
    units: int = UNITS
    learning_rate: float = LEARNING_RATE
    epochs: int = 50  # at most
    patience: int = 5  # epochs without a better loss after which training stops
    seed: int = 42
    hashes: str = ""  # of the files, from `corpus.hashes`


def dataset(pieces: Sequence[Piece], recipe: TutorialRecipe) -> tf.data.Dataset:
    """Every window of every piece and the note after it: shuffled once, batched, cached and prefetched.

    No window spans two pieces. An incomplete last batch is dropped.

    Raises:
        DataError: there are too few windows for a batch.
    """
    joined, starts = data.runs([piece.notes for piece in pieces], recipe.window + 1)
    if len(starts) < recipe.batch:
        raise DataError(
            f"{len(starts)} windows are fewer than a batch of {recipe.batch}. Use more files, or longer ones."
        )
    notes, span = tf.constant(joined[:, COLUMNS], tf.float32), tf.range(recipe.window + 1)

    def cut(starts: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        rows = tf.gather(notes, starts[:, tf.newaxis] + span)
        return rows[:, :-1] / SCALE, {name: rows[:, -1, i] for i, name in enumerate(LOSS_WEIGHTS)}

    shuffled = np.random.default_rng(recipe.seed).permutation(starts).astype(np.int32)
    batches = tf.data.Dataset.from_tensor_slices(shuffled).batch(recipe.batch, drop_remainder=True)
    return untuned(batches.map(cut).cache().prefetch(4))


def train(recipe: TutorialRecipe, pieces: Sequence[Piece], out: Path, progress: Progress = print) -> keras.Model:
    """Train on the pieces until the training loss stops falling, and keep the best weights in `out`.

    Args:
        recipe: of the run.
        pieces: all are used for training.
        out: the run's folder. A run in it that was stopped is resumed.
        progress: gets progress messages, one line at a time.

    Raises:
        DataError: `out` holds another run, or there are too few notes.
    """
    keras.utils.set_random_seed(recipe.seed)
    batches = dataset(pieces, recipe)
    run = Run(out, asdict(recipe) | {HASHES: hashes(pieces)})
    model = build(recipe.units, recipe.learning_rate)
    progress(f"before: {_losses(model.evaluate(batches, verbose=0, return_dict=True))}")
    epochs = Epochs(recipe.epochs, len(batches), len(batches) * recipe.batch, recipe.patience, by="loss")
    run.fit(model, lambda _: batches.repeat(), None, epochs, progress)
    progress(f"after: {_losses(model.evaluate(batches, verbose=0, return_dict=True))}")
    return model


def _losses(losses: Mapping[str, float]) -> str:
    each = ", ".join(f"{name} {losses[f'{name}_loss']:.4f}" for name in LOSS_WEIGHTS)
    total = sum(losses[f"{name}_loss"] for name in LOSS_WEIGHTS)
    return f"loss {losses['loss']:.4f} ({each}; unweighted {total:.4f})"


def load(run: Path) -> tuple[keras.Model, TutorialRecipe]:
    """The model of a run, with the best weights, and its recipe.

    Raises:
        DataError: the folder is not a run of this preset.
    """
    try:
        recipe = from_plain(TutorialRecipe, read_recipe(run))
    except ValueError as error:
        raise DataError(f"{run}: not a run of livegen train --preset {PRESET} ({error}).") from error
    model = build(recipe.units, recipe.learning_rate)
    model.optimizer.build(model.trainable_variables)  # the file contains the optimizer state too
    load_best(model, run)
    return model, recipe


def columns(notes: data.Notes) -> NDArray[np.float64]:
    """Pitch, step [s] and duration [s], shape (n, 3), of notes from `data.read_notes`."""
    return notes[..., COLUMNS]
