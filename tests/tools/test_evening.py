"""The simulated player: a short evening on the demo pieces."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from mido import Message

import livegen.demo
from livegen.config.settings import SPECS
from tools import evening

DEMOS = Path(livegen.demo.__file__).parent


def test_nothing_sounds_and_nothing_grows(capsys: pytest.CaptureFixture[str]) -> None:
    assert evening.main([str(DEMOS), "--hours", "0.03", "--odd", "1", "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    assert "at the end: 0 notes sound, 0 pedals are down" in printed
    counts = {name: int(count) for name, count in re.findall(r"^(\w[\w ]*?) +(\d+)  ", printed, re.MULTILINE)}
    assert counts["responses"] > 1
    assert counts["dials"] or counts["panic"]


def test_what_is_left_sounding_is_noticed() -> None:
    player = evening.Evening.__new__(evening.Evening)
    player.sounding, player.down = set(), set()
    player._play(Message("note_on", note=60))
    player._play(Message("control_change", control=64, value=127))
    assert (player.sounding, player.down) == ({(0, 60)}, {0})
    player._play(Message("control_change", control=123))
    player._play(Message("control_change", control=64, value=0))
    assert (player.sounding, player.down) == (set(), set())


def test_a_phrase_has_the_end_of_each_note_and_lifts_the_pedal() -> None:
    piece = [
        Message("note_on", note=60, time=0.0),
        Message("note_off", note=60, time=1.5),  # of a note before the phrase
        Message("control_change", control=64, value=127, time=1.6),
        Message("control_change", control=67, value=127, time=1.6),
        Message("note_on", note=64, time=1.7),
        Message("note_on", note=67, time=3.1),  # after it
        Message("note_off", note=64, time=3.2),
    ]
    found = [(message.type, round(message.time, 1)) for message in evening.phrase(piece, 1.0, 2.0)]
    assert found == [("control_change", 0.6), ("note_on", 0.7), ("note_off", 2.2), ("control_change", 2.2)]


def test_dials_turn_to_valid_values() -> None:
    kinds = {spec.field: spec.kind for spec in SPECS}
    dials = [evening.turned(random.Random(seed)) for seed in range(300)]
    for each in dials:
        for name, value in each.items():
            assert kinds[name].check(value) == value
    assert len({name for each in dials for name in each}) == len({*evening.RANGES, *evening.CHOICES})
