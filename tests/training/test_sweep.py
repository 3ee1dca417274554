from __future__ import annotations

from pathlib import Path

import pytest

from livegen.cli.runner import run

pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
    pytest.mark.usefixtures("tensorflow"),
]
pytest.importorskip("optuna", reason="Optuna is missing")


def test_a_sweep_goes_on_with_the_trial_it_was_stopped_in(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from livegen.training.corpus import read_folder
    from livegen.training.tutorial import sweep

    small = {"learning_rate": 0.004, "units": 4, "window": 3}
    monkeypatch.setattr(
        sweep, "suggest", lambda trial: {**small, "units": trial.suggest_categorical("units", [4, 8, 12])}
    )
    pieces = read_folder(folder).pieces

    def stop(line: str) -> None:
        if line.startswith("epoch 1/"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep.sweep(pieces, tmp_path / "sweep", 1, 2, progress=stop)
    told: list[str] = []
    study = sweep.sweep(pieces, tmp_path / "sweep", 1, 2, progress=told.append)
    assert any(line.startswith("resuming after epoch 1") for line in told)
    assert len(list((tmp_path / "sweep").glob("*units*"))) == 1
    assert 0 < study.best_value < 10

    words = ["--data", str(folder), "--out", str(tmp_path / "sweep"), "--trials", "1", "--epochs", "2"]
    assert run(sweep.main, words, "sweep") == 0  # they are done
    heading, best = capsys.readouterr().out.splitlines()
    assert heading.split() == ["held", "out", "tried"]
    assert best.split() == [f"{study.best_value:.4f}", sweep.named(study.best_params)]
    assert run(sweep.main, ["--data", str(folder / "gone"), "--out", str(tmp_path / "sweep")], "sweep") == 66
    assert run(sweep.main, [*words[:-1], "3"], "sweep") == 66
    assert "a sweep with other files or --epochs" in capsys.readouterr().err
    sweep.sweep(pieces[:1], tmp_path / "one", 1, 1, progress=told.append)
    assert any("of one work" in line for line in told)
    (tmp_path / "file").touch()
    assert run(sweep.main, ["--data", str(folder), "--out", str(tmp_path / "file" / "sweep")], "sweep") == 78


def test_what_is_tried_are_fields_of_the_recipe() -> None:
    import optuna

    from livegen.training.tutorial import sweep
    from livegen.training.tutorial.train import TutorialRecipe

    tried = sweep.suggest(optuna.trial.FixedTrial({"learning_rate": 0.005, "units": 128, "window": 25}))
    assert TutorialRecipe(**tried) == TutorialRecipe()
