"""`livegen evaluate --time`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from livegen.bench.intime import calls
from livegen.bench.intime.measures import measure
from livegen.cli.main import main
from livegen.note import MonotonicTime, SoundedNote


def response(*onsets: float) -> list[SoundedNote]:
    return [SoundedNote(60, MonotonicTime(at), 0.1, 64) for at in onsets]


def test_steady_calls_keep_their_own_time() -> None:
    every = list(calls.steady(1))
    assert len(every) == len(calls.TEMPOS) * 7 * 2 * 2
    steadier = [call.on_grid for call in every if call.group == "steady, 8 ms"]
    assert min(steadier) > 0.95
    assert np.mean([call.on_grid for call in every if call.group == "steady, 20 ms"]) > 0.8


def test_a_response_is_measured_against_the_grid_of_its_call() -> None:
    [call, *_] = [call for call in calls.steady(1) if call.swing == 3 / 5 and call.name.startswith("60 bpm")]
    start = call.grid.origin + 40
    swung = [start + k + point for k in range(10) for point in (0.0, 0.6)]
    kept = measure(call, response(*swung))
    assert kept is not None
    assert (kept.on_grid, kept.entry, kept.keeps_swing) == (1.0, pytest.approx(0.0, abs=1e-6), True)
    late = measure(call, response(*(at + 0.02 for at in swung)))
    assert late is not None
    assert late.drift == pytest.approx(0.02, abs=1e-6)
    even = measure(call, response(*(start + k / 2 for k in range(20))))
    assert even is not None
    assert (even.on_grid, even.keeps_swing) == (0.5, False)
    assert measure(call, response(start)) is None


def test_the_report_is_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--time", "--limit", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["groups"]) <= {"steady, 8 ms", "steady, 20 ms"}
    assert {"on the grid", "worst tenth", "entries"} <= set(next(iter(found["groups"].values()))["figures"])
    assert main(["evaluate", "--time", "--limit", "1", "--pulse", "off"]) == 0
    assert "answered by livegen with --pulse off and seed 1" in capsys.readouterr().out
