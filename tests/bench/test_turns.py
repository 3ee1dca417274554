"""livegen evaluate --turns: the curve of each rule, and the whole of livegen beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import livegen.demo
from livegen.bench.turns import SHORTEST, At, Moments
from livegen.cli.main import main
from livegen.encoding import TIME_BINS, time_bin
from livegen.stage.silence import worth_waiting

DEMOS = Path(livegen.demo.__file__).parent


def moments(count: int = 400) -> Moments:
    """Half of the steps are about 0.3 s, half about 1.2 s, and the model knows which."""
    random = np.random.default_rng(1)
    slow = np.arange(count) % 2
    true = np.where(slow, 1.2, 0.3) * random.uniform(0.9, 1.1, count)
    steps = np.full((count, TIME_BINS), 1e-4)
    for place, seconds in enumerate(np.where(slow, 1.2, 0.3)):
        at = time_bin(float(seconds))
        steps[place, at - 3 : at + 4] = 1.0
    return Moments(steps / steps.sum(axis=1, keepdims=True), true, np.full(count, 1.0))


def test_the_model_waits_as_long_as_livegen_does() -> None:
    found = moments()
    for cost in (0.5, 5.0, 100.0):
        silences = found.model(cost)
        for place in range(6):
            alone = worth_waiting(found.steps[place].tolist(), SHORTEST, cost)
            assert silences[place] == pytest.approx(alone)


def test_who_knows_what_comes_waits_less_for_the_same_rate() -> None:
    found = moments()
    at = At.of(found, 2.0)
    for silences in (found.fixed(at.fixed), found.model(at.cost)):
        assert found.wrong(silences) <= 2.0
    assert at.model < 0.75 * at.fixed


def test_the_command_prints_the_curve(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--turns", "--data", str(DEMOS), "--limit", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [at["rate"] for at in found["turns"]] == [0.5, 1, 2, 4]
    for at in found["turns"]:
        assert {"rate", "fixed", "gaps", "model", "cost"} == set(at)
    assert [each["name"] for each in found["neighbours"]] == ["AI Duet", "the Continuator", "notochord"]
    assert found["played"][0]["plans"] > 0


@pytest.mark.parametrize("words", [["--time"], ["--windows", "x.csv.gz"], ["--seed", "3"]])
def test_other_options_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--turns", "--data", str(DEMOS), *words]) == 2
    assert "--turns" in capsys.readouterr().err
