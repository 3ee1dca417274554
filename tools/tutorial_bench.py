"""Compares the tutorial's data pipeline with that of the preset: seconds, for the same files in one run.

    python -m tools.tutorial_bench --data data/maestro-v2.0.0

"read": parsing the files, by pretty_midi and by livegen, without the preset's cache. "batches": iterating over all
batches without using them. "training": training the model on them, from the same weights; the first epoch includes the
compilation of the graph. The tutorial concatenates all files, and tf.data cuts windows from them one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import click
import keras
import numpy as np
import pretty_midi
import tensorflow as tf

from livegen.cli.runner import COUNT, PATH, Numeric, module
from livegen.config.values import Number
from livegen.training.corpus import Piece, read_folder
from livegen.training.data import read_notes
from livegen.training.tutorial.model import LOSS_WEIGHTS, SCALE, build
from livegen.training.tutorial.train import TutorialRecipe, dataset

Reading = Callable[[Sequence[Path], TutorialRecipe], Callable[[], tf.data.Dataset]]
"""Parses files, and returns a function that makes batches."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: for parsing, for the first epoch, and the median of the later epochs."""

    read: float
    batches: tuple[float, float]
    training: tuple[float, float]
    loss: float  # in the last epoch

    @property
    def seconds(self) -> tuple[float, ...]:
        return (self.read, *self.batches, *self.training)


def tutorial_way(paths: Sequence[Path], recipe: TutorialRecipe) -> Callable[[], tf.data.Dataset]:
    rows: list[tuple[float, float, float]] = []
    for path in paths:
        notes = sorted(pretty_midi.PrettyMIDI(str(path)).instruments[0].notes, key=lambda note: note.start)
        before = notes[0].start
        for note in notes:
            rows.append((note.pitch, note.start - before, note.end - note.start))
            before = note.start
    length, joined = recipe.window + 1, np.array(rows)

    def split(window: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        return window[:-1] / SCALE, {name: window[-1, i] for i, name in enumerate(LOSS_WEIGHTS)}

    def batches() -> tf.data.Dataset:
        windows = tf.data.Dataset.from_tensor_slices(joined).window(length, shift=1, drop_remainder=True)
        flat = windows.flat_map(lambda window: window.batch(length, drop_remainder=True))
        examples = flat.map(split, num_parallel_calls=tf.data.AUTOTUNE).shuffle(len(joined) - recipe.window)
        count = (len(joined) - recipe.window) // recipe.batch  # otherwise Keras warns that it ran out of data
        whole = examples.batch(recipe.batch, drop_remainder=True).apply(tf.data.experimental.assert_cardinality(count))
        return whole.cache().prefetch(tf.data.AUTOTUNE)

    return batches


def preset_way(paths: Sequence[Path], recipe: TutorialRecipe) -> Callable[[], tf.data.Dataset]:
    pieces = [Piece(path.name, read_notes(path), "") for path in paths]
    return lambda: dataset(pieces, recipe)


def measure(way: Reading, paths: Sequence[Path], recipe: TutorialRecipe, epochs: int) -> Timing:
    """Time each part of a pipeline, over at least two epochs."""
    losses: list[float] = []
    began = perf_counter()
    make = way(paths, recipe)
    read = perf_counter() - began

    keras.utils.set_random_seed(recipe.seed)
    model = build(recipe.units, recipe.learning_rate)

    def go_through(batches: tf.data.Dataset) -> None:
        for _ in batches:
            pass

    def fit(batches: tf.data.Dataset) -> None:
        losses.append(model.fit(batches, shuffle=False, verbose=0).history["loss"][0])

    return Timing(read, _epochs(make, go_through, epochs), _epochs(make, fit, epochs), losses[-1])


def _epochs(
    make: Callable[[], tf.data.Dataset], epoch: Callable[[tf.data.Dataset], None], count: int
) -> tuple[float, float]:
    began = perf_counter()
    batches = make()
    seconds = []
    for _ in range(count):
        epoch(batches)
        seconds.append(perf_counter() - began)
        began = perf_counter()
    return seconds[0], median(seconds[1:])


def text(ways: dict[str, Timing]) -> str:
    """A table. The last line is the speed of the second pipeline, relative to the first."""
    columns = ("read", "batches: first", "later", "training: first", "later", "loss")
    lines = [" " * 24 + "".join(column.rjust(16) for column in columns)]
    for name, timing in ways.items():
        cells = (*(f"{seconds:.2f} s" for seconds in timing.seconds), f"{timing.loss:.4f}")
        lines.append(name.ljust(24) + "".join(cell.rjust(16) for cell in cells))
    first, second = (timing.seconds for timing in ways.values())
    ratios = "".join(f"{a / b:.1f}".rjust(16) for a, b in zip(first, second, strict=True))
    return "\n".join([*lines, "times as fast".ljust(24) + ratios])


@click.command()
@click.option("--data", "folder", metavar="DIR", type=PATH, required=True, help="A folder of MIDI files.")
@click.option(
    "--files",
    type=COUNT,
    default=TutorialRecipe().files,
    show_default=True,
    help="Use only the first N files.",
)
@click.option("--epochs", type=Numeric(Number(2, 50, whole=True)), default=3, show_default=True)
def main(folder: Path, files: int, epochs: int) -> None:
    """Compare the tutorial's data pipeline with that of the preset: seconds, for the same files."""
    found = read_folder(folder, files)
    paths = [folder / piece.name for piece in found.pieces]
    ways: dict[str, Reading] = {"the tutorial's pipeline": tutorial_way, "--preset tutorial": preset_way}
    click.echo(f"{len(paths)} files, {sum(len(piece.notes) for piece in found.pieces):,} notes")
    click.echo(text({name: measure(way, paths, TutorialRecipe(), epochs) for name, way in ways.items()}))


if __name__ == "__main__":
    module(main, "tools.tutorial_bench")
