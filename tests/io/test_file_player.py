from __future__ import annotations

import queue
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mido import Message, MetaMessage, MidiFile, MidiTrack

from livegen.errors import DataError
from livegen.io.file_player import FilePlayer, Timeline, demo, from_file
from livegen.note import MonotonicTime
from livegen.stage.events import Ended, Received

START = MonotonicTime(100.0)


def saved(path: Path, *tracks: list[Message | MetaMessage], **settings: int) -> Path:
    midi = MidiFile(**settings)
    midi.tracks.extend(MidiTrack(track) for track in tracks)
    midi.save(path)
    return path


def test_tracks_are_merged_and_follow_the_tempo(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "call.mid",
        [MetaMessage("set_tempo", tempo=1_000_000), MetaMessage("set_tempo", tempo=250_000, time=480)],
        [Message("note_on", note=60, time=240), Message("note_off", note=60, time=720)],
        [Message("note_on", note=38, channel=9, time=480), Message("note_off", note=38, channel=9)],
        ticks_per_beat=480,
    )
    timeline = from_file(path, START, port=3)
    assert timeline.events == (
        Received(Message("note_on", note=60), MonotonicTime(100.5), 3),
        Received(Message("note_on", note=38, channel=9), MonotonicTime(101.0), 3),
        Received(Message("note_off", note=38, channel=9), MonotonicTime(101.0), 3),
        Received(Message("note_off", note=60), MonotonicTime(101.25), 3),
        Ended(MonotonicTime(101.25), 3),
    )


def test_a_key_that_is_never_let_go_is_let_go_at_the_end(tmp_path: Path) -> None:
    path = saved(tmp_path / "call.mid", [Message("note_on", note=60), Message("note_on", note=62, time=480)])
    *_, first, second, end = from_file(path, START).events
    assert [first, second] == [Received(Message("note_off", note=n), MonotonicTime(100.5)) for n in (60, 62)]
    assert end == Ended(MonotonicTime(100.5))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "there is no such file"),
        (b"", "no MIDI file"),
        (b"RIFF....WAVEfmt ", "no MIDI file"),
        (b"MThd\0\0\0\6\0\1\0\1", "no MIDI file"),
        (b"MThd\0\0\0\6\0\0\0\1\xe7\x28MTrk\0\0\0\4\0\xff\x2f\0", "beats"),
        (b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0", "no notes"),
        (b"MThd\0\0\0\6\0\2\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0", "type 2"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused(content: bytes | None, text: str, tmp_path: Path) -> None:
    path = tmp_path / "call.mid"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=text) as refusal:
        from_file(path, START)
    assert str(path) in str(refusal.value)


@given(st.data())
def test_a_damaged_file_plays_or_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("damaged") / "call.mid"
    track = [MetaMessage("key_signature", key="C"), Message("note_on", note=60), Message("note_off", note=60, time=9)]
    content = bytearray(saved(path, track).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        events = from_file(path, START).events
    except DataError:
        return
    assert isinstance(events[-1], Ended)
    assert all(a.at <= b.at for a, b in pairwise(events))


def test_the_demo_leaves_room_for_an_answer_after_each_phrase() -> None:
    events = demo(START, 1, silence=0.7, shortest=1.0, longest=8.0).events
    assert events[0].at == START
    assert all(event.port == 1 for event in events)
    assert all(a.at <= b.at for a, b in pairwise(events))
    holes = [b.at - a.at for a, b in pairwise(events) if b.at - a.at > 5.0]
    assert len(holes) >= 4
    assert all(hole > 0.7 + 8.0 for hole in holes)


def test_the_demo_plays_like_a_pianist() -> None:
    """In each phrase every key is let go, no pause could be taken for its end, and the loudness varies."""
    phrases: list[list[Received]] = [[]]
    for before, event in pairwise((Ended(START), *demo(START).events[:-1])):
        assert isinstance(event, Received)
        if event.at - before.at > 5.0:
            phrases.append([])
        phrases[-1].append(event)
    for phrase in phrases:
        held: set[int] = set()
        pedal, quiet_since = False, None
        for event in phrase:
            message = event.message
            if message.type == "control_change":
                pedal = message.value >= 64
            elif message.type == "note_on":
                assert quiet_since is None or event.at - quiet_since < 0.7
                assert message.note not in held
                held.add(message.note)
            else:
                held.remove(message.note)
            quiet_since = None if held or pedal else quiet_since or event.at
        assert not held
        assert not pedal
        velocities = {event.message.velocity for event in phrase if event.message.type == "note_on"}
        assert len(velocities) > 5
        onsets = sorted({round(event.at, 3) for event in phrase if event.message.type == "note_on"})
        assert len({round(b - a, 2) for a, b in pairwise(onsets)}) > 5


def test_the_thread_plays_in_real_time_with_nominal_stamps() -> None:
    start = time.monotonic() + 0.05
    timeline = Timeline(
        (
            Received(Message("note_on", note=60), MonotonicTime(start)),
            Received(Message("note_off", note=60), MonotonicTime(start + 0.2)),
            Ended(MonotonicTime(start + 0.2)),
        )
    )
    inbox: queue.SimpleQueue[tuple[float, Received | Ended]] = queue.SimpleQueue()
    thread = FilePlayer(timeline, lambda event: inbox.put((time.monotonic(), event)))
    thread.start()
    heard = [inbox.get(timeout=10) for _ in timeline.events]
    assert tuple(event for _, event in heard) == timeline.events
    assert all(arrived >= event.at for arrived, event in heard)
    thread.stop()


def test_the_thread_stops_at_once() -> None:
    far = MonotonicTime(time.monotonic() + 3600)
    heard: list[Received | Ended] = []
    thread = FilePlayer(Timeline((Ended(far),)), heard.append)
    thread.stop()  # not yet started
    thread = FilePlayer(Timeline((Ended(far),)), heard.append)
    thread.start()
    thread.stop()
    thread.stop()
    assert not heard
