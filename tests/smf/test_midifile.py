"""What is read of a MIDI file, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from midi_bytes import END, SCALE, chunk, event, header, meta, midi, note

from livegen.errors import DataError
from livegen.smf.events import Events, parse, read
from livegen.smf.track import PATIENCE, Track

DEMO = sorted((Path(__file__).parents[2] / "livegen" / "demo").glob("*.mid"))
PLAIN = midi(SCALE + END)


def messages(events: Events) -> list[tuple[float, tuple[int, ...]]]:
    """When each message comes, to the millisecond, and its bytes."""
    found = []
    for row, (at, status, first, second) in enumerate(
        zip(*(column.tolist() for column in (events.seconds, events.status, events.data1, events.data2)), strict=True)
    ):
        short = (status, first) if 0xC0 <= status < 0xE0 else (status, first, second)
        found.append((round(at, 3), (status, *events.sysex[row]) if status == 0xF0 else short))
    return found


EIGHT = messages(parse(PLAIN))


def test_a_plain_file() -> None:
    assert EIGHT[:3] == [(0.0, (0x90, 60, 64)), (0.25, (0x80, 60, 0)), (0.25, (0x90, 62, 64))]
    assert len(EIGHT) == 16 and EIGHT[-1] == (2.0, (0x80, 60, 0))
    events = parse(PLAIN)
    assert (events.end, events.dropped, events.names, events.sysex) == (2.0, (), ("",), {})


@pytest.mark.parametrize(
    "content",
    [
        midi(event(0, 0xF7, 1, 0xF8) + SCALE + END),
        midi(meta(0x59, b"\xee\x01") + SCALE + END),
        midi(meta(0x51, b"\x07") + meta(0x51, b"\0\0\0") + meta(0x58, b"") + meta(0x7F, bytes(1000)) + SCALE + END),
        midi(event(0, 0xFF, 0x93, 1, 0) + event(0, 0xF8) + event(0, 0xF2, 1, 2) + SCALE + END),
        midi(SCALE),  # no end of track
        midi(SCALE + b"\x00\xff\x2f\x01\x00"),
        midi(SCALE + END + note(99)),
        midi(SCALE + END) + bytes(9),
        midi(SCALE + END) + b"any text \xff",
        midi(SCALE + END) + chunk(b"XFIH", b"abcdef"),
        header(1) + chunk(b"XFIH", b"abcdef") + chunk(b"MTrk", SCALE + END),
        header(1) + chunk(b"XFIH", b"abcdef", 12345) + chunk(b"MTrk", SCALE + END),
        chunk(b"MThd", header(1)[8:] + b"more") + chunk(b"MTrk", SCALE + END),
        chunk(b"MThd", header(1)[8:], 99) + chunk(b"MTrk", SCALE + END),
        header(0) + chunk(b"MTrk", SCALE + END),
        header(1) + chunk(b"MTrk", SCALE + END, 0),
        header(1) + chunk(b"MTrk", SCALE + END, 3),
        header(1) + chunk(b"MTrk", SCALE + END, 0xFFFFFFFF),
        header(2) + chunk(b"MTrk", SCALE + END, 90) + chunk(b"MTrk", END),
        header(2) + chunk(b"MTrk", SCALE + END, 900) + chunk(b"MTrk", END),
        midi(SCALE + END, kind=0),
        midi(SCALE + END, kind=7),
        midi(SCALE + END, kind=2),
        b"RIFF\x6e\0\0\0RMIDdata" + len(PLAIN).to_bytes(4, "little") + PLAIN,
        b"RIFF\x6e\0\0\0RMIDdata" + len(PLAIN).to_bytes(4, "little") + PLAIN + b"\0LIST\4\0\0\0INFO",
        bytes(128) + PLAIN,  # MacBinary
    ],
    ids=lambda content: content[:40].hex(),
)
def test_what_is_not_used_is_skipped(content: bytes) -> None:
    events = parse(content)
    assert messages(events) == EIGHT
    assert events.dropped == ()


@pytest.mark.parametrize(
    ("content", "notes_left", "lost"),
    [
        (PLAIN[:-20], 12, "track 1 is cut off after 1.5 s; the rest is lost"),
        (PLAIN[:-4], 16, "track 1 is cut off after 2.0 s; the rest is lost"),
        (midi(SCALE + b"\x00\xff\x01\x7fshort"), 16, "track 1 is damaged after 2.0 s; the rest is lost"),
        (midi(SCALE + b"\x81\x81\x81\x81\x01\x90\x3c\x40" + END), 16, "track 1 is damaged after 2.0 s"),
        (midi(SCALE + END, b"\x00\x3c\x40" + SCALE + END), 16, "track 2 is damaged after 0.0 s"),
        (midi(event(0, 0x90, 200, 64) + SCALE + END), 16, "track 1 has 1 message with a key or controller above 127"),
        (midi(event(0, 0xF0, 3, 0x7E, 0x80, 0xF7) + SCALE + END), 16, "1 system exclusive message with data above 127"),
        (header(3) + chunk(b"MTrk", SCALE + END), 16, "2 of its 3 tracks are missing"),
        (header(2) + chunk(b"MTrk", SCALE + END) + b"MTrk\0\0", 16, "1 of its 2 tracks is missing"),
    ],
)
def test_what_is_lost_is_told(content: bytes, notes_left: int, lost: str) -> None:
    events = parse(content)
    assert messages(events) == EIGHT[:notes_left]
    assert len(events.dropped) == 1 and events.dropped[0].startswith(lost)


def test_values_above_127_are_127() -> None:
    events = parse(midi(event(0, 0xB0, 7, 0xFF) + event(0, 0xC0, 0x80) + event(0, 0x90, 60, 0x90) + SCALE + END))
    assert messages(events)[:3] == [(0.0, (0xB0, 7, 127)), (0.0, (0xC0, 127)), (0.0, (0x90, 60, 127))]
    assert events.dropped == ("track 1 has 3 values above 127, read as 127",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a valid MIDI file"),
        (b"no MIDI at all", "not a valid MIDI file"),
        (b"RIFF....WAVEfmt ", "not a valid MIDI file"),
        (PLAIN[:12], "not a valid MIDI file"),
        (PLAIN[:20], "not a valid MIDI file"),
        (chunk(b"MThd", b"\0\1\0\1") + chunk(b"MTrk", SCALE), "not a valid MIDI file"),
        (bytes(512) + PLAIN, "not a valid MIDI file"),  # such as an archive that has one in it
        (midi(SCALE + END, division=0), "its time division is 0"),
        (midi(SCALE + END, division=0xE700), "its time division is 0"),
        (midi(note(60) + note(62, wait=2**28 - 1) + END), "it lasts 75 hours, but the limit is 24 hours"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "some.mid"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"some\.mid: {said}.*\.$"):
        read(path)


def test_silence_at_the_end_makes_no_file_too_long() -> None:
    assert parse(midi(SCALE + event(2**28 - 1, 0xFF, 0x2F, 0))).end == 2.0
    assert parse(midi(SCALE + event(3000, 0xFF, 0x2F, 0))).end == 5.0


def test_running_status_goes_on_after_other_events() -> None:
    track = (
        event(0, 0xC0, 5) + event(0, 6) + meta(1, b"text") + event(0, 7)
        + event(5, 0xF0, 2, 1, 0xF7) + event(0, 8) + event(0, 0x90, 60, 1) + meta(1, b"") + event(0, 61, 2)
        + event(0, 0xD0, 9) + event(0, 10) + event(0, 0xE0, 1, 2) + event(0, 3, 4)
    )  # fmt: skip
    assert [message for _, message in messages(parse(midi(track + END)))] == [
        *((0xC0, program) for program in (5, 6, 7)),
        (0xF0, 1),
        (0xC0, 8),
        (0x90, 60, 1),
        (0x90, 61, 2),
        *((0xD0, 9), (0xD0, 10)),
        *((0xE0, 1, 2), (0xE0, 3, 4)),
    ]


def test_system_exclusive_messages_are_put_together() -> None:
    track = (
        event(0, 0xF0, 3, 1, 2, 0xF7)
        + event(100, 0xF0, 2, 3, 4) + event(100, 0xF7, 1, 5) + event(100, 0xF7, 2, 6, 0xF7)
        + event(0, 0xF7, 2, 0xF3, 1)  # an escape
        + event(0, 0xF0, 1, 7)  # without an end, as some write it
        + event(100, 0x90, 60, 64)
    )  # fmt: skip
    assert messages(parse(midi(track + END))) == [
        (0.0, (0xF0, 1, 2)),
        (0.3, (0xF0, 3, 4, 5, 6)),
        (0.3, (0xF0, 7)),
        (0.4, (0x90, 60, 64)),
    ]


def test_patterns_come_one_after_the_other_each_with_a_tempo_of_its_own() -> None:
    slow = meta(0x51, (1_000_000).to_bytes(3)) + note(60) + event(500, 0xFF, 0x2F, 0)
    events = parse(midi(slow, note(72) + END, kind=2))
    assert events.seconds.tolist() == [0.0, 0.5, 1.5, 1.75]
    assert (events.track.tolist(), events.end) == ([0, 0, 1, 1], 1.75)
    assert parse(midi(slow, note(72) + END)).seconds.tolist() == [0.0, 0.0, 0.5, 0.5]


@pytest.mark.parametrize(("frames", "rate"), [(24, 24), (25, 25), (29, 30_000 / 1001), (30, 30)])
def test_time_in_frames_knows_no_tempo(frames: int, rate: float) -> None:
    track = meta(0x51, (9_000_000).to_bytes(3)) + event(0, 0x90, 60, 64) + event(400, 0x80, 60, 0)
    events = parse(midi(track + END, division=(256 - frames) << 8 | 40))
    assert events.seconds.tolist() == pytest.approx([0.0, 10 / rate], abs=1e-12)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"Copyright \xa9 Klavierst\xfcck", "Copyright © Klavierstück"),
        ("Für Elise, Träumerei".encode("latin-1"), "Für Elise, Träumerei"),
        (b"Gymnop\xe9die", "Gymnopédie"),
        (b"S\xe9r\xe9nade", "Sérénade"),
        (b"\x8cuvre \x96 l\x92\xe9t\xe9", "Œuvre \u2013 l\u2019été"),
        (b"John\x92s Piano", "John\u2019s Piano"),
        ("Klavier ♪".encode("utf-16"), "Klavier ♪"),
        (b"\xfe\xff" + "Klavier".encode("utf-16-be"), "Klavier"),
        (b"\xff\xfeKlavier", "ÿþKlavier"),  # an odd number of bytes: it is not UTF-16
        ("ピアノ".encode("cp932"), "ピアノ"),
        ("Piano (右手)".encode("cp932"), "Piano (右手)"),
        ("ﾋﾟｱﾉ".encode("cp932"), "ﾋﾟｱﾉ"),
        ("琴".encode("cp932"), "琴"),
        ("月光 ピアノ für".encode(), "月光 ピアノ für"),
        (b"call\x1b[31m\0", "call[31m"),
        (b"\x81", ""),
    ],
)
def test_names_of_any_encoding(name: bytes, text: str) -> None:
    assert parse(midi(meta(3, name) + SCALE + meta(3, b"later") + END)).names == (text,)


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_times_are_those_of_mido_to_the_last_bit(path: Path) -> None:
    now, expected = 0.0, []
    for message in mido.MidiFile(path):
        now += message.time
        if not message.is_meta:
            expected.append((now, tuple(message.bytes())))
    events = read(path)
    assert events.seconds.tolist() == [at for at, _ in expected]
    assert [data for _, data in messages(events)] == [data for _, data in expected]


def test_tracks_are_merged_and_follow_the_tempo_as_in_mido(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    file = mido.MidiFile(ticks_per_beat=480)
    for channel in range(3):
        track = file.add_track()
        for _ in range(300):
            pitch, delta = (int(random.integers(0, high)) for high in (128, 200))
            track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=pitch, time=delta))
            if random.random() < 0.1:
                track.append(mido.MetaMessage("set_tempo", tempo=int(random.integers(1, 2**24)), time=delta))
    file.save(tmp_path / "many.mid")
    now, times, data = 0.0, [], []
    for message in file:
        now += message.time
        if not message.is_meta:
            times.append(now)
            data.append(tuple(message.bytes()))
    events = read(tmp_path / "many.mid")
    assert events.seconds.tolist() == times
    assert [message for _, message in messages(events)] == data


_DATA = st.integers(0, 127)
_DELTA = st.sampled_from([0, 1, 127, 128, 300, 20_000, 2_500_000])
_EVENTS = st.lists(
    st.tuples(_DELTA, st.sampled_from([0x80, 0x90, 0xB3, 0xE1]), _DATA, _DATA)
    | st.tuples(_DELTA, st.sampled_from([0xC0, 0xD5]), _DATA)
    | st.tuples(_DELTA, st.just(0xFF), st.integers(1, 10), st.just(0)),
    max_size=60,
)


@given(_EVENTS, st.booleans(), st.integers(0, 30))
def test_reading_many_at_once_is_reading_one_by_one(events: list[tuple[int, ...]], running: bool, plain: int) -> None:
    """What numpy reads is what was written, with and without running status, whatever is among it."""
    expected = [*events, *[(3, 0x90, 60, 64)] * plain, *events]
    content, last = b"", 0
    for delta, status, *data in expected:
        content += event(delta, *([] if running and status == last < 0xF0 else [status]), *data)
        last = status if status < 0xF0 else last
    padded = content + bytes(4)
    rows = Track(padded, np.frombuffer(padded, np.uint8), 0, len(content)).read()
    got = zip(rows.delta.tolist(), rows.status.tolist(), rows.data1.tolist(), strict=True)
    assert list(got) == [tuple(each[:3]) for each in expected]
    two = (rows.status < 0xC0) | ((rows.status >= 0xE0) & (rows.status < 0xF0))
    assert rows.data2[two].tolist() == [each[3] for each in expected if each[1] not in (0xC0, 0xD5, 0xFF)]


def test_numpy_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    ones, plain = [], Track._read_one

    def counted(track: Track) -> bool:
        ones.append(track.at)
        return plain(track)

    monkeypatch.setattr(Track, "_read_one", counted)
    assert len(parse(midi(meta(3, b"piano") + SCALE * 1000 + END)).seconds) == 16_000
    assert len(ones) <= 2 * PATIENCE + 3
