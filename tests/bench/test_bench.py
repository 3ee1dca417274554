"""The whole command, short."""

from __future__ import annotations

import json
import sys

import pytest

from livegen.bench import Effort, jack, main, measure, tutorial
from livegen.config.settings import Settings
from livegen.errors import ModelError

SHORT = Effort(responses=1, predictions=2, playing=0.5, passing=0.5, silences=1, starts=1)


def test_json_holds_every_section_and_nothing_heavy_is_imported_here(capsys: pytest.CaptureFixture[str]) -> None:
    heavy = {"tensorflow", "keras"} - set(sys.modules)
    assert main(Settings(), as_json=True, effort=SHORT) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert list(found) == ["version", "model", "machine", "note", "lateness", "thru", "silence", "start"]
    assert {"litert_prime", "litert_step", "litert_note"} < set(found["note"])
    assert {"idle", "loaded", "idle_realtime", "loaded_realtime"} < set(found["lateness"])
    assert isinstance(found["note"]["litert_step"]["met"], bool)
    slow, note = (found["note"][key]["p50"] for key in ("tutorial", "litert_note"))
    assert found["note"]["times_faster"]["p50"] == pytest.approx(slow / note, rel=0.01)
    assert "measuring: " in told.err
    assert not heavy & set(sys.modules)


def test_a_model_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(ModelError):
        main(Settings(model="liivegen"), as_json=False)


def test_without_jack_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engines are left out by a model that is not there; the tutorial's method needs neither."""
    monkeypatch.setattr(tutorial, "compare", lambda *_: [])
    monkeypatch.setattr(jack.shutil, "which", lambda _: None)
    monkeypatch.setattr(jack, "answers", lambda: False)
    sections = {section.key: section for section in measure(Settings(model="gone"), SHORT, lambda _: None)}
    rows = {row.key: row for section in sections.values() for row in section.rows}
    assert "jackd is not installed" in rows["jack"].remark
    assert all("There is no model" in rows[key].remark for key in ("litert", "idle", "callback_to_send", "ready"))
