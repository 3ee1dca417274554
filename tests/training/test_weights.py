"""Folders whose notes count several times: `livegen train --data DIR:WEIGHT`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen.cli.main import main
from livegen.training.corpus import Piece, read_folders

if TYPE_CHECKING:
    from livegen.training.train import Recipe


@pytest.fixture
def more(folder: Path, tmp_path: Path) -> Path:
    """A second folder, which takes three of the files."""
    other = tmp_path / "more"
    other.mkdir()
    for path in sorted(folder.glob("*.mid"))[:3]:
        path.rename(other / path.name)
    return other


def test_each_note_counts_as_if_its_file_were_there_several_times(
    tensorflow: None, folder: Path, more: Path, tmp_path: Path
) -> None:
    """In training and among the held-out pieces: the same losses, epoch by epoch."""
    from livegen.training.data import crops
    from livegen.training.model import Architecture
    from livegen.training.run import read_log
    from livegen.training.train import Recipe, train, weighted

    tiny = Architecture(units=8, layers=1, hidden=4, embedding=(2, 2, 2, 2, 2))
    recipe = Recipe(steps=4, epoch=2, batch=4, length=9, warmup=1, held_out_batches=1, architecture=tiny)
    once = read_folders([folder, more]).pieces
    thrice = read_folders([folder, more], weights=[1, 3]).pieces
    repeated = [piece for piece in once for _ in range(3 if (more / piece.name).exists() else 1)]
    losses = {}
    for name, pieces in (("thrice", thrice), ("repeated", repeated)):
        train(recipe, pieces, tmp_path / name, lambda _: None)
        losses[name] = np.array([(row["loss"], row["val_loss"]) for row in read_log(tmp_path / name)])
    np.testing.assert_allclose(losses["thrice"], losses["repeated"], atol=1e-4)
    heard = [
        next(crops(weighted(pieces), length=9, batch=4, seed=1, augmentation=None))
        for pieces in (once, thrice, repeated)
    ]
    assert (heard[0] != heard[1]).any() and (heard[1] == heard[2]).all()  # so the losses would tell if nothing counted


def test_a_file_in_two_folders_counts_as_often_as_in_either(folder: Path, tmp_path: Path) -> None:
    twin, *rest = sorted(folder.glob("*.mid"))
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(twin, other / twin.name)
    for weights in ((1, 3), (3, 1)):
        found = read_folders([folder, other], weights=weights)
        assert [piece.weight for piece in found.pieces] == [3, *[weights[0]] * len(rest)]
        assert found.weights == weights
    assert [piece.weight for piece in read_folders([folder], weights=[2]).pieces] == [2] * (len(rest) + 1)


def test_the_command_takes_weights_and_the_recipe_keeps_them(
    tensorflow: None, folder: Path, more: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livegen.training import train

    taken: list[tuple[Recipe, dict[str, int]]] = []

    def instead(recipe: Recipe, pieces: Sequence[Piece], *_: object) -> None:
        taken.append((recipe, {piece.name: piece.weight for piece in pieces}))
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train", instead)
    named = more.rename(tmp_path / "take:2")  # a name that looks like a weight
    words = ["train", "--out", str(tmp_path / "run"), "--data", str(folder)]
    for data, weights in (((f"{named}:3",), (1, 3)), ((str(named),), (1, 1)), ((f"{named}:1",), (1, 1))):
        assert main([*words, "--data", *data]) == 130
        recipe, of = taken.pop()
        assert recipe.weights == weights
        expected = {path.name: weights[0] for path in folder.glob("*.mid")}
        assert of == expected | {path.name: weights[1] for path in named.glob("*.mid")}


@pytest.mark.parametrize("weight", ["0", "-1", "1.5", "101", "", "two", "٣"])
def test_another_weight_is_refused(folder: Path, weight: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--data", f"{folder}:{weight}", "--out", "run"]) == 2
    assert "the weight must be a whole number from 1 to 100" in capsys.readouterr().err


def test_the_preset_tutorial_has_no_weights(
    tensorflow: None, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--preset", "tutorial", "--out", str(tmp_path / "run")]
    assert main(["train", "--data", f"{folder}:2", *words]) == 78
    assert "the preset tutorial does not support weights" in capsys.readouterr().err
