"""A run: what it keeps, how it goes on, and what it is given."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livegen.training.corpus import Piece
    from livegen.training.model import Pianist
    from livegen.training.train import Recipe


@pytest.fixture(scope="module")
def recipe(tensorflow: None) -> Recipe:
    from livegen.training.model import Architecture
    from livegen.training.train import Recipe

    tiny = Architecture(units=8, layers=1, hidden=4, embedding=(2, 2, 2, 2, 2))
    return Recipe(steps=4, epoch=2, batch=4, length=9, warmup=1, held_out_batches=1, architecture=tiny)


@pytest.fixture(scope="module")
def pieces(kept_folder: Path) -> Sequence[Piece]:
    from livegen.training.corpus import read_folder

    return read_folder(kept_folder).pieces


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

    def tell(line: str) -> None:
        told.append(line)
        if line.startswith("epoch 1/"):
            shutil.copytree(whole, half)

    return Trained(train(recipe, pieces, whole, tell), told, half)


def test_a_killed_run_goes_on_as_if_nothing_had_been(recipe: Recipe, pieces: Sequence[Piece], trained: Trained) -> None:
    from livegen.training import run
    from livegen.training.train import train

    assert len(trained.told) == 2
    assert "train" in trained.told[0] and "min left" in trained.told[0]
    half, told = trained.half, []
    assert len(run.read_log(half)) == 1
    assert (half / run.BEST).exists()
    again = train(recipe, pieces, half, told.append)
    assert told[0].startswith("goes on after epoch 1")
    for a, b in zip(trained.pianist.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert run.draw_curve(half).stat().st_size > 1000
    assert any((half / run.BOARD).rglob("events*"))

    with pytest.raises(DataError, match="another recipe"):
        train(replace(recipe, seed=2), pieces, half, told.append)


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
    second = train(still, pieces, tmp_path / "second", lambda _: None, first)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_bad_files_are_skipped_and_named(folder: Path) -> None:
    from livegen.training.corpus import read_folder

    (folder / "bad.mid").write_text("no MIDI")
    found = read_folder(folder)
    assert len(found.pieces) == 5
    assert [problem for problem in found.skipped if "bad.mid" in problem] == list(found.skipped)


def test_files_are_parsed_once_and_again_when_they_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from livegen.training import corpus

    before = corpus.read_folder(folder)
    parsed: list[Path] = []
    real = corpus.read_notes
    monkeypatch.setattr(corpus, "read_notes", lambda path: (parsed.append(path), real(path))[1])
    again = corpus.read_folder(folder)
    assert not parsed
    assert [(p.name, p.sha256) for p in again.pieces] == [(p.name, p.sha256) for p in before.pieces]
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(again.pieces, before.pieces, strict=True))
    name = before.pieces[0].name
    shutil.copy(folder / before.pieces[1].name, folder / name)
    changed = corpus.read_folder(folder)
    assert parsed == [folder / name]
    assert changed.pieces[0].sha256 == before.pieces[1].sha256


@pytest.mark.parametrize(("content", "problem"), [(None, "no MIDI file"), ("no MIDI", "none of its 1 MIDI files")])
def test_nothing_to_train_on_is_an_error(tmp_path: Path, content: str | None, problem: str) -> None:
    from livegen.training.corpus import read_folder

    if content:
        (tmp_path / "bad.midi").write_text(content)
    with pytest.raises(DataError, match=problem):
        read_folder(tmp_path)
    with pytest.raises(DataError, match="not a folder"):
        read_folder(tmp_path / "gone")


def test_some_pieces_are_held_out_and_never_trained_on(folder: Path) -> None:
    from livegen.training.corpus import hold_out, read_folder

    pieces = read_folder(folder).pieces
    kept, held = hold_out(pieces)
    assert held and kept
    assert {p.name for p in kept} | {p.name for p in held} == {p.name for p in pieces}
    assert not {p.name for p in kept} & {p.name for p in held}
