"""The preset tutorial: as the tutorial has it, and what is mended."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pretty_midi
import pytest
from mido import Message, MidiFile, MidiTrack
from training_runs import TutorialRun, interrupted_at, tutorial_command

import livegen
from livegen.cli.main import cli, main
from livegen.cli.runner import run as command
from livegen.encoding import CELL, LAST_CELL
from livegen.errors import DataError

pytest.importorskip("matplotlib", reason="matplotlib is missing")

from livegen.training.corpus import Piece, read_folder
from livegen.training.data import COLUMNS, DURATION, PITCH, STEP, VELOCITY
from livegen.training.run import BEST, BOARD, CURVE, read_log

if TYPE_CHECKING:
    import keras

    from livegen.training.tutorial.train import TutorialRecipe

DEMO = Path(livegen.__file__).parent / "demo"


@pytest.fixture(scope="module")
def recipe(tensorflow: None) -> TutorialRecipe:
    from livegen.training.tutorial.train import TutorialRecipe

    return TutorialRecipe(window=6, batch=16, units=8, epochs=2)


def piece(name: str, pitches: range) -> Piece:
    """A note a pitch, each with times of its own, so that every window can be told from every other."""
    notes = np.ones((len(pitches), COLUMNS))
    notes[:, PITCH] = pitches
    notes[:, STEP], notes[:, DURATION] = notes[:, PITCH] / 1000, notes[:, PITCH] / 100
    notes[:, VELOCITY] = 64
    return Piece(name, notes, name * 64)


def test_every_window_of_a_piece_comes_once_and_none_lies_across_two(recipe: TutorialRecipe) -> None:
    from livegen.training.tutorial.train import dataset

    pieces = [piece("a", range(20, 40)), piece("b", range(60, 65)), piece("c", range(70, 85))]  # b is too short
    recipe = replace(recipe, batch=1, window=6)
    batches = dataset(pieces, recipe)
    assert not batches.options().autotune.enabled
    passes = [list(batches.as_numpy_iterator()) for _ in range(2)]
    firsts = [[round(float(notes[0, 0, 0]) * 128) for notes, _ in each] for each in passes]
    assert Counter(firsts[0]) == Counter([*range(20, 34), *range(70, 79)])
    assert firsts[0] != sorted(firsts[0])
    assert firsts[1] == firsts[0]  # shuffled before the cache, as the tutorial does
    for notes, target in passes[0]:
        pitches = np.rint(notes[0, :, 0] * 128)
        np.testing.assert_array_equal(np.diff(pitches), 1)
        np.testing.assert_allclose(notes[0, :, 1:], pitches[:, None] / [1000, 100], rtol=1e-6)
        assert target["pitch"][0] == pitches[-1] + 1
        assert target["step"][0] == pytest.approx((pitches[-1] + 1) / 1000)
        assert target["duration"][0] == pytest.approx((pitches[-1] + 1) / 100)

    with pytest.raises(DataError, match="fewer than a batch of 64"):
        dataset(pieces, replace(recipe, batch=64))
    with pytest.raises(DataError, match="no piece has the 51 notes"):
        dataset(pieces, replace(recipe, window=50))


def test_the_model_is_the_tutorials(recipe: TutorialRecipe) -> None:
    import keras

    from livegen.training.tutorial.model import build

    keras.utils.set_random_seed(1)  # whether a number is negative depends on the weights
    model = build()
    assert model.count_params() == 4 * 128 * (3 + 128 + 1) + 129 * (128 + 1 + 1)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.005)
    random = np.random.default_rng(0)
    notes = random.random((40, 25, 3), np.float32)
    target = {"pitch": random.integers(0, 128, 40), "step": random.random(40), "duration": random.random(40)}
    told = {name: value.astype(np.float64) for name, value in model.predict(notes, verbose=0).items()}
    assert min(told["step"].min(), told["duration"].min()) < 0  # so that the pressure counts
    found = model.evaluate(notes, target, batch_size=40, verbose=0, return_dict=True)
    for name in ("step", "duration"):
        error = (target[name] - told[name][:, 0]) ** 2 + 10 * np.maximum(0, -told[name][:, 0])
        assert found[f"{name}_loss"] == pytest.approx(error.mean(), rel=1e-4)
    right = told["pitch"][np.arange(40), target["pitch"]]
    pitch = (np.log(np.exp(told["pitch"]).sum(axis=-1)) - right).mean()
    assert found["pitch_loss"] == pytest.approx(pitch, rel=1e-4)
    assert found["loss"] == pytest.approx(0.05 * pitch + found["step_loss"] + found["duration_loss"], rel=1e-4)


class Overheard:
    """A model, and all that it has been given to read."""

    def __init__(self, model: keras.Model) -> None:
        self.model, self.read = model, []

    def predict_on_batch(self, notes):
        self.read.append(notes)
        return self.model.predict_on_batch(notes)


def test_what_was_drawn_is_read_as_it_was_in_training(recipe: TutorialRecipe) -> None:
    from livegen.training.tutorial.model import build, continue_notes

    prompts = np.random.default_rng(0).uniform([20, 0, 0.1], [100, 1, 1], (3, 6, 3))
    prompts[..., 0] = np.rint(prompts[..., 0])
    model = Overheard(build(8))
    added = continue_notes(model, prompts, 9, 2.0, np.random.default_rng(1))
    assert added.shape == (3, 9, 3)
    assert (added[..., 1:] >= 0).all() and len(np.unique(added[..., 0])) > 3
    heard = np.concatenate([prompts, added], axis=1)
    for place, read in enumerate(model.read):
        np.testing.assert_allclose(read, heard[:, place : place + 6] / [128, 1, 1], rtol=1e-5)
    again = continue_notes(build(8), prompts[:1], 4, 2.0, np.random.default_rng(1))
    assert again.shape == (1, 4, 3)

    model.read.clear()
    added = continue_notes(model, prompts, 9, 2.0, np.random.default_rng(1), raw_pitch=True)
    np.testing.assert_array_equal(model.read[-1][:, -1, 0], added[:, -2, 0])  # the tutorial's mistake


def test_a_low_temperature_draws_the_likeliest_pitch(recipe: TutorialRecipe) -> None:
    from livegen.training.tutorial.model import build, continue_notes

    model, prompts = build(8), np.full((200, 6, 3), [60, 0.1, 0.2])
    likeliest = model.predict_on_batch((prompts / [128, 1, 1]).astype(np.float32))["pitch"][0].argmax()
    cold = continue_notes(model, prompts, 1, 1e-6, np.random.default_rng(0))
    assert (cold[:, 0, 0] == likeliest).all()
    warm = continue_notes(model, prompts, 1, 1.0, np.random.default_rng(0))
    assert len(np.unique(warm[:, 0, 0])) > 50


def test_a_killed_run_goes_on_as_if_nothing_had_been(recipe: TutorialRecipe, folder: Path, tmp_path: Path) -> None:
    from livegen.training.tutorial.train import load, train

    def keep(line: str) -> None:
        if line.startswith("epoch 1/"):  # the folder as it is if the run is killed there
            shutil.copytree(tmp_path / "whole", tmp_path / "half")

    pieces = read_folder(folder).pieces
    whole = train(recipe, pieces, tmp_path / "whole", keep)
    assert len(read_log(tmp_path / "half")) == 1
    told: list[str] = []
    again = train(recipe, pieces, tmp_path / "half", told.append)
    assert told[1].startswith("resuming after epoch 1, train")
    loaded, found = load(tmp_path / "half")
    assert replace(found, hashes="") == recipe
    for a, b, c in zip(whole.get_weights(), again.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
        np.testing.assert_array_equal(b, c)


def test_it_stops_when_the_loss_falls_no_more(recipe: TutorialRecipe, folder: Path, tmp_path: Path) -> None:
    from livegen.training.tutorial.train import train

    still = replace(recipe, learning_rate=1e-12, epochs=50)
    train(still, read_folder(folder).pieces, tmp_path / "run", lambda _: None)
    assert len(read_log(tmp_path / "run")) == 6  # the first, and five that were no better


def test_ctrl_c_before_the_first_epoch_leaves_nothing_to_go_on_from(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with interrupted_at("midi: 5 files"):
        assert main(tutorial_command(folder, tmp_path / "run")) == 130
    assert "Stopped before the end of the first epoch" in capsys.readouterr().err


def test_the_command_trains(tutorial_run: TutorialRun, kept_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, told = tutorial_run.folder, tutorial_run.told
    before, after = (next(line for line in told if line.startswith(f"{when}:")) for when in ("before", "after"))
    assert "4 files" in told[0]
    assert "Stopped. The best weights so far are kept. The same command resumes after epoch 1." in told
    assert any(line.startswith("resuming after epoch 1, ") for line in told)
    assert float(after.split()[2]) < float(before.split()[2])
    assert {"pitch_loss", "step_loss", "duration_loss"} < read_log(run)[-1].keys()
    assert (run / BEST).exists() and (run / CURVE).stat().st_size > 1000 and any((run / BOARD).rglob("events*"))
    assert main([*tutorial_command(kept_folder, run), "--epochs", "4", "--files", "4"]) == 66
    assert "a run with other settings (epochs)" in capsys.readouterr().err


def test_the_model_plays_on(
    tutorial_run: TutorialRun, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from livegen.training.tutorial import __main__ as on

    def play_on(*words: object) -> int:
        return command(on.main, [str(word) for word in words], "on")

    run, out = tutorial_run.folder, tmp_path / "on.mid"
    assert play_on(run, DEMO / "1-bach.mid", "-o", out, "--notes", 30) == 0
    call, response = pretty_midi.PrettyMIDI(str(out)).instruments
    assert (call.name, len(call.notes), response.name, len(response.notes)) == ("call", 25, "response", 30)
    real = pretty_midi.PrettyMIDI(str(DEMO / "1-bach.mid")).instruments[0].notes
    by_onset = [sorted(notes, key=lambda note: (note.start, note.pitch)) for notes in (real, call.notes)]
    assert [note.pitch for note in by_onset[0][-25:]] == [note.pitch for note in by_onset[1]]
    assert {note.velocity for note in response.notes} == {100}
    for words, code, problem in (
        ((tmp_path, DEMO / "1-bach.mid", "-o", out), 66, "not a run of livegen train"),
        ((run, tmp_path / "gone.mid", "-o", out), 66, "gone.mid: there is no such file"),
        ((run, DEMO / "1-bach.mid", "-o", tmp_path / "gone" / "on.mid"), 78, "cannot be written"),
        ((run, DEMO / "1-bach.mid", "-o", "/dev/null"), 78, "must end with .mid or .midi"),
        ((run, DEMO / "1-bach.mid", "-o", DEMO / "1-bach.mid"), 78, "input and output are the same file"),
        ((run, DEMO / "1-bach.mid", "-o", out, "--temperature", 0), 78, "--temperature must be above 0, not 0"),
        ((run, DEMO / "1-bach.mid", "-o", out, "--temperature", "nan"), 78, "--temperature must be above 0, not nan"),
        ((run, DEMO / "1-bach.mid", "-o", out, "--seed", -1), 78, "--seed must be a whole number from 0 to"),
    ):
        assert play_on(*words) == code
        assert problem in capsys.readouterr().err
    MidiFile(tracks=[MidiTrack([Message("note_on", note=60), Message("note_off", note=60, time=99)])]).save(out)
    assert play_on(run, out, "-o", tmp_path / "more.mid") == 66
    assert "has 1 notes; the model needs 25" in capsys.readouterr().err

    assert main(["export", "--run", str(run), "--data", str(folder), "--out", str(tmp_path / "model")]) == 66
    assert "does not play the tutorial's model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["--preset", "tutorial", "--steps", "5"], "--steps is not supported by the preset tutorial"),
        (["--preset", "tutorial", "--from", "livegen"], "--from is not supported by the preset tutorial"),
        (["--files", "5"], "--files is not supported by the preset livegen"),
        (["--window", "24"], "Choose 25 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(
    given: list[str], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--data", str(DEMO), "--out", str(tmp_path / "run"), *given]) == 78
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_window_for_the_preset_livegen_is_a_crop_of_one_note_more(
    recipe: TutorialRecipe, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livegen.training import train

    def instead(recipe: train.Recipe, *rest: object) -> None:
        raise DataError(f"{recipe.length} notes, {recipe.steps} steps, {recipe.seed}")

    monkeypatch.setattr(train, "train", instead)
    for steps, taken in ((7, 7), (99, 98), (2400, 2400)):  # epochs are of one length, here 7, 49 and 50
        given = ["--window", "50", "--steps", str(steps), "--seed", "3"]
        with pytest.raises(DataError, match=f"51 notes, {taken} steps, 3"):
            cli.main(["train", "--data", str(folder), "--out", str(tmp_path / "run"), *given], standalone_mode=False)


def test_the_cells_of_a_laplace_density_hold_it_all(recipe: TutorialRecipe) -> None:
    from livegen.training.tutorial.baseline import laplace_mass

    cells = np.arange(LAST_CELL + 1)
    for centre in (0.0, 0.004, 0.25, 7.99, 9.0):
        mass = laplace_mass(cells, np.full(len(cells), centre), 0.1)
        assert mass.sum() == pytest.approx(1, abs=1e-12)
        assert (mass > 0).all()  # even where 1 - mass is 1
    assert laplace_mass(np.array([30]), np.array([0.25]), 0.1)[0] == pytest.approx(
        0.5 * (np.exp(-0.5) - np.exp(-0.6)), rel=1e-9
    )
    inside = laplace_mass(np.array([25]), np.array([0.255]), 0.1)[0]
    assert inside == pytest.approx(1 - np.exp(-CELL / 2 / 0.1), rel=1e-9)


def test_as_a_baseline_each_variable_costs_what_it_says(
    tutorial_run: TutorialRun, kept_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livegen.training.baselines import Marginals
    from livegen.training.evaluate import Window
    from livegen.training.tutorial import baseline
    from livegen.training.tutorial.train import load

    run, pieces = tutorial_run.folder, read_folder(kept_folder).pieces
    model, _ = load(run)
    monkeypatch.setattr(baseline, "FITTED_ON", 200)
    marginals = Marginals(pieces)
    tutorial = baseline.TutorialBaseline(run, pieces, marginals, {"another": "0" * 64})
    notes = {each.name: each.notes for each in pieces}
    windows = [Window(pieces[0].name, 30), Window(pieces[1].name, 40)]
    costs = tutorial.costs(windows, notes)
    assert costs.shape == (2, 5)
    for window, cost in zip(windows, costs, strict=True):
        heard, target = notes[window.piece][window.target - 25 : window.target], notes[window.piece][window.target]
        told = model.predict_on_batch(heard[None][..., [PITCH, STEP, DURATION]] / [128, 1, 1])
        for place, name, column in ((0, "step", STEP), (3, "duration", DURATION)):
            cell = np.array([int(target[column] / CELL + 1e-6)])
            mass = baseline.laplace_mass(cell, np.maximum(0, told[name][0]), tutorial.scales[name])
            assert cost[place] == pytest.approx(-np.log(mass[0]), rel=1e-4)
        logits = told["pitch"][0].astype(np.float64)
        pitch = np.log(np.exp(logits).sum()) - logits[int(target[PITCH])]
        assert cost[1] == pytest.approx(pitch, rel=1e-4)
        assert cost[2] == pytest.approx(-np.log(marginals.shares["velocity"][int(target[VELOCITY]) // 4]))
    with pytest.raises(DataError, match="was trained on 1 of the 1 files"):
        baseline.TutorialBaseline(run, pieces, marginals, {"known": pieces[0].sha256})


def test_the_bench_times_both_ways(folder: Path, recipe: TutorialRecipe, capsys: pytest.CaptureFixture[str]) -> None:
    from livegen.training.tutorial.train import TutorialRecipe
    from tools import tutorial_bench as bench

    assert command(bench.main, ["--data", str(folder), "--epochs", "2"], "bench") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("5 files")
    assert [line.split("  ")[0] for line in told[2:]] == [
        "the tutorial's pipeline",
        "--preset tutorial",
        "times as fast",
    ]
    assert 0.1 < float(told[2].split()[-1]) < 1  # the loss
    paths = [folder / each.name for each in read_folder(folder).pieces]
    whole = bench.tutorial_way(paths, TutorialRecipe())()
    notes = sum(len(each.notes) for each in read_folder(folder).pieces)
    assert sum(1 for _ in whole) == (notes - 25) // 64  # windows across pieces among them
    assert command(bench.main, ["--data", str(folder / "gone")], "bench") == 66
