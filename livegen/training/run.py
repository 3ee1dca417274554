"""A training run and its folder. A run that was stopped is resumed after its last epoch.

recipe.json       all settings that determine the run
log.jsonl         one line per epoch
best.weights.h5   the weights with the best held-out loss, or without held-out pieces the best training loss
last.weights.h5   the weights and the optimizer state after the last epoch, for resuming
tensorboard/      for TensorBoard
loss.png          the loss curve
lock              held while a process trains in the folder
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from livegen.errors import ConfigError, DataError, StorageError
from livegen.files import claimed, drafted, remove_drafts
from livegen.training import Progress
from livegen.training.cluster import Cluster

RECIPE, LOG = "recipe.json", "log.jsonl"
BEST, LAST = "best.weights.h5", "last.weights.h5"
BOARD, CURVE = "tensorboard", "loss.png"
LOCK = "lock"

HASHES = "hashes"
"""Key in a recipe: the hashes of the training files, as `corpus.hashes` returns them."""

FORMAT = 1_000_000
"""Bytes of overhead in a weights file, approximately."""


def untuned(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The same batches, without tf.data's autotuner, which can delay the end of an epoch by as long as the epoch took.

    Its thread sleeps for 10 ms, then 20, 40 ..., and sometimes an iterator that has ended waits for it to wake up.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def make(folder: Path) -> None:
    """Create the folder of --out if it does not exist.

    Raises:
        ConfigError: it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be created ({error.strerror}). Choose another folder with --out."
        ) from error


@dataclass(frozen=True, slots=True)
class Epochs:
    """The length of a run."""

    count: int
    steps: int  # per epoch
    notes: int  # predicted per epoch
    patience: int | None = None  # epochs without a better loss after which the run stops early
    by: str = "val_loss"  # the loss that chooses the best weights: held-out, or `loss` for training


class Run:
    """A run in a folder. If the folder holds the same run, unfinished, `fit` resumes it.

    In a cluster only the chief reads and writes the folder.

    Raises:
        ConfigError: the folder cannot be created.
        DataError: it holds a run with other settings, or a damaged one.
    """

    def __init__(self, folder: Path, recipe: Mapping[str, Any], cluster: Cluster | None = None) -> None:
        self.folder, self.cluster = folder, cluster or Cluster()
        self.log: list[dict[str, Any]] = []
        if self.cluster.chief:
            self._open(recipe)
        self.log = json.loads(self.cluster.text_from_chief(json.dumps(self.log)))

    def _open(self, recipe: Mapping[str, Any]) -> None:
        folder = self.folder
        make(folder)
        path, text = folder / RECIPE, json.dumps(recipe, indent=2) + "\n"
        there, ours = read_recipe(folder) if path.exists() else None, json.loads(text)
        if there is not None and there != ours:
            other = [name for name in there.keys() | ours.keys() if there.get(name) != ours.get(name)]
            raise DataError(
                f"{folder}: contains a run with other settings ({', '.join(sorted(other))})."
                " Choose another folder with --out."
            )
        _replace(path, text)
        self.log = read_log(folder)
        if self.log:  # without a truncated last line, so that lines can be appended
            _replace(folder / LOG, "".join(f"{json.dumps(row)}\n" for row in self.log))

    def fit(
        self,
        model: keras.Model,
        training: Callable[[int], tf.data.Dataset],
        held_out: tf.data.Dataset | None,
        epochs: Epochs,
        progress: Progress,
    ) -> None:
        """Train a compiled model to the end of the run, and give it the best weights.

        Args:
            model: compiled, and with all its variables: TensorFlow traces a step that creates some twice.
            training: returns the batches from a step on.
            held_out: batches to evaluate after each epoch, if any.
            epochs: the length of the run.
            progress: gets a line for each epoch.
        """
        chief = self.cluster.chief
        model.optimizer.build(model.trainable_variables)
        if self.log:
            if chief:
                try:
                    model.load_weights(self.folder / LAST)
                except (OSError, ValueError, KeyError) as error:
                    raise DataError(
                        f"{self.folder / LAST}: missing or damaged ({error}), so the run cannot be resumed."
                        f" Its best weights are in {BEST}. Start another run with --out."
                    ) from error
            progress(f"resuming after epoch {len(self.log)}, {_losses(self.log[-1])}")
        self.cluster.align([*model.variables, *model.optimizer.variables])
        keep = _Keep(self, epochs, progress)
        if not keep.over:
            with sole(self.folder) if chief else nullcontext():
                model.fit(
                    training(len(self.log) * epochs.steps),
                    steps_per_epoch=epochs.steps,
                    initial_epoch=len(self.log),
                    epochs=epochs.count,
                    validation_data=held_out,
                    shuffle=False,  # the batches are random already
                    verbose=0,
                    callbacks=[keep, *([keras.callbacks.TensorBoard(self.folder / BOARD)] if chief else [])],
                )
        if chief:
            model.load_weights(self.folder / BEST)
        self.cluster.align(model.weights)


class _Keep(keras.callbacks.Callback):
    """Saves each epoch: weights first, then the log, so that every epoch in the log can be resumed."""

    def __init__(self, run: Run, epochs: Epochs, progress: Progress) -> None:
        super().__init__()
        self._run, self._epochs, self._progress = run, epochs, progress
        self._start = time.monotonic() - (run.log[-1]["seconds"] if run.log else 0.0)
        self._began, self._before = time.monotonic(), len(run.log)

    @property
    def over(self) -> bool:
        log, patience = self._run.log, self._epochs.patience
        losses = [row[self._epochs.by] for row in log]
        early = patience is not None and len(log) > patience and min(losses[-patience:]) >= min(losses[:-patience])
        return early or len(log) >= self._epochs.count

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        done = epoch + 1
        now = time.monotonic()
        row = {
            "step": done * self._epochs.steps,
            "notes": done * self._epochs.notes,
            "seconds": round(now - self._start, 1),
            **{name: round(value, 5) for name, value in self._means(logs or {}).items()},
        }
        log, by = self._run.log, self._epochs.by
        best = not log or row[by] < min(earlier[by] for earlier in log)
        if self._run.cluster.chief:
            self._write(row, best=best)
        log.append(row)
        pace = (now - self._began) / (done - self._before)  # s per epoch
        self._progress(
            f"epoch {done}/{self._epochs.count}  {_losses(row)}"
            f"  {self._epochs.notes / pace:,.0f} notes/s  {(self._epochs.count - done) * pace / 60:.0f} min left"
        )
        if self.over:
            self.model.stop_training = True

    def _means(self, logs: Mapping[str, Any]) -> dict[str, float]:
        """The mean over the workers, each of which has seen its share."""
        values = self._run.cluster.mean([np.float64(value) for value in logs.values()])
        return {name: float(value) for name, value in zip(logs, values, strict=True)}

    def _write(self, row: Mapping[str, Any], *, best: bool) -> None:
        if best:
            _save(self.model, self._run.folder / BEST)
        _save(self.model, self._run.folder / LAST)
        with (self._run.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _losses(row: dict[str, Any]) -> str:
    held_out = f"  held out {row['val_loss']:.3f}" if "val_loss" in row else ""
    return f"train {row['loss']:.3f}{held_out}"


@contextmanager
def sole(folder: Path) -> Iterator[None]:
    """Lock the folder against other processes, and remove temporary files that a killed one left there.

    Raises:
        DataError: another process holds the lock.
    """
    (folder / LOCK).touch()
    busy = f"{folder}: another process is training there. Wait until it ends, or choose another folder with --out."
    with claimed(folder / LOCK, busy):
        for name in (RECIPE, LOG, BEST, LAST, CURVE):
            remove_drafts(folder / name)
        yield


def _save(model: keras.Model, path: Path) -> None:
    values = [*model.variables, *model.optimizer.variables]
    needed = sum(math.prod(value.shape) for value in values) * np.dtype(np.float32).itemsize + FORMAT
    if shutil.disk_usage(path.parent).free < needed:  # HDF5 crashes if the disk fills up while it writes
        raise StorageError(
            f"{path.parent}: not enough disk space for {needed / 1e6:.0f} MB of weights. Free some space, then give the"
            " same command again: it resumes after the last saved epoch."
        )
    with drafted(path) as draft:
        model.save_weights(draft)


def _replace(path: Path, text: str) -> None:
    with drafted(path) as draft:
        draft.write_text(text, encoding="utf-8")


def read_recipe(folder: Path) -> dict[str, Any]:
    """The settings of a run.

    Raises:
        DataError: the folder is not a run, or its recipe is damaged.
    """
    path = folder / RECIPE
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{folder}: not a run of livegen train: {RECIPE} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise DataError(f"{path}: damaged ({error}). Choose another folder.") from error
    if not isinstance(recipe, dict):
        raise DataError(f"{path}: damaged (not a JSON object). Choose another folder.")
    return recipe


def load_best(model: keras.Model, folder: Path) -> None:
    """Give a model the best weights of a run.

    Raises:
        DataError: the run has none yet, or they are damaged.
    """
    path = folder / BEST
    try:
        model.load_weights(path)
    except FileNotFoundError as error:
        raise DataError(f"{folder}: contains no {BEST} yet. Train for at least one epoch.") from error
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: damaged, or of another model. Choose another run.") from error


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The rows of a run's log, without a truncated last line."""
    path = folder / LOG
    rows: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def draw_curve(folder: Path) -> Path:
    """Plot the training loss and, if there is one, the held-out loss of a run. Returns the path of the picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    log = read_log(folder)
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for key, label in (("loss", "training"), ("val_loss", "held out")):
        if all(key in row for row in log):
            axes.plot([row["notes"] / 1e6 for row in log], [row[key] for row in log], label=label)
    axes.set(xlabel="Million notes", ylabel="Loss", title=folder.name)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(folder / CURVE, dpi=110)
    plt.close(figure)
    return folder / CURVE
