"""How well a pulse is told from free playing."""

from __future__ import annotations

from itertools import islice
from math import exp
from random import Random

import pytest

from livegen.engine import card, choose
from livegen.stage.evidence import FITS, KNOWN, SUPPORTED, SURE, Evidence
from tools.pulse_evidence import Judged, fit, made, report


def test_steady_calls_of_an_exact_player_have_a_pulse(capsys: pytest.CaptureFixture[str]) -> None:
    runtime = choose.choose(card.find("livegen"), "cpu").runtime
    found = [call for call in islice(made(runtime), 8) if call.kind == "steady, 8 ms"]
    assert {call.certainty for call in found} == {1.0}
    assert all(len(call.gains) == 8 for call in found)
    assert sum(call.gain for call in found) > 0
    report(found)
    assert "steady, 8 ms" in capsys.readouterr().out


def test_the_factors_that_were_used_are_found_again() -> None:
    random, calls = Random(2), []
    for _ in range(4000):
        evidence = Evidence(random.uniform(-1, 1.4), random.uniform(-10, 20), random.uniform(8, 30))
        pulse = random.random() < 1 / (1 + exp(SURE - evidence.total))
        calls.append(Judged("pulse" if pulse else "free", pulse, evidence, ()))
    calls.append(Judged("free", pulse=False, evidence=None, gains=()))
    share = sum(call.pulse for call in calls) / len(calls)
    *factors, _ = fit(calls)
    assert 0.1 < share < 0.9
    assert factors == pytest.approx([FITS, SUPPORTED, KNOWN], rel=0.15)
