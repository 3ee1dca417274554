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
from livegen.stage.events import InputClosed, PortId, Received

START = MonotonicTime(100.0)
PORT = PortId("call.mid")


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
    timeline = from_file(path, START, PORT)
    assert timeline.events == (
        Received(Message("note_on", note=60), MonotonicTime(100.5), PORT),
        Received(Message("note_on", note=38, channel=9), MonotonicTime(101.0), PORT),
        Received(Message("note_off", note=38, channel=9), MonotonicTime(101.0), PORT),
        Received(Message("note_off", note=60), MonotonicTime(101.25), PORT),
        InputClosed(PORT, MonotonicTime(101.25)),
    )


def test_a_key_that_is_never_let_go_is_let_go_at_the_end(tmp_path: Path) -> None:
    path = saved(tmp_path / "call.mid", [Message("note_on", note=60), Message("note_on", note=62, time=480)])
    *_, first, second, end = from_file(path, START, PORT).events
    assert [first, second] == [Received(Message("note_off", note=n), MonotonicTime(100.5), PORT) for n in (60, 62)]
    assert end == InputClosed(PORT, MonotonicTime(100.5))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "there is no such file"),
        (b"", "not a valid MIDI file"),
        (b"RIFF....WAVEfmt ", "not a valid MIDI file"),
        (b"MThd\0\0\0\6\0\1\0\1", "not a valid MIDI file"),
        (b"MThd\0\0\0\6\0\0\0\1\0\0MTrk\0\0\0\4\0\xff\x2f\0", "its time division is 0"),
        (b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0", "no notes"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused(content: bytes | None, text: str, tmp_path: Path) -> None:
    path = tmp_path / "call.mid"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=text) as refusal:
        from_file(path, START, PORT)
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
        events = from_file(path, START, PORT).events
    except DataError:
        return
    assert isinstance(events[-1], InputClosed)
    assert all(a.at <= b.at for a, b in pairwise(events))


def test_the_demo_leaves_room_for_an_answer_after_each_phrase() -> None:
    events = demo(START, PORT, silence=0.7, shortest=1.0, longest=8.0).events
    assert events[0].at == START
    assert all(event.port == PORT for event in events)
    assert all(a.at <= b.at for a, b in pairwise(events))
    holes = [b.at - a.at for a, b in pairwise(events) if b.at - a.at > 5.0]
    assert len(holes) >= 4
    assert all(hole > 0.7 + 8.0 for hole in holes)


def test_the_demo_plays_like_a_pianist() -> None:
    """In each phrase every key is let go, no pause could be taken for its end, and the loudness varies."""
    phrases: list[list[Received]] = [[]]
    timeline = demo(START, PORT, silence=0.7, shortest=1.0, longest=8.0)
    for before, event in pairwise((InputClosed(PORT, START), *timeline.events[:-1])):
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
        assert len({round(b - a, 2) for a, b in pairwise(onsets)}) > 4  # also in a waltz


def test_the_thread_plays_in_real_time_with_nominal_stamps() -> None:
    start = time.monotonic() + 0.05
    timeline = Timeline(
        (
            Received(Message("note_on", note=60), MonotonicTime(start), PORT),
            Received(Message("note_off", note=60), MonotonicTime(start + 0.2), PORT),
            InputClosed(PORT, MonotonicTime(start + 0.2)),
        ),
        PORT,
    )
    inbox: queue.SimpleQueue[tuple[float, Received | InputClosed]] = queue.SimpleQueue()
    thread = FilePlayer(timeline, lambda event: inbox.put((time.monotonic(), event)))
    thread.start()
    heard = [inbox.get(timeout=10) for _ in timeline.events]
    assert tuple(event for _, event in heard) == timeline.events
    assert all(arrived >= event.at for arrived, event in heard)
    thread.stop()


def test_the_thread_stops_at_once() -> None:
    far = MonotonicTime(time.monotonic() + 3600)
    heard: list[Received | InputClosed] = []
    thread = FilePlayer(Timeline((InputClosed(PORT, far),), PORT), heard.append)
    thread.stop()  # not yet started
    thread = FilePlayer(Timeline((InputClosed(PORT, far),), PORT), heard.append)
    thread.start()
    thread.stop()
    thread.stop()
    assert not heard


def raw(path: Path, *tracks: bytes, division: int = 500) -> Path:
    """A file byte by byte; of the usual division a tick is 1 ms."""
    header = b"MThd\0\0\0\6\0\1" + len(tracks).to_bytes(2) + division.to_bytes(2)
    path.write_bytes(header + b"".join(b"MTrk" + len(track).to_bytes(4) + track for track in tracks))
    return path


def test_a_repeated_note_is_let_go_before_it_is_struck_again(tmp_path: Path) -> None:
    """However it is written: what plays it need not know the rule."""
    legato = raw(tmp_path / "a.mid", b"\0\x90\x3c\x50\x87\x68\x90\x3c\x50\4\x80\x3c\0\x87\x68\x80\x3c\0\0\xff\x2f\0")
    assert [(event.at, event.message.type) for event in from_file(legato, START, PORT).events[:-1]] == [
        (100.0, "note_on"),
        (101.0, "note_off"),
        (101.0, "note_on"),
        (102.004, "note_off"),
    ]


def test_a_key_that_is_never_let_go_is_let_go_at_the_end_of_the_track(tmp_path: Path) -> None:
    held = raw(tmp_path / "a.mid", b"\0\x90\x3c\x50\x87\x68\xff\x2f\0")
    assert [event.at for event in from_file(held, START, PORT).events] == [100.0, 101.0, 101.0]


def test_system_exclusive_messages_are_played_and_escapes_are_not(tmp_path: Path) -> None:
    file = raw(tmp_path / "a.mid", b"\0\xf0\3\1\2\xf7\0\xf7\1\xf8\0\xf0\1\3\0\xf7\2\4\xf7\0\x90\x3c\x50\0\xff\x2f\0")
    first, second, note, *_ = from_file(file, START, PORT).events
    assert [list(event.message.bytes()) for event in (first, second)] == [[0xF0, 1, 2, 0xF7], [0xF0, 3, 4, 0xF7]]
    assert note.message == Message("note_on", note=60, velocity=80)


def test_what_is_lost_is_known(tmp_path: Path) -> None:
    whole = raw(tmp_path / "a.mid", b"\0\x90\x3c\x50\x83\x74\x80\x3c\0\0\x90\x3e\x50\x83\x74\x80\x3e\0\0\xff\x2f\0")
    assert from_file(whole, START, PORT).dropped == ()
    whole.write_bytes(whole.read_bytes()[:-7])
    timeline = from_file(whole, START, PORT)
    assert timeline.dropped == ("track 1 is cut off after 0.5 s; the rest is lost",)
    assert timeline.seconds == 0.5


def test_a_repeated_note_whose_note_on_comes_first_is_let_go_before_it_is_struck_again(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "call.mid",
        [
            Message("note_on", note=60),
            Message("note_on", note=60, velocity=70, time=480),
            Message("note_off", note=60),
            Message("note_off", note=60, time=480),
        ],
    )
    messages = [event.message for event in from_file(path, START, PORT).events if isinstance(event, Received)]
    assert [(message.type, message.velocity) for message in messages] == [
        ("note_on", 64),
        ("note_off", 64),
        ("note_on", 70),
        ("note_off", 64),
    ]


def test_a_timeline_can_be_delayed_and_keeps_its_port(tmp_path: Path) -> None:
    path = saved(tmp_path / "call.mid", [Message("note_on", note=60), Message("note_off", note=60, time=480)])
    timeline = from_file(path, START, PORT)
    later = timeline.delayed(2.5)
    assert [event.at for event in later.events] == [event.at + 2.5 for event in timeline.events]
    assert (later.port, later.path, later.seconds) == (PORT, path, timeline.seconds)
    assert {event.port for event in later.events} == {PORT}
