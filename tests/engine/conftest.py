from __future__ import annotations

from pathlib import Path

import pytest

from livegen.encoding import SCHEME
from livegen.engine import litert
from livegen.engine.card import CARD, Card, Checksum, Figures, Training, find, read
from livegen.note import WINDOW


@pytest.fixture(scope="session")
def shipped() -> Card:
    """The model that comes with livegen."""
    return find("livegen")


def write_card(folder: Path, memory: int) -> Card:
    """A card for the files that lie in a folder."""
    files = {
        path.relative_to(folder).as_posix(): Checksum.of(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != CARD
    }
    training = Training("nothing", 0, "", 0, 0.0, "2000-01-01", {})
    figures = Figures(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, {})
    card = Card(folder, folder.name, "random weights", SCHEME, WINDOW, {}, memory, training, figures, files)
    (folder / CARD).write_text(card.to_json(), encoding="utf-8")
    return read(folder)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, tensorflow: None) -> Card:
    """A small model of random weights, exported by the real export: a SavedModel and float32 LiteRT files."""
    import numpy as np

    from livegen.training import export
    from livegen.training.model import Architecture, Pianist

    pianist = Pianist(Architecture(units=16, layers=2, hidden=8, embedding=(4, 6, 3, 5, 2)))
    pianist(np.zeros((1, 3, 5), np.int32))
    random = np.random.default_rng(1)
    for weight in pianist.weights:
        weight.assign(random.normal(0, 0.3, weight.shape))
    folder = tmp_path_factory.mktemp("models") / "tiny"
    export.save(pianist, folder / "saved_model")
    (folder / litert.FILE).write_bytes(export.litert(pianist, quantise=False))
    return write_card(folder, pianist.architecture.memory)
