"""`livegen play` to an instrument on a real port, and every way out of it."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

import mido
import pytest
from livegen_process import LivegenProcess, livegen
from mido import Message
from musician import Musician, until

PROMPT = 0.25  # s, on a busy machine
KINDS = ("note_on", "note_off")


def saved(path: Path, *messages: Message) -> Path:
    mido.MidiFile(tracks=[mido.MidiTrack(messages)], ticks_per_beat=480).save(path)  # 960 ticks a second
    return path


def test_what_is_in_the_file_arrives_in_order_and_in_time(
    environment: Mapping[str, str], musician: Musician, tmp_path: Path
) -> None:
    keys = [Message(KINDS[k % 2], note=60 + k // 2, velocity=50 + k, time=96) for k in range(20)]
    file = saved(tmp_path / "scale.mid", Message("program_change", program=3), *keys)
    done = livegen("play", str(file), "--out", "Listener", environment=environment)
    assert done.returncode == 0, done.stderr
    assert "model" not in done.stderr
    heard = [one.message.copy(time=0) for one in musician.heard]
    assert [m for m in heard if m.type != "control_change"] == [
        Message("program_change", program=3),
        *(message.copy(time=0) for message in keys),
    ]
    notes = [one.at for one in musician.heard if one.message.type == "note_on"]
    assert notes[-1] - notes[0] == pytest.approx(1.8, abs=PROMPT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_silences_it(
    environment: Mapping[str, str], musician: Musician, tmp_path: Path, number: signal.Signals
) -> None:
    chord = [Message("note_on", note=note, velocity=80) for note in (60, 64, 67)]
    pedal = Message("control_change", control=64, value=127)
    file = saved(tmp_path / "held.mid", pedal, *chord, Message("note_off", note=60, time=960 * 60))
    playing = LivegenProcess("play", str(file), "--out", "Listener", environment=environment)
    try:
        until(lambda: len(musician.sounding()) == 3, "a chord", 60)
        assert playing.stop(number) == 0, playing.log
        musician.await_silence(PROMPT)
        assert Message("control_change", control=64, value=0) in [one.message for one in musician.heard]
        assert "Stopped at 0:0" in playing.log
    finally:
        playing.close()


def test_sigusr1_silences_it_and_it_plays_on(
    environment: Mapping[str, str], musician: Musician, tmp_path: Path
) -> None:
    later = Message("note_on", note=72, velocity=80, time=960 * 2)
    held = Message("note_on", note=60, velocity=80)
    file = saved(tmp_path / "held.mid", held, later, Message("note_off", note=72, time=100))
    playing = LivegenProcess("play", str(file), "--out", "Listener", environment=environment)
    try:
        until(musician.sounding, "a note", 60)
        playing.send(signal.SIGUSR1)
        musician.await_silence(2)
        assert playing.wait() == 0, playing.log
        assert [one.message.note for one in musician.strikes()] == [60, 72]
        assert not musician.sounding()
    finally:
        playing.close()
