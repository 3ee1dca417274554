"""Records sessions of playing, whatever the disk does."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mido
import pytest
from mido import Message

from livegen.config.settings import Settings
from livegen.io.publisher import KeepRequested, Line, Published, Publisher, RecordingChanged, SettingsApplied
from livegen.note import MonotonicTime
from livegen.record import recorder
from livegen.record.folder import Recording, recordings
from livegen.record.journal import JournalFile, read
from livegen.record.recorder import SessionRecorder
from livegen.record.take import Take
from livegen.stage.effects import Ignored
from livegen.stage.events import PortId, Received
from tests.record.played import absolute, answer, heard, key

PATIENCE = 30.0  # s, on a busy machine


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"no {what} in {PATIENCE:g} s"
        time.sleep(0.01)


class Stage:
    """A recorder, and all that it tells."""

    def __init__(self, place: Path, **settings: object) -> None:
        self.place = place
        self.told: list[Published] = []
        self.settings = replace(Settings(), **settings)  # type: ignore[arg-type]  (the names are those of settings)
        self.publisher = Publisher(self)
        self.recorder = SessionRecorder(place, self.settings, self.publisher)

    def take(self, item: Published) -> None:
        if isinstance(item, Line | RecordingChanged):
            self.told.append(item)

    @contextmanager
    def running(self) -> Iterator[Stage]:
        with self.recorder:
            self.publisher.publish(SettingsApplied(self.settings))
            yield self

    def play(self, *items: Published) -> None:
        for item in items:
            self.publisher.publish(item)

    @property
    def lines(self) -> str:
        return "\n".join(item.text for item in self.told if isinstance(item, Line))

    @property
    def states(self) -> list[str]:
        return [item.state for item in self.told if isinstance(item, RecordingChanged)]

    def found(self) -> list[Recording]:
        return [each for each in recordings(self.place) if not each.unfinished]


def now() -> float:
    return time.monotonic()


def struck(file: Path, track: int = 1) -> list[int]:
    of = absolute(mido.MidiFile(file).tracks[track], lambda message: message.type == "note_on")
    return [message.note for _, message in of]


def test_what_is_played_becomes_a_recording(tmp_path: Path) -> None:
    with Stage(tmp_path / "recordings").running() as stage:
        stage.play(*key(now(), 60), *answer(now(), 72))
    (found,) = stage.found()
    assert struck(found.file) == [60] and struck(found.file, 2) == [72]
    assert stage.states == ["ready", "recording", "ready"]
    assert stage.lines == f"recordings: {tmp_path}/recordings\nRecorded {found.file.name}."


def test_a_second_ago_is_in_the_journal(tmp_path: Path) -> None:
    """And not only in the memory of the process."""
    with Stage(tmp_path).running() as stage:
        stage.play(*key(now(), 60))
        until(lambda: list(tmp_path.glob("*.journal")), "journal")
        stage.play(*key(now(), 62))
        (journal,) = tmp_path.glob("*.journal")
        until(lambda: any(entry.get("midi") == "903E50" for entry in read(journal)), "second note")


def test_a_silence_ends_it(tmp_path: Path) -> None:
    with Stage(tmp_path, session_gap=1.0).running() as stage:
        for pitch in (60, 62):
            stage.play(*key(now(), pitch, 0.1))
            until(lambda: len(stage.found()) == pitch // 2 - 29, "recording")  # noqa: B023  (called at once)
        assert [struck(each.file) for each in stage.found()] == [[60], [62]]


def test_a_very_long_one_is_divided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "LONGEST", 50.0)
    start = now() - 200
    with Stage(tmp_path, session_gap=86_400).running() as stage:
        stage.play(*(item for i in range(5) for item in key(start + 20 * i, 60 + i)))
    assert [struck(each.file) for each in stage.found()] == [[60, 61, 62], [63, 64]]


def test_where_nothing_is_played_nothing_is_kept(tmp_path: Path) -> None:
    echo = heard(now(), "note_on", note=60, velocity=80)
    with Stage(tmp_path / "recordings").running() as stage:
        stage.play(
            heard(now(), "control_change", control=64, value=127),
            Received(Message("clock"), MonotonicTime(now()), PortId("Keys")),
            *key(now(), 60, port="demo"),
            Ignored(echo),
            echo,
            *answer(now(), 72),
        )
    assert not (tmp_path / "recordings").exists()


def test_what_was_in_force_before_the_first_note_is_part_of_it(tmp_path: Path) -> None:
    at = now()
    with Stage(tmp_path).running() as stage:
        stage.play(
            heard(at - 9, "program_change", program=5),
            heard(at - 8, "control_change", control=64, value=10),
            heard(at - 7, "control_change", control=64, value=127),
            heard(at - 6, "pitchwheel", pitch=100),
            *key(at, 60, 0.5),
        )
    (found,) = stage.found()
    first = [message for at, message in absolute(mido.MidiFile(found.file).tracks[1]) if at == 0]
    assert [str(message).removesuffix(" time=0") for message in first] == [
        "program_change channel=0 program=5",
        "control_change channel=0 control=64 value=127",
        "pitchwheel channel=0 pitch=100",
        "note_on channel=0 note=60 velocity=80",
    ]


def test_keep_that(tmp_path: Path) -> None:
    kept = KeepRequested(MonotonicTime(now()))
    with Stage(tmp_path, session_gap=1.0).running() as stage:
        stage.play(kept)
        until(lambda: "nothing has been played yet" in stage.lines, "answer")
        stage.play(*key(now(), 60), kept)
        until(stage.found, "recording")
        stage.play(*key(now(), 62))
        until(lambda: len(stage.found()) == 2, "recording")
        assert [each.kept for each in stage.found()] == [True, False]
        stage.play(kept)
        until(lambda: "is kept." in stage.lines, "answer")
    assert [each.kept for each in stage.found()] == [True, True]
    assert "will be kept" in stage.lines


def test_recording_can_be_off_and_changed_while_it_plays(tmp_path: Path) -> None:
    with Stage(tmp_path, record="off").running() as stage:
        stage.play(*key(now(), 60), KeepRequested(MonotonicTime(now())))
        stage.play(SettingsApplied(Settings(record="on")), *key(now(), 62))
        stage.play(SettingsApplied(Settings(record="off")), *key(now(), 64))
    assert [struck(each.file) for each in stage.found()] == [[62]]
    assert stage.states == ["off", "ready", "recording", "off", "off"]
    assert stage.lines.count("Recording is off (--record).") == 2
    assert "Nothing is kept: recording is off" in stage.lines


def test_two_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    with Stage(tmp_path).running() as one, Stage(tmp_path).running() as two:
        at = now()
        one.play(*key(at, 60))
        two.play(*key(at, 62))
        until(lambda: len(list(tmp_path.glob("*.journal"))) == 2, "two journals")
    assert sorted(struck(each.file) for each in one.found()) == [[60], [62]]


def test_old_ones_go(tmp_path: Path) -> None:
    (tmp_path / "2001-01-01T00-00-00Z.mid").touch()
    (tmp_path / "2001-01-01T00-00-01Z.kept.mid").touch()
    with Stage(tmp_path).running() as stage:
        until(lambda: len(stage.found()) == 1, "one recording")
    assert [each.id for each in stage.found()] == ["2001-01-01T00-00-01Z"]


def test_a_folder_that_cannot_be_written_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "RETRY", 0.05)
    place = tmp_path / "state" / "recordings"
    place.parent.touch()  # a file
    with Stage(place).running() as stage:
        for pitch in range(60, 64):
            stage.play(*key(now(), pitch))
            until(lambda: "failing" in stage.states, "warning")
        place.parent.unlink()
        until(lambda: "no messages were lost" in stage.lines, "success")
        stage.play(*key(now(), 64))
    (found,) = stage.found()
    assert struck(found.file) == [60, 61, 62, 63, 64]
    assert stage.lines.count("cannot be written (Not a directory)") == 1
    assert stage.states == ["ready", "recording", "failing", "recording", "ready"]


def test_a_disk_that_stays_full_loses_only_what_does_not_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livegen.record.take.MOST_WAITING", 50)
    monkeypatch.setattr(recorder, "RETRY", 0.05)
    full = threading.Event()
    full.set()
    append = JournalFile.append

    def scarce(self: JournalFile, records: list[bytes]) -> None:
        if full.is_set():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, records)

    monkeypatch.setattr(JournalFile, "append", scarce)
    with Stage(tmp_path).running() as stage:
        stage.play(*(item for i in range(100) for item in key(now(), i, 0.01)))
        until(lambda: "failing" in stage.states, "warning")
        full.clear()
        until(lambda: "can be written again" in stage.lines, "success")
    assert "No space left on device" in stage.lines
    (found,) = stage.found()
    assert struck(found.file)[:20] == list(range(20))


def test_a_disk_that_stays_full_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(JournalFile, "append", full)
    with Stage(tmp_path).running() as stage:
        stage.play(*key(now(), 60))
    assert "could not be finished. 4 messages are lost." in stage.lines


def test_without_room_for_the_midi_file_the_next_start_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("livegen.record.take.write_midi", full)
        with Stage(tmp_path).running() as stage:
            stage.play(*key(now(), 60))
        assert "could not be finished. The next start finishes it." in stage.lines
    with Stage(tmp_path).running() as stage:
        until(stage.found, "recording")
    assert struck(stage.found()[0].file) == [60]
    assert "Recovered" in stage.lines


def test_a_temporary_file_that_cannot_be_written_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The MIDI file is made of the journal then."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    take = Take(tmp_path, now())
    with monkeypatch.context() as patch:
        patch.setattr("livegen.smf.writing.TrackWriter._write", full)
        for pitch in (60, 62):
            take.add({"kind": "in", "at": now() + 100, "port": "Keys", "midi": f"90{pitch:02x}50"})
    path = take.end()
    assert path is not None
    assert struck(path) == [60, 62]


def test_a_slow_disk_does_not_delay_who_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "PATIENCE", 0.1)
    answers, asked = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        asked.set()
        answers.wait(PATIENCE)

    monkeypatch.setattr(JournalFile, "append", slow)
    stage = Stage(tmp_path)
    stage.recorder._backlog._most = 1000
    with stage.running():
        stage.play(*key(now(), 60))
        assert asked.wait(PATIENCE)
        for _ in range(3000):  # while the disk does not answer: a queue that is full does not wait either
            stage.play(heard(now(), "note_on", note=60, velocity=80))
    assert "The disk does not answer" in stage.lines
    answers.set()
    stage.recorder._thread.join(PATIENCE)
    assert "The disk is too slow: 2000 messages of the recording are lost." in stage.lines
    assert not stage.recorder._thread.is_alive()
