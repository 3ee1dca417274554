"""A run: what it keeps, and how it goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from livegen.engine.card import find
from livegen.errors import ConfigError, DataError, StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livegen.training.corpus import Piece
    from livegen.training.model import Pianist
    from livegen.training.train import Recipe


TRAINING = """
import json, sys
from pathlib import Path
import keras
from livegen.engine.plain import build
from livegen.training import corpus, train

plain, folder, out = map(Path, sys.argv[1:])
recipe = build(train.Recipe, json.loads(plain.read_text()))
train.train(recipe, corpus.read_folder(folder).pieces, out, lambda _: None)
print(keras.backend.backend())
"""


@dataclass(frozen=True)
class Trained:
    """A run to its end."""

    pianist: Pianist
    told: list[str]
    half: Path  # its folder as it was after the first of two epochs, as if it had been killed there


@pytest.fixture(scope="module")
def trained(recipe: Recipe, pieces: Sequence[Piece], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    from livegen.training.train import train

    whole, half = (tmp_path_factory.mktemp("runs") / name for name in ("whole", "half"))
    told: list[str] = []

    def progress(line: str) -> None:
        told.append(line)
        if line.startswith("epoch 1/"):
            shutil.copytree(whole, half)

    return Trained(train(recipe, pieces, whole, progress), told, half)


def test_a_killed_run_goes_on_as_if_nothing_had_been(recipe: Recipe, pieces: Sequence[Piece], trained: Trained) -> None:
    from livegen.training import run
    from livegen.training.train import train

    assert [line.partition(" ")[0] for line in trained.told] == ["training", "epoch", "epoch"]
    assert "train" in trained.told[1] and "min left" in trained.told[1]
    half, told = trained.half, []
    assert len(run.read_log(half)) == 1
    assert (half / run.BEST).exists()
    again = train(recipe, pieces, half, told.append)
    assert told[1].startswith("resuming after epoch 1")
    for a, b in zip(trained.pianist.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert run.draw_curve(half).stat().st_size > 1000
    assert any((half / run.BOARD).rglob("events*"))

    with pytest.raises(DataError, match="a run with other settings"):
        train(replace(recipe, seed=2), pieces, half, told.append)


def test_what_a_run_left_damaged(recipe: Recipe, pieces: Sequence[Piece], trained: Trained, tmp_path: Path) -> None:
    from livegen.training import run
    from livegen.training.train import train

    folder = tmp_path / "run"
    shutil.copytree(trained.half, folder)
    whole, *_ = run.read_log(folder)
    (folder / run.LOG).write_text(json.dumps(whole) + '\n{"step": 4, "no')
    (folder / f".99999999.{run.LAST}").write_bytes(b"killed in the midst of it")
    (folder / run.LAST).rename(folder / "away")
    with pytest.raises(DataError, match=r"last\.weights\.h5: missing or damaged"):
        train(recipe, pieces, folder, lambda _: None)
    (folder / "away").rename(folder / run.LAST)
    train(recipe, pieces, folder, lambda _: None)
    assert not list(folder.glob(".*"))
    assert run.read_log(folder)[0] == whole  # the line that was cut off is gone, and another in its place
    assert len(run.read_log(folder)) == 2
    with pytest.raises(ConfigError, match=r"cannot be created \(Not a directory\)"):
        train(recipe, pieces, folder / run.LOG / "below", lambda _: None)
    for content in ("", "[]"):
        (folder / run.RECIPE).write_text(content)
        with pytest.raises(DataError, match=r"recipe\.json: damaged"):
            train(recipe, pieces, folder, lambda _: None)


def test_weights_without_space_are_not_begun(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from livegen.training import run

    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1_000_000})())
    with pytest.raises(StorageError, match="not enough disk space for 1 MB"):
        run._save(trained.pianist, tmp_path / "weights.h5")
    assert not list(tmp_path.iterdir())


def test_two_processes_do_not_train_into_one_folder(recipe: Recipe, pieces: Sequence[Piece], tmp_path: Path) -> None:
    from livegen.training.run import sole
    from livegen.training.train import train

    run = tmp_path / "run"
    run.mkdir()
    with sole(run), pytest.raises(DataError, match="another process is training there"):
        train(recipe, pieces, run, lambda _: None)
    with sole(run):  # it was let go
        pass


def test_what_goes_on_from_a_model_begins_with_its_weights(
    recipe: Recipe, pieces: Sequence[Piece], trained: Trained, tmp_path: Path
) -> None:
    from livegen.training.train import train

    first = trained.pianist
    still = replace(recipe, learning_rate=1e-12, seed=5)
    told: list[str] = []
    second = train(still, pieces, tmp_path / "second", told.append, first)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    (before,) = (line.removeprefix("before: ") for line in told if line.startswith("before"))
    assert before in told[-1]  # it has not moved: held out as it was
    assert "held out" in told[0]

    pruned = replace(still, architecture=replace(still.architecture, units=6))
    assert train(pruned, pieces, tmp_path / "pruned", told.append, first).lstm[0].units == 6


def test_a_student_learns_from_the_notes_and_from_its_teachers(
    recipe: Recipe, pieces: Sequence[Piece], trained: Trained, tmp_path: Path
) -> None:
    from livegen.training import data
    from livegen.training.cluster import Cluster
    from livegen.training.model import built, untrained
    from livegen.training.student import Student, average
    from livegen.training.train import compiled, targets, train

    teachers = [trained.pianist, untrained(recipe.architecture)]
    student = built(Student(teachers, 0.75, recipe.architecture, 0.0))
    assert len(student.weights) == len(trained.pianist.weights)  # not the teachers'
    compiled(student, recipe, Cluster())
    tokens = next(data.crops([pieces[0].notes], length=recipe.length, batch=4, seed=0, augmentation=None))
    said = student(tokens)
    hard = student.compute_loss(tokens, targets(tokens), said, training=False)
    soft = student.compute_loss(tokens, targets(tokens), said, training=True)
    taught = average(teachers, tokens)
    cross = -sum((np.asarray(taught[name]) * _log_softmax(logits)).sum(axis=-1).mean() for name, logits in said.items())
    assert float(soft) == pytest.approx(0.25 * float(hard) + 0.75 * cross, rel=1e-4)

    run = tmp_path / "taught"
    told: list[str] = []
    master = find("livegen").training
    train(replace(recipe, teachers=(master,)), pieces, run, told.append, teachers=[trained.pianist])
    assert json.loads((run / "recipe.json").read_text())["teachers"] == [asdict(master)]
    assert any(line.startswith("epoch") for line in told)


def test_keras_other_backend_trains_as_well(
    kept_folder: Path, recipe: Recipe, pieces: Sequence[Piece], tmp_path: Path
) -> None:
    """In a process of its own: Keras has one backend for all of its life."""
    from livegen.training.run import LOG, read_log
    from livegen.training.ship import load
    from livegen.training.train import train

    recipe = replace(recipe, length=4)  # JAX compiles each note by itself
    run, plain = tmp_path / "run", tmp_path / "recipe.json"
    plain.write_text(json.dumps(asdict(recipe)))
    quick = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"  # to compile
    environ = os.environ | {"KERAS_BACKEND": "jax", "XLA_FLAGS": quick}
    command = [sys.executable, "-c", TRAINING, str(plain), str(kept_folder), str(run)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "jax\n"
    first, last = read_log(run)

    before = ""

    def until_it_is_loaded(line: str) -> None:
        nonlocal before
        if line.startswith("before"):
            before = line
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, pieces, tmp_path / "then", until_it_is_loaded, start=load(run))
    best = min(first["val_loss"], last["val_loss"])
    assert float(before.rpartition(" ")[2]) == pytest.approx(best, abs=1e-3)

    told: list[str] = []
    (run / LOG).write_text(json.dumps(first) + "\n")  # as if it had been stopped
    train(recipe, pieces, run, told.append)
    assert any(line.startswith("resuming after epoch 1") for line in told)
    assert len(read_log(run)) == 2


def _log_softmax(logits: Any) -> NDArray[np.float32]:
    logits = np.asarray(logits)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def test_an_evening_is_gone_through_in_a_few_small_steps() -> None:
    from livegen.training.train import Recipe, fine_tuning

    evening = fine_tuning(16_720)
    assert evening.steps % evening.epoch == 0  # so that the learning rate comes to its end
    assert 2 < evening.steps * evening.batch * (evening.length - 1) / 16_720 < 4
    assert evening.learning_rate < Recipe().learning_rate / 2
    assert fine_tuning(16_720, 5).steps == 5
    one_phrase = fine_tuning(50)
    assert one_phrase.steps >= one_phrase.epoch >= one_phrase.warmup >= 1
