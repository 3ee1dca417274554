"""`livegen evaluate --generate`, by the command line, on pieces of our own."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
from training_runs import TutorialRun

import livegen
from livegen.cli.main import main
from livegen.cli.runner import run
from livegen.config.settings import Settings

pytest.importorskip("matplotlib", reason="matplotlib is missing")

from livegen.training.judge import continuations, report, verdict

DEMO = Path(livegen.__file__).parent / "demo"


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "BOOTSTRAPS", 40)
    monkeypatch.setattr(continuations, "REPORT_EVERY", math.inf)  # however busy the machine is


def write_piece(path: Path, seed: int, notes: int) -> None:
    random = np.random.default_rng(seed)
    midi = mido.MidiFile()
    track = midi.add_track()
    for _ in range(notes):
        pitch = int(random.integers(50, 80))
        track.append(mido.Message("note_on", note=pitch, velocity=int(random.integers(20, 100)), time=50))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=int(random.integers(20, 200))))
    midi.save(path)


@pytest.fixture(scope="module")
def maestro(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like MAESTRO's: the demo pieces to train on, two long ones to validate on."""
    folder = tmp_path_factory.mktemp("maestro")
    splits = {}
    for path in sorted(DEMO.glob("[1-5]-*.mid")):
        shutil.copy(path, folder)
        splits[path.name] = "train"
    for seed in (1, 2):
        write_piece(folder / f"{seed}.midi", seed, 560)
        splits[f"{seed}.midi"] = "validation"
    with (folder / "maestro-v2.0.0.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerows([["split", "midi_filename"], *([split, name] for name, split in splits.items())])
    return folder


def test_it_judges_the_model_and_a_loop(maestro: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["evaluate", "--generate", "--data", str(maestro), "--prompts", "3", "--seed", "4"]
    assert main([*asked, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err.splitlines() == [f"reading {maestro}", "comparing"]
    found = json.loads(out)
    assert found["players"] == ["livegen", "looped prompt"]
    assert (found["prompts"], found["notes"], found["split"], found["seed"]) == (3, 700, "validation", 4)
    assert found["data"] == "MAESTRO v2.0.0"
    default = Settings()
    assert found["sampling"] == {name: getattr(default, name) for name in ("temperature", "top_p", "min_p")} | {
        "memory": 0.0
    }
    measures = {(row["group"], row["name"]): row for row in found["measures"]}
    assert len(measures) == 19
    step = measures["spread", "step"]
    assert step["target"] == {"low": 0.7, "high": 1.4}
    assert step["players"]["looped prompt"]["met"] == "yes"
    assert step["players"]["looped prompt"]["plain"] is None
    assert measures["n-grams", "the prompt"]["players"]["looped prompt"]["plain"] > 0.8
    assert measures["n-grams", "itself, 500 notes"]["players"]["looped prompt"]["plain"] > 0.9
    assert measures["n-grams", "the train split"]["target"] == {"low": None, "high": 1.0}
    followed = measures["follows", "pitch classes"]["players"]["looped prompt"]
    assert followed["plain"] == pytest.approx(1)
    assert followed["value"] == pytest.approx(1 / measures["follows", "pitch classes"]["truth"]["value"], rel=1e-3)
    for row in found["measures"]:
        assert {player["met"] for player in row["players"].values()} <= {"yes", "interval", "no", "unknown"}

    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_it_tells_it_in_tables_and_beside_others(
    maestro: Path, tutorial_run: TutorialRun, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["evaluate", "--generate", "--data", str(maestro), "--prompts", "2", "--held-out", "--temperature", "0.9"]
    assert main(asked) == 66  # what is held out of the demo pieces is too short
    assert "no piece has the 525 notes" in capsys.readouterr().err
    asked.remove("--held-out")
    other = str(Path(livegen.__file__).parents[1] / "models" / "livegen")
    assert main([*asked, "--against", other, "--tutorial", str(tutorial_run.folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 prompts, from ")
    assert "livegen samples at temperature 0.9, top-p 0.98, min-p 0, with seed 1." in lines[0]
    tables = [line for line in lines if line.startswith("|")]
    assert len(tables) == 4 * 2 + 19
    assert {line.count("|") for line in tables} == {8}
    head = [cell.strip() for cell in tables[0].strip("|").split("|")]
    assert head == [
        "Distance from the truth",
        "target",
        "between halves",
        "livegen",
        "looped prompt",
        other,
        "the tutorial preset",
    ]
    for row in tables[2:10]:
        *_, ours, _, theirs, tutorials = (cell.strip() for cell in row.strip("|").split("|"))
        assert ours == theirs != tutorials  # the same model on the same prompts, with the same draws
    dynamics = next(row for row in tables if row.startswith("| dynamics "))
    assert dynamics.split("|")[-2].strip() == "-"  # the tutorial's model plays all notes at one velocity
    assert "Of 19 targets" in lines[-1]


def test_with_a_memory_it_stands_beside_itself_without(maestro: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--generate", "--memory", "--data", str(maestro), "--prompts", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["players"] == ["livegen", "looped prompt", "livegen without memory"]
    assert found["sampling"]["memory"] == Settings().memory
    assert any(row["players"]["livegen"] != row["players"]["livegen without memory"] for row in found["measures"])


def test_players_of_one_name_stand_beside_each_other_and_none_has_seen_the_pieces(
    maestro: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["evaluate", "--generate", "--data", str(maestro), "--prompts", "2", "--against", "livegen"]
    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["players"] == ["livegen", "looped prompt", "livegen (2)"]
    seen = hashlib.sha256((maestro / "1.midi").read_bytes()).hexdigest()[:16]
    monkeypatch.setattr(report, "LOOP", replace(report.LOOP, seen={seen}))
    assert main(asked) == 66
    assert "looped prompt was trained on 1 of the 2 files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--held-out"], 2, "--held-out is only valid with --generate."),
        (["--top-p", "0.9"], 2, "--top-p is only valid with --generate"),
        (["--generate", "--limit", "3"], 2, "--limit is not valid with --generate."),
        (["--pulse", "off"], 2, "--pulse is only valid with --time."),
        (["--time", "--windows", "list"], 2, "--windows is not valid with --time."),
        (["--time", "--generate"], 2, "run one after the other"),
        (["--generate", "--prompts", "0"], 78, "--prompts must be a whole number, at least 1, not 0."),
        (["--generate", "--temperature", "nan"], 78, "--temperature must be 0.05 to 3, not nan."),
    ],
)
def test_options_of_the_other_kind_are_refused(
    options: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--data", "nowhere", *options]) == status
    assert message in capsys.readouterr().err


def test_the_rolls_are_drawn(tmp_path: Path) -> None:
    from livegen.errors import DataError
    from livegen.training.judge.continuations import LOOP
    from tools import continuations as picture

    picture_file = tmp_path / "rolls.png"
    assert run(picture.main, [str(DEMO / "5-satie.mid"), "-o", str(picture_file)], "picture") == 0
    assert 5_000 < picture_file.stat().st_size < 200_000
    truth, looped = picture.rolls(DEMO / "1-bach.mid", [LOOP], 1)
    assert (truth.path.name, looped.path.name) == ("1-bach", "looped prompt")
    assert [track.name for track in looped.tracks] == ["call", "response"]
    assert len(truth.notes) == len(looped.notes)
    assert looped.notes["track"].tolist() == [0] * 25 + [1] * (len(truth.notes) - 25)
    assert looped.notes["pitch"][25:50].tolist() == truth.notes["pitch"][:25].tolist()
    assert looped.notes["start"][0] == 0
    write_piece(tmp_path / "short.mid", 1, 20)
    with pytest.raises(DataError, match="has 20 notes"):
        picture.rolls(tmp_path / "short.mid", [LOOP], 1)
