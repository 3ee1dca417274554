"""A run becomes a model that plays, with its card and its figures."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from shipping import listed
from training_runs import TutorialRun

from livegen.encoding import VARIABLES
from livegen.engine.card import find
from livegen.engine.choose import choose
from livegen.engine.plain import build

if TYPE_CHECKING:
    from livegen.training.model import Pianist

pytest.importorskip("matplotlib", reason="matplotlib is missing")


def test_a_run_becomes_a_model_that_plays(
    run: Path, maestro: Path, tmp_path: Path, pianist: Pianist, capsys: pytest.CaptureFixture[str]
) -> None:
    from livegen.cli.main import main
    from livegen.training import export

    out = tmp_path / "models" / "mine"
    windows = listed(tmp_path / "windows.csv.gz", *((f"{i}.midi", target) for i in (3, 4) for target in (25, 40, 59)))
    out.mkdir(parents=True)
    (out / "left-over").write_text("of an older model")
    asked = ["export", "--run", str(run), "--data", str(maestro), "--out", str(out), "--validate", str(maestro)]
    assert main([*asked, "--windows", windows]) == 78
    assert "not empty, and not a model" in capsys.readouterr().err
    (out / "model.json").write_text("of an older model")
    assert main([*asked, "--windows", listed(tmp_path / "gone.csv.gz", ("gone.midi", 30))]) == 66
    assert "gone.midi" in capsys.readouterr().err
    assert main([*asked, "--windows", listed(tmp_path / "x.csv.gz", *((f"{i}.midi", 30) for i in range(3)))]) == 66
    assert "mine was trained on 2 of the 3 files" in capsys.readouterr().err
    assert sorted(path.name for path in out.iterdir()) == ["left-over", "model.json"]
    assert main([*asked, "--out", str(out / "model.json" / "below")]) == 78
    assert "below: cannot be created (File exists)" in capsys.readouterr().err
    assert main([*asked, "--windows", windows]) == 0
    told = capsys.readouterr()
    assert [line.partition(" ")[0] for line in told.err.splitlines()] == ["int8"]
    assert told.out.startswith("nats per note, 6 windows of MAESTRO's validation split (2 pieces)")
    assert f"To play it: livegen --model {out}" in told.out

    card = find(str(out))
    assert [path.name for path in out.parent.iterdir()] == ["mine"]
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert files == {"model.json", *card.files}
    assert card.training.notes == 2000  # those of the best weights
    assert card.training.minutes == 2.0
    assert card.training.recipe["steps"] == 3
    assert card.training.files == len(card.training.hashes.split()) == 2  # the third of the train split chose
    assert card.figures is not None
    assert card.figures.pedal > 0
    assert (card.figures.windows, card.figures.pieces) == (6, 2)
    assert card.figures.contexts.keys() == {"1", "3", "5", "10", "25"}
    assert card.figures.contexts["25"] == pytest.approx(card.figures.total, abs=1e-3)
    assert choose(card, "cpu").milliseconds > 0

    for again, weight in zip(export.restore(card).get_weights(), pianist.get_weights(), strict=True):
        np.testing.assert_allclose(again, weight, rtol=1e-3, atol=1e-6)  # it is kept in float16


def test_the_command_goes_on_from_a_model(
    maestro: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from livegen.cli.main import main
    from livegen.training import train

    given: list[tuple[train.Recipe, Pianist]] = []
    taught: list[int] = []

    def fit(recipe: train.Recipe, *rest: Any) -> None:
        *_, first, _, teachers = rest
        given.append((recipe, first))
        taught.append(len(teachers))

    monkeypatch.setattr(train, "train", fit)
    monkeypatch.setattr("livegen.training.run.draw_curve", lambda folder: folder / "loss.png")
    words = ["train", "--data", str(maestro), "--out", str(tmp_path / "run"), "--from", "livegen", "--steps", "30"]
    assert main(words) == 0
    (recipe, first), card = given[0], find("livegen")
    assert (recipe.start, recipe.steps, recipe.epoch, recipe.warmup) == (card.training, 30, 6, 6)
    assert first.architecture == recipe.architecture
    assert first.architecture == build(train.Architecture, card.architecture)
    said = capsys.readouterr().err
    assert "train split: 3 files, 180 notes" in said and "little data" not in said

    assert main([*words, "--units", "64", "--data", str(maestro)]) == 0  # the same once more adds nothing
    recipe, first = given[1]
    assert recipe.architecture == replace(first.architecture, units=64)
    assert main([*words, "--teacher", "livegen", "--teacher", "livegen"]) == 0
    assert given[2][0].teachers == (card.training, card.training)
    assert taught == [1, 1, 2]  # by itself, so that it forgets nothing
    assert main([*words, "--units", "5000"]) == 78
    assert f"more than the {first.architecture.units} of livegen" in capsys.readouterr().err


def test_a_card_has_the_figures_of_each_data_set(
    run: Path,
    maestro: Path,
    pop909: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from livegen.cli.main import main
    from livegen.training import evaluate

    lists = {
        "MAESTRO": listed(tmp_path / "m.csv.gz", ("3.midi", 30), ("4.midi", 40)),
        "POP909": listed(tmp_path / "p.csv.gz", ("12.mid", 30), ("13.mid", 40), ("13.mid", 50)),
    }
    monkeypatch.setattr(evaluate, "WINDOWS", {name: Path(path) for name, path in lists.items()})
    out = str(tmp_path / "mine")
    both = ["--data", str(maestro), "--data", str(pop909)]
    asked = ["export", "--run", str(run), *both, "--out", out, "--validate", str(maestro), "--validate", str(pop909)]
    assert main([*asked, "--windows", lists["POP909"]]) == 2
    assert "--windows is only valid with one --validate" in capsys.readouterr().err
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert "2 windows of MAESTRO's validation split" in told and "3 windows of POP909's validation split" in told
    card = find(out)
    assert card.figures is not None and card.figures.windows == 2
    assert {name: each.windows for name, each in card.more_figures.items()} == {"POP909": 3}
    assert card.training.data.startswith("MAESTRO v2.0.0, train split and POP909, train split")
    assert card.licence == "CC BY-NC-SA 4.0"
    assert "MAESTRO (CC BY-NC-SA 4.0): Curtis" in card.credit and "POP909 (MIT, " in card.credit

    assert main(["evaluate", "--model", out, *both, "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["data"], second["data"]) == ("MAESTRO v2.0.0's validation split", "POP909's validation split")
    for found, figures in ((first, card.figures), (second, card.more_figures["POP909"])):
        assert found["nll"]["total"] == pytest.approx(figures.total, abs=1e-3)
        assert found["nll_1ms"]["total"] == pytest.approx(figures.total + 2 * np.log(10), abs=1e-3)
        assert [peer["name"] for peer in found["peers"]] == ["repeat the last", "marginals"]
    assert main(["evaluate", "--model", out, *both, "--windows", lists["POP909"]]) == 2
    assert "--windows is only valid with one --data" in capsys.readouterr().err


def test_the_command_line_exports_evaluates_and_refuses_what_was_trained_on(
    run: Path,
    maestro: Path,
    tutorial_run: TutorialRun,
    float_file: bytes,
    int8_file: bytes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from livegen.cli.main import main
    from livegen.training import export

    def exported(pianist: Pianist, *, quantise: bool) -> bytes:
        """Of this pianist it has been done before, and takes a while."""
        return int8_file if quantise else float_file

    monkeypatch.setattr(export, "litert", exported)

    out, data = str(tmp_path / "mine"), ["--data", str(maestro)]
    windows = ["--windows", listed(tmp_path / "some.csv.gz", ("3.midi", 25), ("3.midi", 40), ("4.midi", 59))]
    assert main(["export", "--run", str(run), *data, "--out", out]) == 0
    assert find(out).figures is None
    capsys.readouterr()
    compared = ["--against", out, "--tutorial", str(tutorial_run.folder)]
    assert main(["evaluate", *data, "--model", out, *windows, *compared, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["nll"].keys() == {"step", "pitch", "velocity", "duration", "total", "se", "pedal"}
    assert found["nll"]["total"] == pytest.approx(sum(found["nll"][name] for name in VARIABLES[:4]), abs=1e-3)
    assert (found["windows"], found["pieces"], found["data"]) == (3, 2, "MAESTRO v2.0.0's validation split")
    peers = {peer["name"]: peer for peer in found["peers"]}
    assert peers.keys() == {"mine (2)", "the tutorial preset", "repeat the last", "marginals"}
    assert 10 < peers["the tutorial preset"]["nll"]["total"] < 30
    assert peers["mine (2)"]["worse_by"] == peers["mine (2)"]["se"] == 0
    assert peers["marginals"]["worse_by"] == pytest.approx(
        peers["marginals"]["nll"]["total"] - found["nll"]["total"], abs=1e-3
    )
    assert main(["evaluate", *data, "--model", out, *windows]) == 0
    assert "marginals" in capsys.readouterr().out
    assert main(["evaluate", *data, "--model", out, "--limit", "1", *windows, "--json"]) == 0
    alone = capsys.readouterr().out
    assert "NaN" not in alone
    assert json.loads(alone)["nll"]["se"] is None

    assert main(["evaluate", *data, "--model", out, "--windows", listed(tmp_path / "x.csv.gz", ("0.midi", 30))]) == 66
    assert "not in MAESTRO v2.0.0's validation split" in capsys.readouterr().err
    trained_on = find(out).training.hashes.split()
    assert len(trained_on) == 2  # of three, one is held out
    hashes = {i: hashlib.sha256((maestro / f"{i}.midi").read_bytes()).hexdigest()[:16] for i in range(3)}
    known = next(i for i, digest in hashes.items() if digest in trained_on)
    shutil.copy(maestro / f"{known}.midi", maestro / "3.midi")
    assert main(["evaluate", *data, "--model", out, *windows]) == 66
    assert "was trained on 1 of the 2 files" in capsys.readouterr().err
