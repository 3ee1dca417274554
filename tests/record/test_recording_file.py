"""A recording: the MIDI file that a journal becomes."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import mido
import pytest
from mido import Message

from livegen.config.settings import Settings
from livegen.errors import DataError
from livegen.files import claimed
from livegen.io.publisher import KeepRequested, PortGone, PortOpened, Published, SettingsApplied
from livegen.note import MonotonicTime
from livegen.record.entries import entry
from livegen.record.finish import recover, write_midi
from livegen.record.journal import read
from livegen.record.writer import RecordingWriter, summary
from livegen.smf import events as smf
from livegen.stage.effects import PedalMoved, ResponseEnded
from livegen.stage.events import Part, PortId
from tests.record.played import ID, START, absolute, answer, entries, heard, journal, key, metas


def made(place: Path, *items: Published) -> mido.MidiFile:
    recording = RecordingWriter(place)
    for each in entries(items):
        recording.add(each)
    path = write_midi(recording, place, ID)
    recording.close()
    assert path is not None
    return mido.MidiFile(path)


def test_each_input_and_the_responses_have_a_track(tmp_path: Path) -> None:
    midi = made(
        tmp_path,
        PortOpened("in", PortId("Keys"), "Keys 20:0"),
        *key(101.0, 60),
        heard(101.25, "control_change", control=64, value=127),
        *key(102.0, 36, port="Pedalboard", channel=3),
        *answer(104.0, 72),
    )
    head, keys, pedalboard, response = midi.tracks
    assert (midi.type, midi.ticks_per_beat) == (1, 960)
    assert [track.name for track in (keys, pedalboard, response)] == ["Keys", "Pedalboard", "response"]
    assert [message.tempo for message in head if message.type == "set_tempo"] == [500_000]
    assert absolute(keys) == [
        (1.0, Message("note_on", note=60, velocity=80)),
        (1.25, Message("control_change", control=64, value=127)),
        (1.5, Message("note_off", note=60)),
        (4.5, Message("control_change", control=64, value=0)),  # nothing is left down
    ]
    assert [at for at, _ in absolute(pedalboard)] == [2.0, 2.5]
    assert absolute(response) == [
        (4.0, Message("note_on", note=72, velocity=70, channel=1)),
        (4.5, Message("note_off", note=72, channel=1)),
    ]
    assert "port direction=in port=Keys name=Keys 20:0" in metas(head, "text")


def test_keys_on_a_keyboard_that_is_unplugged_end_there(tmp_path: Path) -> None:
    recording = RecordingWriter(tmp_path)
    for each in entries(key(101.0, 60, 9.0)):
        recording.add(each)
    for gone, at in (("out", 102.0), ("in", 103.0)):  # the instrument of the same name goes first
        lost = entry(PortGone(PortId("Keys"), "Keys 20:0", gone), at)
        assert lost is not None
        recording.add(lost)
    path = write_midi(recording, tmp_path, ID)
    recording.close()
    assert path is not None
    (keys,) = (track for track in mido.MidiFile(path).tracks if track.name == "Keys")
    assert [(at, message.type) for at, message in absolute(keys)][:2] == [(1.0, "note_on"), (3.0, "note_off")]


def test_the_response_has_a_channel_that_the_player_does_not_use(tmp_path: Path) -> None:
    midi = made(tmp_path, *key(101.0, 60, channel=1), *key(102.0, 60, channel=2), *answer(104.0, 72))
    assert {message.channel for _, message in absolute(midi.tracks[-1])} == {3}


def test_what_is_on_time_is_put_in_order(tmp_path: Path) -> None:
    """The notes of a response are due earlier than they are sent."""
    midi = made(tmp_path, *key(101.0, 60, 3.0), *answer(103.9, 72), *key(104.2, 62), *answer(104.0, 74))
    assert [(at, message.note) for at, message in absolute(midi.tracks[2], lambda m: m.type == "note_on")] == [
        (3.9, 72),
        (4.0, 74),
    ]


def test_the_pedal_of_a_response_ends_with_it(tmp_path: Path) -> None:
    pedal = PedalMoved(Part.RESPONSE, 64, down=True, at=MonotonicTime(104.0))
    ended = ResponseEnded(1, 0, interrupted=True, at=MonotonicTime(104.5))
    midi = made(tmp_path, *key(101.0, 60), pedal, *answer(104.0, 72), ended, *key(120.0, 60))
    moves = absolute(midi.tracks[-1], lambda m: m.type == "control_change")
    assert [(at, message.value) for at, message in moves] == [(4.0, 127), (4.5, 0)]
    assert "response ended played=1 dropped=0 interrupted=True" in metas(midi.tracks[0], "text")


def test_the_settings_are_text_and_only_changes_follow(tmp_path: Path) -> None:
    changed = SettingsApplied(replace(Settings(), silence=1.25))
    first, *others = metas(made(tmp_path, *key(101.0, 60), changed).tracks[0], "text")[1:]
    assert "in = []" in first and 'silence = "auto"' in first and "seed" not in first
    assert others == ["silence = 1.25"]


def test_what_is_not_music_is_in_the_journal_only(tmp_path: Path) -> None:
    echo = {"kind": "in", "at": 103.0, "port": "Keys", "midi": "903c40", "ignored": True}
    later = {"kind": "something of a later version", "at": 103.0}
    broken = {"kind": "in", "at": 103.0, "port": "Keys"}
    recording = RecordingWriter(tmp_path)
    for each in (*entries(key(101.0, 60)), echo, later, broken, {"kind": "note"}):
        recording.add(each)
    path = write_midi(recording, tmp_path, ID)
    recording.close()
    assert path is not None
    assert recording.summary.notes == {"call": 1, "response": 0}


def test_any_name_of_a_port_can_be_written(tmp_path: Path) -> None:
    names = ["Клавиатура ♪", "response", "\udcff"]
    items = [item for i, name in enumerate(names) for item in key(101.0 + i, 60, port=name)]
    made(tmp_path, *items)
    found = smf.read(tmp_path / f"{ID}.mid")
    assert found.names == ("livegen", names[0], "response (input)", "?", "response")


def test_the_summary_is_at_the_beginning_of_the_file(tmp_path: Path) -> None:
    made(tmp_path, *key(101.0, 60), *key(102.0, 60), *answer(104.0, 72), KeepRequested(MonotonicTime(104.0)))
    path = tmp_path / f"{ID}.kept.mid"
    found = summary(path)
    assert found is not None
    assert (found.start, found.seconds, found.notes) == (START, 4.5, {"call": 2, "response": 1})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert metas(mido.MidiFile(path).tracks[0], "marker") == ["keep"]


def test_other_files_have_no_summary(tmp_path: Path) -> None:
    for content in (b"", b"MThd", b"livegen recording {", b'livegen recording {"version": 1, "start": 3}'):
        (tmp_path / "a.mid").write_bytes(content)
        assert summary(tmp_path / "a.mid") is None


def test_a_journal_that_a_crash_left_cut_at_any_byte_becomes_a_recording(tmp_path: Path) -> None:
    content = journal(tmp_path / "whole", [*key(100.0, 60), *key(101.0, 62), *answer(103.0, 72)]).read_bytes()
    place = tmp_path / "cut"
    place.mkdir()
    counted = []
    for length in range(0, len(content) + 1, 7):
        file = place / f"{ID}.journal"
        file.write_bytes(content[:length])
        notes = sum(e["kind"] == "note" or e.get("midi", "")[:2] == "90" for e in read(file))
        found = recover(place)
        assert not file.exists()
        if notes:
            assert [each.id for each in found] == [ID]
            listed = summary(found[0].file)
            assert listed is not None and sum(listed.notes.values()) == notes
            found[0].file.unlink()
        counted.append(notes)
        assert list(place.iterdir()) == []
    assert sorted(set(counted)) == [0, 1, 2, 3] and counted == sorted(counted)


def test_the_journal_of_a_running_process_is_left_alone(tmp_path: Path) -> None:
    mine, other = journal(tmp_path, key(101.0, 60)), journal(tmp_path, key(101.0, 60), "2026-11-28T20-26-41Z")
    with claimed(mine, ""):
        assert [each.id for each in recover(tmp_path)] == ["2026-11-28T20-26-41Z"]
        assert mine.exists() and not other.exists()
    assert [each.id for each in recover(tmp_path)] == [ID]


def test_one_journal_that_cannot_be_finished_does_not_keep_the_others(tmp_path: Path) -> None:
    (tmp_path / "1.journal").mkdir()
    journal(tmp_path, key(101.0, 60))
    with pytest.raises((OSError, DataError)):
        recover(tmp_path)
    assert (tmp_path / f"{ID}.mid").exists()


def test_a_draft_of_a_process_that_was_killed_is_removed(tmp_path: Path) -> None:
    journal(tmp_path, key(101.0, 60))
    (tmp_path / f".99999999.{ID}.mid").touch()
    recover(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{ID}.mid"]
