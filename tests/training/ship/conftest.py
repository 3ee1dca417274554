"""A run of a small model, and folders like those of the data sets."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from shipping import write_piece

from livegen.encoding import SCHEME
from livegen.note import WINDOW

if TYPE_CHECKING:
    from livegen.training.model import Pianist


@pytest.fixture
def maestro(tmp_path: Path) -> Path:
    """A folder like MAESTRO's, of a few pieces."""
    folder = tmp_path / "maestro"
    folder.mkdir()
    with (folder / "maestro-v2.0.0.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["split", "midi_filename"])
        for i, split in enumerate(["train", "train", "train", "validation", "validation"]):
            write_piece(folder / f"{i}.midi", i)
            table.writerow([split, f"{i}.midi"])
    return folder


@pytest.fixture
def run(pianist: Pianist, tmp_path: Path) -> Path:
    """What a training run leaves."""
    folder = tmp_path / "run"
    folder.mkdir()
    pianist.save_weights(folder / "best.weights.h5")
    recipe = {"steps": 3, "architecture": pianist.architecture.to_dict(), "dropout": 0.0}
    (folder / "recipe.json").write_text(json.dumps(recipe | {"scheme": SCHEME, "window": WINDOW}))
    rows = [{"step": k, "notes": 1000 * k, "seconds": 60.0 * k, "val_loss": abs(k - 2)} for k in (1, 2, 3)]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(autouse=True)
def _few_windows(tensorflow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece of 60 notes has but 35 of them."""
    from livegen.training import ship
    from livegen.training.tutorial import baseline

    monkeypatch.setattr(ship, "CHOSEN_BY", 60)
    monkeypatch.setattr(baseline, "FITTED_ON", 100)


@pytest.fixture(autouse=True)
def _converted_once(
    tensorflow: None, monkeypatch: pytest.MonkeyPatch, converted: dict[tuple[object, ...], Any], tmp_path_factory: Any
) -> None:
    """The same weights give the same files, and a conversion takes seconds."""
    from livegen.training import export

    save, litert = export.save, export.litert

    def key(pianist: Pianist) -> bytes:
        return b"".join(weight.tobytes() for weight in pianist.get_weights())

    def saved(pianist: Pianist, folder: Path) -> None:
        kept = converted.get(("save", key(pianist)))
        if kept is None:
            kept = converted["save", key(pianist)] = tmp_path_factory.mktemp("saved") / "model"
            save(pianist, kept)
        shutil.copytree(kept, folder)

    def content(pianist: Pianist, *, quantise: bool) -> bytes:
        known = (quantise, key(pianist))
        if known not in converted:
            converted[known] = litert(pianist, quantise=quantise)
        return converted[known]

    monkeypatch.setattr(export, "save", saved)
    monkeypatch.setattr(export, "litert", content)


@pytest.fixture(scope="session")
def converted() -> dict[tuple[object, ...], Any]:
    return {}


@pytest.fixture
def pop909(tmp_path: Path) -> Path:
    """A folder like POP909's, of a few pieces."""
    folder = tmp_path / "pop909"
    folder.mkdir()
    rows = []
    for i, split in enumerate(["train", "train", "validation", "validation"], 10):
        write_piece(folder / f"{i}.mid", i)
        rows.append(f"{i}.mid,{split}\n")
    (folder / "pop909.csv").write_text("midi_filename,split\n" + "".join(rows))
    return folder
