"""Train a pianist on MAESTRO.

Like so: python -m livegen.training.train --data maestro-v2.0.0 --out runs/first
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from livegen.features import VARIABLES
from livegen.training import data
from livegen.training.model import Architecture, Pianist

WEIGHTS = "best.weights.h5"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a run."""

    steps: int = 3600
    batch: int = 192  # crops
    length: int = 41  # notes of a crop; the first is only read
    learning_rate: float = 2.5e-3  # peak; cosine to zero
    warmup: int = 200  # steps
    clip: float = 1.0  # global norm of the gradient
    seed: int = 1
    held_out_batches: int = 8
    epoch: int = 150  # steps between two looks at the held-out pieces
    start: str = ""  # a run to go on from: its best weights, with a fresh optimizer
    augmentation: data.Augmentation = field(default_factory=data.Augmentation)
    architecture: Architecture = field(default_factory=Architecture)


def targets(tokens: NDArray[np.int32]) -> dict[str, NDArray[np.int32]]:
    """What each head is to predict, shape (batch, time) each, in tokens of shape (batch, time + 1, 4)."""
    return {name: tokens[:, 1:, i] for i, name in enumerate(VARIABLES)}


def dataset(crops: Iterator[NDArray[np.int32]], recipe: Recipe) -> tf.data.Dataset:
    shape = (recipe.batch, recipe.length)
    target = tf.TensorSpec((shape[0], shape[1] - 1), tf.int32)
    signature = (tf.TensorSpec((*shape, 4), tf.int32), dict.fromkeys(VARIABLES, target))
    return tf.data.Dataset.from_generator(
        lambda: ((tokens, targets(tokens)) for tokens in crops), output_signature=signature
    ).prefetch(4)


class Report(keras.callbacks.Callback):
    """A line an epoch, for people and for plots."""

    def __init__(self, path: Path, recipe: Recipe) -> None:
        super().__init__()
        self._path, self._recipe, self._start = path, recipe, time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        step = (epoch + 1) * self._recipe.epoch
        seconds = time.monotonic() - self._start
        notes = step * self._recipe.batch * (self._recipe.length - 1)
        row = {
            "step": step,
            "notes": notes,
            "seconds": round(seconds, 1),
            **{k: round(float(v), 4) for k, v in logs.items()},
        }
        with self._path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")
        print(
            f"step {step}/{self._recipe.steps}  {notes / 1e6:.1f} M notes  {seconds / 60:.1f} min"
            f"  train {row['loss']:.3f}  held out {row['val_loss']:.3f}  {notes / seconds:.0f} notes/s",
            flush=True,
        )


def train(recipe: Recipe, folder: Path, out: Path) -> Pianist:
    """Train on MAESTRO's train split less the held-out pieces, and keep the best weights by these in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2) + "\n", encoding="utf-8")
    pieces, held = data.hold_out(data.maestro_split(folder, "train"))
    keras.utils.set_random_seed(recipe.seed)
    shape = {"length": recipe.length, "batch": recipe.batch}
    training = dataset(data.crops(pieces, **shape, seed=recipe.seed, augmentation=recipe.augmentation), recipe)
    fixed = data.crops(held, **shape, seed=0, augmentation=None)
    held_out = np.concatenate([next(fixed) for _ in range(recipe.held_out_batches)])

    model = Pianist(recipe.architecture)
    model(held_out[:1])
    if recipe.start:
        model.load_weights(Path(recipe.start) / WEIGHTS)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, recipe.steps - recipe.warmup, warmup_target=recipe.learning_rate, warmup_steps=recipe.warmup
    )
    model.compile(
        optimizer=keras.optimizers.Adam(schedule, beta_2=0.99, global_clipnorm=recipe.clip),
        loss={name: keras.losses.SparseCategoricalCrossentropy(from_logits=True) for name in VARIABLES},
    )
    model.fit(
        training,
        steps_per_epoch=recipe.epoch,
        epochs=recipe.steps // recipe.epoch,
        validation_data=(held_out, targets(held_out)),
        validation_batch_size=recipe.batch,
        verbose=0,
        callbacks=[
            keras.callbacks.ModelCheckpoint(out / WEIGHTS, save_best_only=True, save_weights_only=True),
            Report(out / "log.jsonl", recipe),
        ],
    )
    model.load_weights(out / WEIGHTS)
    return model


def main() -> None:
    usual = Recipe()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the unpacked folder of MAESTRO v2.0.0")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoints and the log go")
    parser.add_argument("--steps", type=int, default=usual.steps)
    parser.add_argument("--learning-rate", type=float, default=usual.learning_rate, help="its peak")
    parser.add_argument("--warmup", type=int, default=usual.warmup, help="steps")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--from", dest="start", default="", help="an earlier run's --out, to go on from")
    given = vars(parser.parse_args())
    folder, out = given.pop("data"), given.pop("out")
    train(Recipe(**given), folder, out)


if __name__ == "__main__":
    main()
