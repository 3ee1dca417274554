"""What becomes no model, and what is left then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shipping import amend

from livegen.encoding import SCHEME
from livegen.errors import DataError, StorageError

pytest.importorskip("matplotlib", reason="matplotlib is missing")


def test_a_run_that_names_its_start_as_no_card_does_is_refused(run: Path, maestro: Path, tmp_path: Path) -> None:
    from livegen.training.ship import ship

    amend(run / "recipe.json", start="livegen")
    with pytest.raises(DataError, match="this livegen cannot read its entries start or teachers"):
        ship(run, [maestro], tmp_path / "mine")


def test_a_full_disk_leaves_nothing(run: Path, maestro: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    from livegen.training import export, ship

    def full(_: object, folder: Path) -> None:
        folder.mkdir(parents=True)
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(export, "save", full)
    with pytest.raises(StorageError, match=r"mine: cannot be written \(No space left on device\)"):
        ship.ship(run, [maestro], tmp_path / "models" / "mine", lambda _: None)
    assert not list((tmp_path / "models").iterdir())


@pytest.mark.parametrize("missing", ["recipe.json", "best.weights.h5"])
def test_what_is_no_run_is_refused(run: Path, missing: str) -> None:
    from livegen.training.ship import load

    (run / missing).unlink()
    with pytest.raises(DataError, match=rf"{run.name}: (not a run of livegen train|contains no best.weights.h5)"):
        load(run)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("window", 50, "its window is 50; this livegen needs 25"),
        ("scheme", SCHEME.replace("step", "x").replace("duration", "step"), "its scheme is livegen-2:x/80"),
        ("scheme", SCHEME.replace("10ms", "5ms"), "step/80/5ms/8s"),
        ("scheme", None, "an older livegen did not store it"),
    ],
)
def test_a_run_for_another_encoding_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, value: object, said: str
) -> None:
    from livegen.cli.main import main

    recipe = json.loads((run / "recipe.json").read_text())
    recipe = recipe | {name: value} if value else {key: recipe[key] for key in recipe if key != name}
    (run / "recipe.json").write_text(json.dumps(recipe))
    out = tmp_path / "mine"
    assert main(["export", "--run", str(run), "--data", str(tmp_path), "--out", "/proc/mine"]) == 78
    assert "/proc/mine: cannot be created" in capsys.readouterr().err
    assert main(["export", "--run", str(run), "--data", str(tmp_path), "--out", str(out)]) == 66
    assert said in capsys.readouterr().err
    assert not out.exists()
