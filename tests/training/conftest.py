from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from training_runs import TutorialRun

import livegen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livegen.training.corpus import Piece
    from livegen.training.model import Pianist
    from livegen.training.train import Recipe

DEMO = Path(livegen.__file__).parent / "demo"


def demo_pieces(folder: Path) -> Path:
    """The classical demo pieces alone in a folder, for reading a folder leaves a cache there."""
    return shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", ".*", "[6-9]-*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Some MIDI files of our own."""
    return demo_pieces(tmp_path / "midi")


@pytest.fixture(scope="session")
def kept_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, for tests that only read it."""
    return demo_pieces(tmp_path_factory.mktemp("demo") / "midi")


@pytest.fixture(scope="session")
def recipe(tensorflow: None) -> Recipe:
    """A short run of a tiny model."""
    from livegen.training.model import Architecture
    from livegen.training.train import Recipe

    tiny = Architecture(units=8, layers=1, hidden=4, embedding=(2, 2, 2, 2, 2))
    return Recipe(steps=4, epoch=2, batch=4, length=9, warmup=1, dropout=0.2, held_out_batches=1, architecture=tiny)


@pytest.fixture(scope="session")
def pieces(kept_folder: Path) -> Sequence[Piece]:
    """What it is trained on."""
    from livegen.training.corpus import read_folder

    return read_folder(kept_folder).pieces


@pytest.fixture(scope="session")
def pianist(tensorflow: None) -> Pianist:
    """Random weights everywhere: those that start at zero would hide what is left out."""
    from livegen.training.model import Architecture, Pianist

    pianist = Pianist(Architecture(units=16, layers=2, hidden=8, embedding=(4, 6, 3, 5, 2)))
    pianist(np.zeros((1, 3, 5), np.int32))
    random = np.random.default_rng(3)
    for weight in pianist.weights:
        weight.assign(random.normal(0, 0.3, weight.shape))
    return pianist


@pytest.fixture(scope="session")
def float_file(pianist: Pianist) -> bytes:
    """That pianist's LiteRT file, in float32."""
    from livegen.training import export

    return export.litert(pianist, quantise=False)


@pytest.fixture(scope="session")
def int8_file(pianist: Pianist) -> bytes:
    from livegen.training import export

    return export.litert(pianist, quantise=True)


@pytest.fixture(scope="session")
def tutorial_run(tensorflow: None, kept_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> TutorialRun:
    return TutorialRun.on(kept_folder, tmp_path_factory.mktemp("runs") / "tutorial")
