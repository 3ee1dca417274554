"""What a model has seen, and how its card names it."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from shipping import amend, write_piece

from livegen.engine.card import CREDIT, find
from livegen.errors import DataError

pytest.importorskip("matplotlib", reason="matplotlib is missing")


def test_a_model_has_seen_what_it_was_trained_on_however_the_folder_grows(run: Path, maestro: Path) -> None:
    from livegen.training.corpus import read_folder, short
    from livegen.training.ship import ship

    given = [short(piece.sha256) for piece in read_folder(maestro).pieces]
    amend(run / "recipe.json", hashes=" ".join(given))
    with (maestro / "maestro-v2.0.0.csv").open("a") as table:
        table.write("train,5.midi\n")
    write_piece(maestro / "5.midi", 5)
    seen = ship(run, [maestro], run.with_name("mine")).training
    assert len(seen.hashes.split()) == 2
    assert set(seen.hashes.split()) < set(given)
    assert "hashes" not in seen.recipe
    write_piece(maestro / "0.midi", 6)
    with pytest.raises(DataError, match="1 of the 3 files that it was trained on"):
        ship(run, [maestro], run.with_name("mine"))


def test_any_folder_can_be_evaluated_on_unless_it_was_trained_on(
    run: Path, maestro: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from livegen.cli.main import main
    from livegen.training.ship import ship

    ship(run, [maestro], tmp_path / "mine", lambda _: None)
    mine, evening = str(tmp_path / "mine"), tmp_path / "evening"
    evening.mkdir()
    write_piece(evening / "5.mid", 5)
    write_piece(evening / "6.mid", 6)
    asked = ["evaluate", "--model", mine, "--data", str(evening)]
    assert main([*asked, "--limit", "7", "--against", "livegen", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["data"], found["windows"], found["pieces"]) == ("evening", 7, 2)
    (evening / "bad.mid").write_text("no MIDI")
    assert main([*asked, "--limit", "7"]) == 0
    assert f"skipped: {evening / 'bad.mid'}" in capsys.readouterr().err
    (evening / "bad.mid").unlink()
    (tmp_path / "lone").mkdir()
    write_piece(tmp_path / "lone" / "5.mid", 5)
    capsys.readouterr()
    assert main(["evaluate", "--data", str(tmp_path / "lone"), "--limit", "2", "--against", mine]) == 0
    assert "nan" not in capsys.readouterr().out.partition("pedal")[2]  # of one piece there is no standard error
    assert [peer["name"] for peer in found["peers"]] == ["livegen"]
    assert main([*asked, "--tutorial", mine]) == 66
    assert "evening: --tutorial needs data with a train split" in capsys.readouterr().err
    shutil.copytree(maestro, evening / "more", ignore=shutil.ignore_patterns("*.csv", "*.npz"))
    assert main(asked) == 66
    assert "was trained on 2 of the 7 files" in capsys.readouterr().err


def test_what_the_model_it_began_with_has_seen_counts_as_seen(run: Path, maestro: Path) -> None:
    from livegen.training.corpus import read_folder
    from livegen.training.ship import trained

    before, pieces = find("livegen").training, read_folder(maestro).pieces
    amend(run / "recipe.json", start=asdict(before))
    then = trained(run, "one evening", pieces)
    assert then.files == len(then.hashes.split()) == before.files + len(pieces)
    assert set(before.hashes.split()) < set(then.hashes.split())
    assert then.notes == before.notes + 2000
    assert then.minutes == pytest.approx(before.minutes + 2)
    assert then.data == f"{before.data}; then one evening, without the pieces held out to choose the best weights"
    start = then.recipe["before"][then.recipe["start"]]
    assert start["steps"] == before.recipe["steps"]


def test_what_its_teachers_have_seen_counts_as_seen(run: Path, maestro: Path) -> None:
    from livegen.training.corpus import read_folder
    from livegen.training.ship import trained

    teacher = find("livegen").training
    amend(run / "recipe.json", teachers=[asdict(teacher)])
    taught = trained(run, "one evening", read_folder(maestro).pieces)
    assert taught.data.endswith(f"; teachers trained on {teacher.data}")
    assert set(teacher.hashes.split()) < set(taught.hashes.split())
    assert [taught.recipe["before"][each]["seed"] for each in taught.recipe["teachers"]] == [teacher.recipe["seed"]]
    assert taught.notes == 2000  # its own


def test_a_card_hardly_grows_with_each_evening(run: Path, maestro: Path) -> None:
    """By default the model that is fine-tuned is its own teacher, so its card would contain it twice."""
    from livegen.training.corpus import read_folder
    from livegen.training.lineage import told_once
    from livegen.training.ship import trained

    pieces, model, sizes = read_folder(maestro).pieces, find("livegen").training, []
    for evening in range(10):
        amend(run / "recipe.json", seed=evening, start=asdict(model), teachers=[asdict(model)])
        model = trained(run, "the recordings", pieces)
        sizes.append(len(json.dumps(asdict(model))))
    assert sizes[9] - sizes[8] < 2 * (sizes[1] - sizes[0]) < 2000
    assert model.data.count("the recordings") == 1
    assert len(model.recipe["before"]) == 10 + len(told_once(find("livegen").training.recipe)["before"])


def test_a_card_names_the_data_that_the_model_knows(run: Path, maestro: Path, tmp_path: Path) -> None:
    from livegen.training.ship import ship

    assert ship(run, [maestro], tmp_path / "heard").credit == CREDIT
    evening = tmp_path / "evening"
    shutil.copytree(maestro, evening, ignore=shutil.ignore_patterns("*.csv", "*.npz"))
    own = ship(run, [evening], tmp_path / "own")
    assert own.licence == "not named"
    assert "MAESTRO" not in own.to_json()
    amend(run / "recipe.json", teachers=[asdict(find("livegen").training)])
    assert ship(run, [evening], tmp_path / "taught").credit == find("livegen").credit


def test_a_folder_of_ones_own_may_have_splits(
    run: Path, maestro: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from livegen.cli.main import main

    own = tmp_path / "evenings"
    own.mkdir()
    write_piece(own / "20.mid", 20)
    (own / "splits.csv").write_text("midi_filename,split\n20.mid,validation\n")
    assert main(["evaluate", "--data", str(own), "--limit", "4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["data"], found["windows"], found["peers"]) == ("evenings's validation split", 4, [])
    assert main(["train", "--data", str(own), "--out", str(tmp_path / "run2")]) == 66
    assert "contains no MIDI file of its train split" in capsys.readouterr().err
