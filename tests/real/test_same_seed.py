"""The same call and the same seed give the same response, in real time as in virtual time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import mido
import pytest
from livegen_process import Start, livegen
from musician import Musician, until
from phrases import Phrase, save


@pytest.fixture
def call_file(call: Phrase, tmp_path: Path) -> Path:
    return save(call, tmp_path / "call.mid")


Notes = list[tuple[float, int, int]]
"""(when [s], key, velocity; 0 for a release)."""


def notes(path: Path, track: str) -> Notes:
    """A tape's track. What falls on one moment may be written in any order: here it is sorted."""
    file = mido.MidiFile(path)
    (found,) = (one for one in file.tracks if one.name == track)
    tempo = next(message.tempo for one in file.tracks for message in one if message.type == "set_tempo")
    now = 0.0
    result: Notes = []
    for message in found:
        now += mido.tick2second(message.time, file.ticks_per_beat, tempo)
        if message.type in ("note_on", "note_off"):
            result.append((now, message.note, message.velocity if message.type == "note_on" else 0))
    return sorted(result)


def expected_of(played: Notes, expected: Notes) -> Notes:
    """For each note that was played the one that was expected: the same, at about that time. Notes of one moment may
    come in any order, and on a busy machine some are missing, because they would have come too late.
    """
    rest = list(expected)
    matches = []
    for one in played:
        same = [other for other in rest if other[1:] == one[1:]]
        assert same, f"{one} is not of {rest}"
        matches.append(min(same, key=lambda other: abs(other[0] - one[0])))
        rest.remove(matches[-1])
    assert len(matches) >= 0.7 * len(expected)
    return matches


def taped(call_file: Path, name: str, *words: str, environment: Mapping[str, str]) -> Path:
    """What comes of a call in a file."""
    path = call_file.with_name(name)
    done = livegen("--in", str(call_file), "--out", str(path), *words, environment=environment)
    assert done.returncode == 0, done.stderr
    return path


def test_from_file_to_file(call_file: Path, environment: Mapping[str, str]) -> None:
    one, two, other = (
        taped(call_file, f"{name}.mid", "--fast", "--seed", seed, environment=environment)
        for name, seed in (("one", "1"), ("two", "1"), ("other", "2"))
    )
    assert notes(one, "response")
    assert one.read_bytes() == two.read_bytes()
    assert notes(one, "call") == notes(other, "call")
    assert notes(one, "response") != notes(other, "response")


def test_in_real_time_it_is_what_it_is_in_virtual_time(call_file: Path, environment: Mapping[str, str]) -> None:
    fast = taped(call_file, "fast.mid", "--fast", "--seed", "1", environment=environment)
    live = taped(call_file, "live.mid", "--seed", "1", environment=environment)
    for track in ("call", "response"):
        slow = notes(live, track)
        quick = expected_of(slow, notes(fast, track))
        assert [one[0] for one in slow] == pytest.approx([one[0] for one in quick], abs=0.03)


def test_over_a_port_it_is_what_it_is_on_the_tape(
    start: Start, musician: Musician, call_file: Path, environment: Mapping[str, str]
) -> None:
    tape = notes(taped(call_file, "fast.mid", "--fast", "--seed", "1", environment=environment), "response")
    daemon = start("--in", str(call_file), "--out", "Listener", "--seed", "1", "--thru", "off")
    until(lambda: not daemon.running, "its end", 60)
    assert daemon.wait() == 0
    heard = musician.strikes()
    shift = heard[0].at - tape[0][0]
    played = [(one.at - shift, one.message.note, one.message.velocity) for one in heard]
    expected = expected_of(played, [one for one in tape if one[2]])
    assert [one[0] for one in played] == pytest.approx([one[0] for one in expected], abs=0.25)
    assert musician.sounding() == []
