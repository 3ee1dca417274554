from __future__ import annotations

import csv
import gzip
import hashlib
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mido
import numpy as np
import pytest
from training_runs import TutorialRun

from livegen.encoding import SCHEME, VARIABLES
from livegen.engine.card import CREDIT, find
from livegen.engine.choose import choose
from livegen.engine.plain import build
from livegen.errors import DataError, StorageError
from livegen.note import WINDOW

if TYPE_CHECKING:
    from livegen.training.model import Pianist

pytest.importorskip("matplotlib", reason="matplotlib is missing")


def write_piece(path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    midi = mido.MidiFile()
    track = midi.add_track()
    for _ in range(60):
        pitch = int(random.integers(40, 90))
        track.append(mido.Message("note_on", note=pitch, velocity=int(random.integers(1, 128)), time=50))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=int(random.integers(20, 200))))
    midi.save(path)


def amend(recipe: Path, **values: Any) -> None:
    recipe.write_text(json.dumps(json.loads(recipe.read_text()) | values))


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


@pytest.fixture(scope="module")
def converted() -> dict[tuple[object, ...], Any]:
    return {}


def listed(path: Path, *windows: tuple[str, int]) -> str:
    with gzip.open(path, "wt") as table:
        table.write("midi_filename,target\n" + "".join(f"{piece},{target}\n" for piece, target in windows))
    return str(path)


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
    assert then.recipe["start"] == before.recipe


def test_what_its_teachers_have_seen_counts_as_seen(run: Path, maestro: Path) -> None:
    from livegen.training.corpus import read_folder
    from livegen.training.ship import trained

    teacher = find("livegen").training
    amend(run / "recipe.json", teachers=[asdict(teacher)])
    taught = trained(run, "one evening", read_folder(maestro).pieces)
    assert taught.data.endswith(f"; teachers trained on {teacher.data}")
    assert set(teacher.hashes.split()) < set(taught.hashes.split())
    assert taught.recipe["teachers"] == [teacher.recipe]
    assert taught.notes == 2000  # its own


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
