"""Exports a training run as a model folder that the daemon loads."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf

from livegen.data.sets import MAESTRO, SHARE_ALIKE, credit, found_in
from livegen.encoding import SCHEME
from livegen.engine import litert, tensorflow
from livegen.engine.card import CARD, LICENCE, Card, Checksum, Training
from livegen.engine.plain import build
from livegen.errors import ConfigError, DataError
from livegen.files import try_out, unwritable
from livegen.note import WINDOW
from livegen.training import Progress, export
from livegen.training.corpus import Piece, hold_out, known_set, pieces_of, read_folders, short, title
from livegen.training.data import Notes
from livegen.training.evaluate import (
    COUNTED,
    WINDOWS,
    Window,
    evaluate,
    read_pieces,
    refuse_seen,
    sample_windows,
    standard_error,
    validated,
    windows_of,
)
from livegen.training.lineage import data_of, told_once
from livegen.training.model import Architecture, Pianist, untrained
from livegen.training.run import HASHES, RECIPE, load_best, read_log, read_recipe

INT8_MAY_COST = 0.01
"""Nats per note, paired on the same windows: int8 weights are used, for their speed, if they cost at most this."""

OWN_LICENCE, OWN_CREDIT = "not named", "Trained on its maker's own data. The code of livegen is under Apache-2.0."
"""For the card of a model that was trained on no data set that livegen knows."""

CHOSEN_BY = 4000  # windows of held-out pieces, at most, to choose the type of the weights by


@dataclass(frozen=True, slots=True)
class Validation:
    """The data that a model is evaluated on."""

    folder: Path  # of a data set
    windows: Sequence[Window]

    @classmethod
    def of(cls, folder: Path, listed: Path | None = None) -> Validation:
        """A data set's validation split.

        Args:
            folder: of the data set.
            listed: a list of windows; by default that of the data set, or random windows.

        Raises:
            DataError: there is no validation split, or the list is damaged.
        """
        known = known_set(folder)
        pieces = () if listed or (known and known.name in WINDOWS) else pieces_of(folder, "validation")
        return cls(folder, windows_of(folder, pieces, listed))

    def read(self, name: str, seen: Set[str]) -> dict[str, Notes]:
        """The notes of each piece.

        Raises:
            DataError: a file is missing or damaged, or the model `name` has `seen` it.
        """
        pieces = read_pieces(self.folder, self.windows)
        sha256 = {piece: hashlib.sha256((self.folder / piece).read_bytes()).hexdigest() for piece in pieces}
        refuse_seen(name, seen, sha256)
        return pieces


def load(run: Path) -> Pianist:
    """The pianist of a run, with the best weights.

    Raises:
        DataError: the folder is not a run, or the run has another encoding or context length.
    """
    recipe = read_recipe(run)
    if recipe.get("preset") == "tutorial":
        raise DataError(f"{run}: the daemon does not play the tutorial's model. Train a model with --preset livegen.")
    for name, ours in (("scheme", SCHEME), ("window", WINDOW)):
        theirs = recipe.get(name, "unknown (an older livegen did not store it)")
        if theirs != ours:
            raise DataError(
                f"{run}: its {name} is {theirs}; this livegen needs {ours}."
                " Export it with the livegen that trained it, or train again."
            )
    try:
        pianist = untrained(build(Architecture, recipe["architecture"]), recipe["dropout"])
    except (ValueError, KeyError) as error:
        raise DataError(f"{run / RECIPE}: damaged ({error}). Choose another run.") from error
    load_best(pianist, run)
    return pianist


def trained(run: Path, name: str, pieces: Sequence[Piece]) -> Training:
    """How the best pianist of a run was trained, including the model that it started from and the teachers.

    Args:
        run: its folder.
        name: of the data, for messages.
        pieces: that it was trained on.
    """
    best: dict[str, Any] = min(read_log(run), key=lambda row: row["val_loss"])
    recipe = read_recipe(run)
    recipe.pop(HASHES, None)
    data = f"{name}, without the pieces held out to choose the best weights"
    notes, minutes = int(best["notes"]), float(best["seconds"]) / 60
    seen = {short(piece.sha256) for piece in pieces}
    start, teachers = _before(run, recipe)
    if start is not None:
        recipe["start"] = start.recipe
        notes, minutes = start.notes + notes, start.minutes + minutes
    recipe["teachers"] = [teacher.recipe for teacher in teachers]
    for each in (*teachers, *([start] if start else ())):
        seen.update(each.hashes.split())
    return Training(
        data=data_of([*([start.data] if start else ()), data], [teacher.data for teacher in teachers]),
        files=len(seen),
        hashes=" ".join(sorted(seen)),
        notes=notes,
        minutes=round(minutes, 1),
        date=datetime.now(UTC).date().isoformat(),
        recipe=told_once(recipe),
    )


def _before(run: Path, recipe: Mapping[str, Any]) -> tuple[Training | None, list[Training]]:
    """How the model that a run started from was trained, if there is one, and how its teachers were trained."""
    start, teachers = recipe.get("start"), recipe.get("teachers", ())
    try:
        return build(Training, start) if start else None, [build(Training, teacher) for teacher in teachers]
    except ValueError as error:
        raise DataError(f"{run / RECIPE}: this livegen cannot read its entries start or teachers ({error}).") from error


def _trained_on(run: Path, pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The pieces that the run was given, without files that were added to the folders later.

    Raises:
        DataError: some of them are missing.
    """
    hashes = read_recipe(run).get(HASHES)
    if hashes is None:  # a run of an older livegen
        return pieces
    given = set(hashes.split())
    found = [piece for piece in pieces if short(piece.sha256) in given]
    if lacking := len(given) - len({short(piece.sha256) for piece in found}):
        raise DataError(
            f"{run}: {lacking} of the {len(given)} files that it was trained on are missing from --data, or have"
            " changed. Give the same --data as in training."
        )
    return found


def _name(folder: Path) -> str:
    known = known_set(folder)
    return known.name if known else title(folder)


def credited(card: Card) -> Card:
    """The card, with the licences and sources of the data sets that its model, its start and its teachers know."""
    sets = found_in(card.training.data, card.training.hashes.split())
    if sets == (MAESTRO,):
        return card
    if not sets:
        return replace(card, licence=OWN_LICENCE, credit=OWN_CREDIT)
    alike = any(each.licence == SHARE_ALIKE for each in sets)
    return replace(card, licence=LICENCE if alike else OWN_LICENCE, credit=credit(sets))


@contextmanager
def _written(out: Path) -> Iterator[None]:
    """Turn the errors of TensorFlow and Python for a full disk into a clear one."""
    again = "Fix this, then export again."
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise unwritable(out, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), again) from error
    except OSError as error:
        raise unwritable(out, error, again) from error


def ship(
    run: Path, folders: Sequence[Path], out: Path, progress: Progress = print, validations: Sequence[Validation] = ()
) -> Card:
    """Export a run's best pianist, choose the type of its weights, evaluate it, and write it to `out`.

    Args:
        run: the folder of the run.
        folders: the data that it was trained on.
        out: the model's folder. An existing model is replaced when the new one is complete.
        progress: gets progress messages, one line at a time.
        validations: the data sets to evaluate it on.

    Raises:
        ConfigError: `out` is not a model's folder, or cannot be created.
        DataError: there is no run or no data, or the validation data contains training pieces.
        StorageError: the disk is full. Temporary files are removed, and an existing model stays.
    """
    if out.exists() and not (out / CARD).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(
            f"{out}: not empty, and not a model. Choose a new folder, or an existing model to replace, with --out."
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try_out(out / CARD if out.is_dir() else out)
    except OSError as problem:
        raise ConfigError(
            f"{out}: cannot be created ({problem.strerror}). Choose another folder with --out."
        ) from problem
    pianist = load(run)
    a = pianist.architecture
    corpus = read_folders(folders)
    kept, held = hold_out(_trained_on(run, corpus.pieces), WINDOW + 1)
    training = trained(run, corpus.name, kept)
    seen = set(training.hashes.split())
    new_to_it = [each.read(out.name, seen) for each in validations]
    notes = {piece.name: piece.notes for piece in held}
    chosen_by = sample_windows(held, CHOSEN_BY)
    with _written(out), TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        new = Path(name) / "new"
        export.save(pianist, new / tensorflow.FOLDER)
        content, small = (export.litert(pianist, quantise=quantise) for quantise in (False, True))
        costs, small_costs = (evaluate(each, a.memory, chosen_by, notes) for each in (content, small))
        difference = (small_costs - costs)[:, :COUNTED].sum(axis=1)
        error = standard_error(difference, chosen_by)  # NaN for a single piece
        fit = difference.mean() <= INT8_MAY_COST
        progress(
            f"int8 weights increase the loss by {difference.mean():.4f}{'' if isnan(error) else f' +- {error:.4f}'}"
            f" nats per note on {len(chosen_by)} windows of held-out pieces"
            f"{'' if fit else f', more than {INT8_MAY_COST}: the model stays float32, about three times slower'}"
        )
        content = small if fit else content
        (new / litert.FILE).write_bytes(content)
        files = sorted(path for path in new.rglob("*") if path.is_file())
        figures = {
            _name(each.folder): validated(content, a.memory, each.windows, pieces)
            for each, pieces in zip(validations, new_to_it, strict=True)
        }
        described = Card(
            folder=out,
            name=out.name,
            title=f"Pianist: LSTM, {a.layers} layers of {a.units} units, with attention",
            scheme=SCHEME,
            window=WINDOW,
            architecture=a.to_dict(),
            memory=a.memory,
            training=training,
            figures=figures.pop(MAESTRO.name, None),
            files={path.relative_to(new).as_posix(): Checksum.of(path.read_bytes()) for path in files},
        )
        described = credited(replace(described, more_figures=figures))
        (new / CARD).write_text(described.to_json(), encoding="utf-8")
        if out.exists():
            shutil.move(out, Path(name) / "old")
        shutil.move(new, out)
    return described
