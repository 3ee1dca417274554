"""Notes of MIDI files, by the one rule of pairing."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from midi_bytes import END, SCALE, event, meta, midi, note

from livegen.note import INSTANT
from livegen.smf.events import Events, parse
from livegen.smf.notes import notes, pair
from livegen.stage.pairing import NOTES_OFF, Pairing

ON, OFF = 0x90, 0x80


def read(*tracks: bytes, **given: object) -> list[tuple[int, float, float]]:
    """Pitch, onset and duration of each note."""
    found = notes(parse(midi(*tracks)), **given)  # type: ignore[arg-type]
    columns = (found.pitch, found.onset, found.duration)
    return [(pitch, round(onset, 6), round(lasting, 6)) for pitch, onset, lasting in zip(*columns, strict=True)]


def test_a_repeated_note_is_the_same_however_it_is_written() -> None:
    clean = b"".join(event(wait, kind, 60, 64) for wait, kind in ((0, ON), (500, OFF), (0, ON), (500, OFF)))
    legato = b"".join(event(wait, kind, 60, 64) for wait, kind in ((0, ON), (500, ON), (0, OFF), (500, OFF)))
    late = b"".join(event(wait, kind, 60, 64) for wait, kind in ((0, ON), (500, ON), (5, OFF), (495, OFF)))
    zero = b"".join(event(wait, ON, 60, velocity) for wait, velocity in ((0, 64), (500, 64), (0, 0), (500, 0)))
    for track in (clean, legato, late, zero):
        assert read(track + END) == [(60, 0.0, 0.5), (60, 0.5, 0.5)]
    over = b"".join(event(wait, kind, 60, 64) for wait, kind in ((0, ON), (500, ON), (6, OFF), (494, OFF)))
    assert read(over + END) == [(60, 0.0, 0.5), (60, 0.5, 0.006)]


def test_a_note_without_length_and_a_note_without_end() -> None:
    assert read(note(60, lasting=0) + END) == [(60, 0.0, INSTANT)]
    assert read(event(0, ON, 60, 64) + note(62, wait=250, lasting=250) + END) == [(60, 0.0, 0.5), (62, 0.25, 0.25)]
    assert read(event(0, ON, 60, 64) + event(750, 0xFF, 0x2F, 0)) == [(60, 0.0, 0.75)]
    struck = event(0, ON, 60, 64) + event(500, ON, 60, 64) + note(62, lasting=500)
    assert read(struck + END) == [(60, 0.0, 0.5), (60, 0.5, 0.5), (62, 0.5, 0.5)]


def test_tracks_and_channels_have_keys_of_their_own() -> None:
    first, second = note(60, 0, 1000), note(60, 250, 250)
    assert read(first + END, second + END) == [(60, 0.0, 1.0), (60, 0.25, 0.25)]
    both = event(0, ON, 60, 64) + event(250, ON | 1, 60, 64) + event(250, OFF | 1, 60, 0) + event(500, OFF, 60, 0)
    assert read(both + END) == [(60, 0.0, 1.0), (60, 0.25, 0.25)]


@pytest.mark.parametrize("controller", sorted(NOTES_OFF))
def test_all_notes_off_ends_those_of_its_channel_and_track(controller: int) -> None:
    chord = event(0, ON, 60, 64) + event(0, ON, 64, 64) + event(0, ON | 1, 67, 64)
    silence = event(250, 0xB0, controller, 0)
    rest = event(250, OFF, 60, 0) + event(0, OFF, 64, 0) + event(0, OFF | 1, 67, 0)
    again = note(60, 0, 250)
    assert read(chord + silence + rest + again + END, note(72, 0, 750) + END) == [
        (60, 0.0, 0.25),
        (64, 0.0, 0.25),
        (67, 0.0, 0.5),
        (72, 0.0, 0.75),
        (60, 0.5, 0.25),
    ]


def test_drums_and_a_named_track_are_left_out() -> None:
    tracks = (note(36, channel=9) + note(60) + END, meta(3, b"reply") + note(72) + END)
    assert read(*tracks) == [(72, 0.0, 0.25), (60, 0.25, 0.25)]
    assert read(*tracks, but="reply") == [(60, 0.25, 0.25)]
    assert read(*tracks, drums=True)[0] == (36, 0.0, 0.25)


def test_a_pedal_is_down_while_it_is_on_any_channel() -> None:
    def pedal(wait: int, value: int, channel: int = 0) -> bytes:
        return event(wait, 0xB0 | channel, 64, value)

    track = (
        note(60, 0, 100) + pedal(0, 127) + pedal(100, 127, 1) + pedal(0, 0) + note(62, 100, 100)
        + note(63) + pedal(0, 63, 1) + note(64, 0, 100) + pedal(0, 127, 9) + note(65)
    )  # fmt: skip
    found = notes(parse(midi(track + END)), drums=True)
    assert found.pedal.tolist() == [False, True, True, False, False]
    assert found.pressed.tolist() == pytest.approx([inf, 0.2, 0.3, 0.55, 0.65])
    assert found.lifted.tolist() == pytest.approx([inf, inf, inf, 0.0, 0.1])


def test_reset_all_controllers_lifts_the_pedal_of_its_channel_and_track() -> None:
    def control(wait: int, number: int, value: int = 0, channel: int = 0) -> bytes:
        return event(wait, 0xB0 | channel, number, value)

    track = control(0, 64, 127) + control(0, 64, 127, 1) + note(60, 0, 100) + control(0, 121, 127, 1) + note(61, 0, 100)
    track += control(50, 121) + note(62, 50, 100)
    found = notes(parse(midi(track + END, control(240, 121, 0, 1) + END)))
    assert found.pedal.tolist() == [True, True, False]
    assert found.lifted.tolist() == pytest.approx([inf, inf, 0.05])


def reference(events: Events) -> list[tuple[int, float]]:
    """The rule, event by event: the row of each note_on, and when its note ends."""
    pairing: Pairing[tuple[int, int, int]] = Pairing()
    sounding: dict[tuple[int, int, int], int] = {}
    ends: dict[int, float] = {}
    columns = (events.seconds, events.track, events.status, events.data1, events.data2)
    for row, (at, track, status, first, second) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        kind, key = status & 0xF0, (track, status & 0x0F, first)
        if kind == ON and second > 0:
            if pairing.press(key, at):
                ends[sounding[key]] = at
            sounding[key], ends[row] = row, events.end
        elif kind in (ON, OFF) and pairing.release(key, at):
            ends[sounding[key]] = at
        elif kind == 0xB0 and first in NOTES_OFF:
            for held in [held for held in pairing if held[:2] == key[:2]]:
                pairing.end(held)
                ends[sounding[held]] = at
    return sorted(ends.items())


_MOMENTS = st.sampled_from([0, 0, 1, 5, 6, 300])
_EVENT = st.tuples(
    _MOMENTS,
    st.sampled_from([ON, ON, ON, OFF, OFF, ON | 1, OFF | 1]),
    st.sampled_from([60, 61, 62]),
    st.sampled_from([0, 64, 64]),
) | st.tuples(_MOMENTS, st.just(0xB0), st.sampled_from([*sorted(NOTES_OFF), 7]), st.just(0))


@given(st.lists(st.lists(_EVENT, max_size=40), min_size=1, max_size=3))
def test_numpy_pairs_as_the_rule_has_it(tracks: list[list[tuple[int, ...]]]) -> None:
    events = parse(midi(*(b"".join(event(*each) for each in track) + END for track in tracks)))
    pairs = pair(events)
    assert list(zip(pairs.on.tolist(), pairs.end.tolist(), strict=True)) == reference(events)


def test_many_tracks() -> None:
    """More keys than 16 bits count."""
    tracks = [note(60, index, 100) + END for index in range(40)]
    assert read(*tracks) == [(60, index / 1000, 0.1) for index in range(40)]


def test_most_keys_need_no_python(monkeypatch: pytest.MonkeyPatch) -> None:
    pressed = []
    monkeypatch.setattr(Pairing, "press", lambda self, key, at: pressed.append(key))
    assert len(notes(parse(midi(SCALE * 100 + END))).onset) == 800
    assert not pressed


def test_notes_are_by_onset_and_pitch() -> None:
    chord = b"".join(event(0, ON, pitch, 64) for pitch in (67, 60, 64))
    found = notes(parse(midi(chord + note(50, 250) + END)))
    assert found.pitch.tolist() == [60, 64, 67, 50]
    assert np.all(np.diff(found.onset) >= 0)
