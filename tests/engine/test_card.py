from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from livegen.engine import card
from livegen.engine.card import Card
from livegen.errors import ModelError


@pytest.fixture
def copy(shipped: Card, tmp_path: Path) -> Path:
    """A folder with the shipped model in it, to spoil."""
    return Path(shutil.copytree(shipped.folder, tmp_path / "copy"))


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / card.CARD
    plain = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**plain, **changes}), encoding="utf-8")


def test_the_shipped_model_is_whole_and_credited(shipped: Card) -> None:
    assert all(shipped.read_file(name) for name in shipped.files)
    assert {"model.tflite", "saved_model/saved_model.pb"} <= shipped.files.keys()
    assert shipped.licence == "CC BY-NC-SA 4.0"
    assert all(name in shipped.credit for name in ("Hawthorne", "Foscarin", "(c) 2020 Music X Lab"))
    for figures in (shipped.figures, shipped.more_figures["POP909"]):
        assert 5 < figures.total < 14
        parts = (figures.step, figures.pitch, figures.velocity, figures.duration)
        assert sum(parts) == pytest.approx(figures.total, abs=1e-3)


def test_a_card_comes_back_as_it_was_written(shipped: Card, copy: Path) -> None:
    (copy / card.CARD).write_text(shipped.to_json(), encoding="utf-8")
    assert card.read(copy) == shipped


def test_a_whole_number_serves_as_a_figure(copy: Path, shipped: Card) -> None:
    rewrite(copy, figures={**asdict(shipped.figures), "total": 10, "contexts": {"25": 10}})
    total = card.read(copy).figures.total
    assert (total, type(total)) == (10.0, float)


def test_a_model_is_found_by_name_or_folder(shipped: Card, copy: Path) -> None:
    assert card.folders()["livegen"] == shipped.folder
    assert card.find(str(copy)).folder == copy
    with pytest.raises(ModelError, match=r"'livegenn'.* Did you mean livegen\?"):
        card.find("livegenn")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 1}, "has format 1"),
        ({"scheme": "other-1:8x8"}, "needs the encoding other-1:8x8"),
        ({"window": 50}, "needs 50 notes of context"),
        ({"window": True}, "window must be of type int"),
        ({"colour": "blue"}, "unknown key colour"),
        ({"memory": 1.5}, "memory must be of type int"),
        ({"architecture": [1]}, "architecture must be of type dict"),
        ({"figures": {"windows": 1.5}}, "figures"),
        ({"files": {"a.tflite": {"sha256": 3, "size": 1}}}, r"files\.a\.tflite\.sha256 must be of type str"),
        ({"name": None}, "name must be of type str"),
    ],
)
def test_a_foreign_card_is_refused(copy: Path, changes: dict[str, Any], said: str) -> None:
    rewrite(copy, **changes)
    with pytest.raises(ModelError, match=said) as caught:
        card.read(copy)
    assert str(copy / card.CARD) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "not JSON"), (b"\xff\xfe", "not JSON"), (b"[]", "not the card"), (b"{}", "not the card")],
)
def test_what_is_no_card_is_refused(copy: Path, content: bytes, said: str) -> None:
    (copy / card.CARD).write_bytes(content)
    with pytest.raises(ModelError, match=said):
        card.read(copy)


def test_a_folder_without_a_card_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"not a model, model\.json is missing"):
        card.find(str(tmp_path))
    (tmp_path / card.CARD).mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        card.read(tmp_path)


def test_a_damaged_or_missing_file_is_refused_when_it_is_read(copy: Path) -> None:
    model = copy / "model.tflite"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1  # a single bit
    model.write_bytes(content)
    found = card.read(copy)
    with pytest.raises(ModelError, match=r"model\.tflite: damaged or replaced"):
        found.read_file("model.tflite")
    model.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        found.read_file("model.tflite")
    with pytest.raises(ModelError, match=r"does not list other\.bin"):
        found.read_file("other.bin")
