"""The simulated player: a short evening on the demo pieces."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mido import Message

import livegen.demo
from tools import evening

DEMOS = Path(livegen.demo.__file__).parent


def test_nothing_sounds_and_nothing_grows(capsys: pytest.CaptureFixture[str]) -> None:
    assert evening.main([str(DEMOS), "--hours", "0.02", "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    assert "sounding at the end: 0" in printed
    assert int(re.search(r"responses +(\d+)", printed)[1]) > 2  # type: ignore[index]  (the line is printed)


def test_what_is_left_sounding_is_noticed() -> None:
    player = evening.Evening.__new__(evening.Evening)
    player.sounding = set()
    player._play(Message("note_on", note=60))
    assert player.sounding == {(0, 60)}
    player._play(Message("control_change", control=123))
    assert not player.sounding
