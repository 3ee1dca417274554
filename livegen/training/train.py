"""Trains a pianist: the preset `livegen`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from livegen.encoding import SCHEME, VARIABLES
from livegen.engine.card import Training
from livegen.errors import ConfigError
from livegen.note import WINDOW
from livegen.training import Progress, data
from livegen.training.cluster import Cluster, Muon
from livegen.training.corpus import Piece, hashes, hold_out
from livegen.training.model import Architecture, Pianist, built
from livegen.training.prune import pruned
from livegen.training.run import HASHES, Epochs, Run, untuned
from livegen.training.student import Student


@dataclass(frozen=True, slots=True)
class Recipe:
    """All settings that determine a run."""

    steps: int = 2400
    batch: int = 192  # training sequences
    length: int = 41  # notes of a training sequence; the first is only read
    learning_rate: float = 0.01  # of Muon
    adam_share: float = 0.6  # Adam's learning rate is this times Muon's; Adam updates embeddings, biases, last layers
    warmup: int = 60  # steps
    decay_from: float = 0.4  # share of the steps after which the learning rate falls linearly to zero
    clip: float = 1.0  # global norm of the gradients
    weight_decay: float = 0.1  # for Muon's weights, times the learning rate
    dropout: float = 0.25  # of the inputs of each layer and of the heads
    seed: int = 1
    held_out_batches: int = 8
    epoch: int = 50  # steps between two evaluations on the held-out pieces
    teachers: tuple[Training, ...] = ()  # how each teacher was trained
    taught: float = 0.8  # share of the loss that compares with the teachers, if there are any
    start: Training | None = None  # how the model was trained whose weights the run starts from
    weights: tuple[int, ...] = (1,)  # of the data folders, in the order of --data
    augmentation: data.Augmentation = field(default_factory=data.Augmentation)
    architecture: Architecture = field(default_factory=Architecture)


SMALL = 500_000
"""Notes: less data than this is for fine-tuning. MAESTRO has ten times as many."""
PASSES = 3  # over such data: with more, the model overfits


def fine_tuning(notes: int, steps: int | None = None) -> Recipe:
    """Settings for fine-tuning a model on a small number of notes (docs/fine-tuning.md).

    Smaller and fewer steps than for training from scratch, because the model would soon forget other music and overfit
    the new. By default, `steps` is such that each note is seen about PASSES times.
    """
    batch, length, epochs = 32, Recipe().length, 5
    steps = steps or epochs * max(1, round(PASSES * notes / (batch * (length - 1) * epochs)))
    epoch = max(1, steps // epochs)
    return Recipe(
        steps=steps,
        batch=batch,
        learning_rate=0.001,
        warmup=epoch,
        dropout=0.2,
        held_out_batches=3,
        epoch=epoch,
        augmentation=data.Augmentation(semitones=6, tempo=0.15, velocity=10),
    )


@keras.saving.register_keras_serializable("livegen")
class WarmupStableDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warmup, a constant learning rate, and from step `decay_from` a linear decay to zero at `steps`."""

    def __init__(self, peak: float, warmup: int, decay_from: int, steps: int) -> None:
        self.peak, self.warmup, self.decay_from, self.steps = peak, warmup, decay_from, steps

    def __call__(self, step: Any) -> Any:  # noqa: ANN401  (tensors of any backend)
        step = keras.ops.cast(step, "float32")
        up = (step + 1) / self.warmup
        down = (self.steps - step) / max(1, self.steps - self.decay_from)
        return self.peak * keras.ops.clip(keras.ops.minimum(up, down), 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "warmup": self.warmup, "decay_from": self.decay_from, "steps": self.steps}


def targets(tokens: NDArray[np.int32]) -> dict[str, NDArray[np.int32]]:
    """The targets of each head, shape (..., time) each, from tokens of shape (..., time + 1, 5)."""
    return {name: tokens[..., 1:, i] for i, name in enumerate(VARIABLES)}


def dataset(crops: Iterator[NDArray[np.int32]], shape: tuple[int, int]) -> tf.data.Dataset:
    target = tf.TensorSpec((shape[0], shape[1] - 1), tf.int32)
    signature = (tf.TensorSpec((*shape, len(VARIABLES)), tf.int32), dict.fromkeys(VARIABLES, target))
    batches = tf.data.Dataset.from_generator(
        lambda: ((tokens, targets(tokens)) for tokens in crops), output_signature=signature
    )
    return untuned(batches.prefetch(4))


def compiled(pianist: Pianist, recipe: Recipe, cluster: Cluster) -> Pianist:
    """The pianist with its losses and its optimizer.

    Muon (Jordan et al., 2024; its step scaled as in Liu et al., 2025, arXiv:2502.16982) updates the matrices. It needs
    a third of the notes that Adam needs for the same loss. Adam updates the rest, and the kernels of the last layers.
    """
    schedule = WarmupStableDecay(
        recipe.learning_rate, recipe.warmup, round(recipe.decay_from * recipe.steps), recipe.steps
    )
    muon = Muon(
        cluster,
        schedule,
        adam_lr_ratio=recipe.adam_share,
        adam_beta_2=0.99,
        exclude_layers=["logits"],
        weight_decay=recipe.weight_decay,
        adam_weight_decay=None,
        global_clipnorm=recipe.clip,
    )
    losses = {name: keras.losses.SparseCategoricalCrossentropy(from_logits=True) for name in VARIABLES}
    pianist.compile(optimizer=muon, loss=losses)
    return pianist


def _count(pieces: Sequence[Piece]) -> str:
    return f"{len(pieces)} file{'s' * (len(pieces) != 1)} of {sum(len(piece.notes) for piece in pieces):,} notes"


def weighted(pieces: Sequence[Piece]) -> list[data.Notes]:
    """The notes of each piece, repeated as often as they count."""
    return [piece.notes for piece in pieces for _ in range(piece.weight)]


def train(
    recipe: Recipe,
    pieces: Sequence[Piece],
    out: Path,
    progress: Progress = print,
    start: Pianist | None = None,
    cluster: Cluster | None = None,
    teachers: Sequence[Pianist] = (),
) -> Pianist:
    """Train on all pieces except the held-out ones, and keep in `out` the weights with the best held-out loss.

    Args:
        recipe: of the run.
        pieces: the training split.
        out: the run's folder. A run in it that was stopped is resumed.
        progress: gets progress messages, one line at a time.
        start: a pianist to start from, instead of random weights. It is pruned if it has more units than the recipe.
        cluster: the workers that share each batch; by default this process alone.
        teachers: pianists to learn from, besides the notes.

    Raises:
        DataError: `out` holds another run, or no piece is long enough.
        ConfigError: the workers cannot share a batch evenly, or were started with different settings.
        ClusterError: another worker was lost.
    """
    cluster = cluster or Cluster()
    if recipe.batch % cluster.count:
        raise ConfigError(
            f"{cluster.count} workers cannot share a batch of {recipe.batch} evenly. Set --batch to a multiple of"
            f" {cluster.count}."
        )
    keras.utils.set_random_seed(recipe.seed)
    settings = {**asdict(recipe), "scheme": SCHEME, "window": WINDOW, HASHES: hashes(pieces)}
    for piece in pieces:
        if len(piece.notes) < recipe.length:
            progress(f"skipped: {piece.name}: has {len(piece.notes)} notes; a training sequence needs {recipe.length}.")
    kept_pieces, held_pieces = (
        [piece for piece in part if len(piece.notes) >= recipe.length] for part in hold_out(pieces, recipe.length)
    )
    kept, held = weighted(kept_pieces), weighted(held_pieces)
    shape = {"length": recipe.length, "batch": recipe.batch}
    fixed = data.crops(held, **shape, seed=0, augmentation=None, share=cluster.share)
    held_out = np.stack([next(fixed) for _ in range(recipe.held_out_batches)])
    same = kept and held[0] is kept[0]
    by = "the same notes (so overfitting will not show)" if same else f"{_count(held_pieces)} held out"
    progress(f"training on {_count(kept_pieces)}; the best weights are chosen by {by}")
    sizes = recipe.architecture, recipe.dropout
    pianist = built(Student(teachers, recipe.taught, *sizes) if teachers else Pianist(*sizes))
    if start is not None:
        if recipe.architecture.units < start.architecture.units:
            heard = next(data.crops(kept, **shape, seed=0, augmentation=None, share=data.WHOLE))
            start = pruned(start, recipe.architecture.units, heard)
        pianist.set_weights(start.get_weights())
    compiled(pianist, recipe, cluster)
    pianist.compute_loss(
        y=targets(held_out[0, :1]), y_pred=pianist(held_out[0, :1]), training=False
    )  # creates the variables of the losses
    batches = untuned(tf.data.Dataset.from_tensor_slices((held_out, targets(held_out))))
    with cluster.watched():
        cluster.agree(settings)
        run = Run(out, settings, cluster)
        if start is not None and not run.log:
            before = pianist.evaluate(batches, verbose=0, return_dict=True)["loss"]
            progress(f"before: held out {float(cluster.mean([np.float64(before)])[0]):.3f}")
        run.fit(
            pianist,
            lambda step: dataset(
                data.crops(
                    kept,
                    **shape,
                    seed=recipe.seed,
                    augmentation=recipe.augmentation,
                    start=step,
                    share=cluster.share,
                ),
                (recipe.batch // cluster.count, recipe.length),
            ),
            batches,
            Epochs(recipe.steps // recipe.epoch, recipe.epoch, recipe.epoch * recipe.batch * (recipe.length - 1)),
            progress,
        )
    return pianist
