from __future__ import annotations

import os
import stat
import threading
import wave
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mido import Message
from numpy.typing import NDArray

from livegen.errors import ConfigError, PortError, StorageError
from livegen.io import fluid
from livegen.io.backlog import Backlog
from livegen.io.recorder import WAV_TAIL, MidiRecorder, WavRecorder, unused
from livegen.io.wav import RATE
from livegen.note import MonotonicTime
from livegen.stage.effects import Send
from livegen.stage.events import Part, PortId

AUDIBLE = 33  # of 32768: FluidSynth's silence is a dither of one


@pytest.fixture(scope="module")
def fluidsynth() -> None:
    try:
        fluid.library()
    except PortError as error:
        pytest.skip(f"FluidSynth missing: {error}")


def send(at: float, kind: str, part: Part = Part.CALL, **data: int) -> Send:
    return Send(PortId("jam"), Message(kind, **data), part, MonotonicTime(at))


def on(at: float, note: int, part: Part = Part.CALL, channel: int = 0, velocity: int = 80) -> Send:
    return send(at, "note_on", part, note=note, channel=channel, velocity=velocity)


def off(at: float, note: int, part: Part = Part.CALL, channel: int = 0) -> Send:
    return send(at, "note_off", part, note=note, channel=channel)


def absolute(track: mido.MidiTrack) -> list[tuple[float, Message]]:
    """The messages of a track with their times in seconds, at 120 and 960 ticks."""
    now, found = 0, []
    for message in track:
        now += message.time
        if not message.is_meta:
            found.append((now / 1920, message.copy(time=0)))
    return found


def test_call_and_response_have_a_track_each(tmp_path: Path) -> None:
    path = tmp_path / "jam.mid"
    tape = MidiRecorder(path)
    for each in (
        on(50.0, 60),
        on(51.5, 64, Part.RESPONSE, channel=1),
        off(51.0, 60),  # in no particular order
        send(50.25, "control_change", control=64, value=127),
        send(50.5, "clock"),
        send(50.5, "song_select", song=3),
        off(52.0, 64, Part.RESPONSE, channel=1),
    ):
        tape.send(each)
    assert not path.exists()
    tape.close()
    midi = mido.MidiFile(path)
    assert (midi.type, midi.ticks_per_beat) == (1, 960)
    tempo, call, response = midi.tracks
    assert [m.tempo for m in tempo if m.type == "set_tempo"] == [500_000]
    assert (call.name, response.name) == ("call", "response")
    assert absolute(call) == [
        (0.0, Message("note_on", note=60, velocity=80)),
        (0.25, Message("control_change", control=64, value=127)),
        (1.0, Message("note_off", note=60)),
        (2.0, Message("control_change", control=64, value=0)),  # nothing is left down
    ]
    assert absolute(response) == [
        (1.5, Message("note_on", note=64, channel=1, velocity=80)),
        (2.0, Message("note_off", note=64, channel=1)),
    ]


def test_on_a_shared_channel_a_key_is_let_go_on_the_track_that_struck_it_last(tmp_path: Path) -> None:
    tape = MidiRecorder(tmp_path / "jam.mid")
    for each in (on(1.0, 60, Part.RESPONSE), on(1.5, 60), off(2.0, 60)):
        tape.send(each)
    for each in (on(3.0, 62), on(3.5, 62, Part.RESPONSE), off(4.0, 62)):
        tape.send(each)
    tape.close()
    _, call, response = mido.MidiFile(tmp_path / "jam.mid").tracks
    assert [(at, message.type, message.note) for at, message in absolute(call)] == [
        (0.5, "note_on", 60),
        (1.0, "note_off", 60),
        (2.0, "note_on", 62),
        (2.5, "note_off", 62),
    ]
    assert [(at, message.type, message.note) for at, message in absolute(response)] == [
        (0.0, "note_on", 60),
        (0.5, "note_off", 60),
        (2.5, "note_on", 62),
        (3.0, "note_off", 62),
    ]


def test_a_break_of_days_keeps_its_length(tmp_path: Path) -> None:
    tape = MidiRecorder(tmp_path / "jam.mid")
    tape.send(on(1.0, 60))
    tape.send(off(1.0 + 3 * 86_400, 60))
    tape.close()
    assert [at for at, _ in absolute(mido.MidiFile(tmp_path / "jam.mid").tracks[1])] == [0.0, 3 * 86_400]


def test_a_name_that_is_free(tmp_path: Path) -> None:
    assert unused(tmp_path / "jam.mid") == tmp_path / "jam.mid"
    (tmp_path / "jam.mid").touch()
    (tmp_path / "jam-2.mid").touch()
    assert unused(tmp_path / "jam.mid") == tmp_path / "jam-3.mid"
    too_long = tmp_path / f"{'jam' * 100}.mid"
    assert unused(too_long) == too_long  # which is refused when it is opened


def test_a_link_that_leads_nowhere_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.mid").symlink_to("b.mid")
    (tmp_path / "b.mid").symlink_to("a.mid")
    tape = MidiRecorder(tmp_path / "a.mid")
    tape.send(on(1.0, 60))
    tape.close()
    assert mido.MidiFile(tmp_path / "a.mid").type == 1


@settings(deadline=None)  # each example has a thread
@given(st.lists(st.tuples(st.floats(0, 10), st.booleans(), st.sampled_from(Part), st.integers(60, 62))))
def test_every_note_has_its_end(
    tmp_path_factory: pytest.TempPathFactory, played: list[tuple[float, bool, Part, int]]
) -> None:
    path = tmp_path_factory.mktemp("tape") / "jam.mid"
    tape = MidiRecorder(path)
    tape.send(on(0.0, 60))
    for at, down, part, note in played:
        tape.send(on(at, note, part) if down else off(at, note, part))
    tape.close()
    for track in mido.MidiFile(path).tracks:
        sounding = dict.fromkeys((60, 61, 62), 0)
        for _, message in absolute(track):
            change = 1 if message.type == "note_on" else -1
            sounding[message.note] = max(0, sounding[message.note] + change)
        assert not any(sounding.values())


@pytest.mark.usefixtures("fluidsynth")
@pytest.mark.parametrize("kind", [MidiRecorder, WavRecorder])
def test_where_nothing_is_played_what_is_there_stays(kind: type[MidiRecorder | WavRecorder], tmp_path: Path) -> None:
    path = tmp_path / "jam"
    path.write_text("yesterday's")
    tape = kind(path)
    tape.send(send(1.0, "clock"))
    assert tape.empty
    tape.close()
    assert path.read_text() == "yesterday's"


@pytest.mark.usefixtures("fluidsynth")
@pytest.mark.parametrize("kind", [MidiRecorder, WavRecorder])
def test_it_is_written_once(kind: type[MidiRecorder | WavRecorder], tmp_path: Path) -> None:
    path = tmp_path / "jam"
    tape = kind(path)
    tape.send(off(1.0, 60))
    tape.close()
    written = path.stat()
    tape.close()
    assert path.stat().st_mtime_ns == written.st_mtime_ns
    assert list(tmp_path.iterdir()) == [path]
    if kind is MidiRecorder:
        assert mido.MidiFile(path).length == 0
    else:
        with wave.open(str(path)) as wav:
            assert wav.getnframes() == WAV_TAIL * RATE
    with pytest.raises(PortError, match="already"):
        tape.send(on(1, 60))


def test_an_older_file_is_replaced_and_may_be_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "jam.mid"
    path.write_text("old")
    tape = MidiRecorder(path)
    tape.send(on(1.0, 60))
    assert path.read_text() == "old"
    before = os.umask(0o022)
    tape.close()
    os.umask(before)
    assert mido.MidiFile(path).type == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("place", ["nowhere/jam.mid", "", "file/jam.mid"])
def test_a_place_that_cannot_be_written_is_refused_before_playing(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        MidiRecorder(tmp_path / place)


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "jam.mid").symlink_to("/dev/null")
    with pytest.raises(ConfigError, match=r"jam\.mid cannot be written: it is a device"):
        MidiRecorder(tmp_path / "jam.mid")


def test_a_place_that_goes_away_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    tape = MidiRecorder(folder / "jam.mid")
    tape.send(on(1.0, 60))
    folder.rmdir()
    with pytest.raises(StorageError, match=r"jam\.mid could not be written"):
        tape.close()
    tape.close()


def test_an_unfinished_file_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    tape = MidiRecorder(tmp_path / "jam.mid")
    tape.send(on(1.0, 60))
    for at in range(20):
        tape.send(off(10.0 + at, 60))
    join = tape._thread.join
    monkeypatch.setattr(tape._thread, "join", lambda: interrupted() if not tape._stopped else join())
    monkeypatch.setattr(tape._backlog, "close", lambda: None)  # it is still at work then
    stop = threading.Timer(0.2, Backlog.close, (tape._backlog,))
    stop.start()
    with pytest.raises(KeyboardInterrupt):
        tape.close()
    stop.join()
    assert list(tmp_path.iterdir()) == []


def sound(path: Path) -> NDArray[np.int32]:
    """The loudest of both channels, frame by frame."""
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 44_100)
        frames = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).reshape(-1, 2)
    loudest: NDArray[np.int32] = np.abs(frames.astype(np.int32)).max(axis=1)
    return loudest


@pytest.mark.usefixtures("fluidsynth")
def test_the_sound_is_there_and_where_it_should_be(tmp_path: Path) -> None:
    path = tmp_path / "jam.wav"
    tape = WavRecorder(path)
    for each in (
        send(10.0, "control_change", control=7, value=100),
        on(11.0, 60, velocity=100),
        off(11.5, 60),
        on(15.0, 72, Part.RESPONSE, channel=1, velocity=100),
        off(15.5, 72, Part.RESPONSE, channel=1),
    ):
        tape.send(each)
    tape.close()
    level = sound(path)
    assert len(level) == round((5.5 + WAV_TAIL) * RATE)
    second = [level[round(t * RATE) : round((t + 0.5) * RATE)] for t in np.arange(0, 7.5, 0.5)]
    rms = [float(np.sqrt(np.mean(part.astype(float) ** 2))) for part in second]
    assert rms[2] > AUDIBLE
    assert rms[10] > AUDIBLE
    assert max(*level[: RATE - 64], *second[9]) <= AUDIBLE
    first = np.flatnonzero(level > AUDIBLE)[0] / RATE
    assert 1.0 - 64 / RATE <= first < 1.05  # a hammer takes its time


@pytest.mark.usefixtures("fluidsynth")
def test_the_sound_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one.wav", "two.wav"):
        tape = WavRecorder(tmp_path / name, gain=1.0)
        for i in range(20):
            tape.send(on(i * 0.1, 50 + i))
        tape.close()
    assert np.array_equal(sound(tmp_path / "one.wav"), sound(tmp_path / "two.wav"))


@pytest.mark.usefixtures("fluidsynth")
def test_gain_is_loudness(tmp_path: Path) -> None:
    peaks = []
    for gain in (0.0, 0.2, 1.0):
        path = tmp_path / f"{gain}.wav"
        tape = WavRecorder(path, gain=gain)
        tape.send(on(0, 60))
        tape.close()
        peaks.append(int(sound(path).max()))
    assert peaks[0] <= 1
    assert AUDIBLE < peaks[1] < peaks[2] / 4


@pytest.mark.usefixtures("fluidsynth")
def test_a_soundfont_that_is_none_is_refused_before_playing(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="does not exist"):
        WavRecorder(tmp_path / "jam.wav", soundfont=str(tmp_path / "missing.sf2"))
