"""MIDI files as arrays, and crops of them."""

from __future__ import annotations

from dataclasses import astuple
from itertools import islice
from math import inf
from pathlib import Path

import numpy as np
import pytest
from mido import Message, MetaMessage, MidiFile

from livegen import encoding, encoding_arrays
from livegen.errors import DataError
from livegen.note import INSTANT, MonotonicTime, Pedal, SoundedNote, to_notes
from livegen.stage.events import PortId
from livegen.stage.hands import Hands
from livegen.training.data import (
    DURATION,
    LIFTED,
    PITCH,
    PRESSED,
    STEP,
    TIMES,
    VELOCITY,
    Augmentation,
    augment,
    crops,
    one_keyboard,
    read_notes,
)

TICKS = 500  # a quarter note of 0.5 s: 1000 a second

Events = list[tuple[float, Message]]


def note(at: float, pitch: int, lasting: float = 0.25, velocity: int = 64, channel: int = 0) -> Events:
    down = Message("note_on", note=pitch, velocity=velocity, channel=channel)
    return [(at, down), (at + lasting, Message("note_off", note=pitch, velocity=0, channel=channel))]


def cc(at: float, value: int, control: int = 64, channel: int = 0) -> Events:
    return [(at, Message("control_change", control=control, value=value, channel=channel))]


def write(path: Path, *tracks: list[Events]) -> Path:
    """A file with these tracks; of one moment, what is named first comes first."""
    midi = MidiFile(type=1, ticks_per_beat=TICKS)
    for events in tracks:
        track, now = midi.add_track(), 0
        track.append(MetaMessage("set_tempo", tempo=500_000))
        for at, message in sorted([event for part in events for event in part], key=lambda event: event[0]):
            tick = round(at * 1000)
            track.append(message.copy(time=tick - now))
            now = tick
    midi.save(path)
    return path


def pedals(path: Path) -> list[tuple[bool, float, float]]:
    """Down, pressed and lifted of each note."""
    return [
        (bool(down), round(pressed, 6), round(lifted, 6)) for *_, down, pressed, lifted in read_notes(path).tolist()
    ]


def test_notes_of_all_tracks_are_in_order_of_onset_and_pitch(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.mid",
        [note(1.0, 64, 0.5, 80), note(0.5, 50, 2.0, 30)],
        [note(1.0, 60, 0.125, 70, channel=1), note(0.25, 72, 0.25, 127, channel=1)],
        [note(0.1, 36, channel=9)],  # drums
    )
    expected = [(72, 0, 0.25, 127), (50, 0.25, 2.0, 30), (60, 0.5, 0.125, 70), (64, 0, 0.5, 80)]
    np.testing.assert_allclose(read_notes(path)[:, :4], expected, atol=1e-6)
    assert pedals(path) == [(False, inf, inf)] * 4


def test_the_pedal_is_known_at_each_onset(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.mid",
        [
            note(0.5, 60),
            cc(1.0, 127),
            note(1.0, 61),
            cc(1.25, 80),  # it stays down
            note(1.5, 62),
            cc(1.75, 63),
            note(2.0, 63),
            cc(2.25, 64),
            cc(2.5, 0),
            cc(2.75, 65),
            note(3.0, 64),
            cc(3.5, 0),  # after the last onset: nobody knows of it
        ],
    )
    assert pedals(path) == [
        (False, inf, inf),
        (True, 0.0, inf),
        (True, 0.5, inf),
        (False, 1.0, 0.25),
        (True, 0.25, 0.5),
    ]


@pytest.mark.parametrize("control", [1, 66, 67])
def test_other_controllers_are_not_the_sustain_pedal(tmp_path: Path, control: int) -> None:
    path = write(tmp_path / "a.mid", [cc(0.0, 127, control), note(0.5, 60)])
    assert pedals(path) == [(False, inf, inf)]


def test_the_pedal_of_one_track_is_that_of_the_notes_in_another(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", [note(0.75, 60), note(2.0, 61)], [note(3.0, 62), cc(0.25, 127), cc(1.5, 0)])
    assert pedals(path) == [(True, 0.5, inf), (False, 1.75, 0.5), (False, 2.75, 1.5)]


def test_the_pedals_of_two_tracks_are_read_in_order_of_time(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.mid",
        [note(2.5, 61), note(3.5, 62), cc(3.0, 127)],
        [note(1.5, 60), cc(1.0, 127), cc(2.0, 0)],
    )
    assert pedals(path) == [(True, 0.5, inf), (False, 1.5, 0.5), (True, 0.5, 1.5)]


def test_it_reads_what_is_heard_live(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    times = np.round(np.cumsum(random.uniform(0.005, 0.2, 300)), 3).tolist()
    events = [
        note(at, 40 + i % 40, 0.1)
        if random.random() < 0.6
        else cc(at, int(random.choice([0, 40, 50, 63, 64, 90, 127])))
        for i, at in enumerate(times)
    ]
    hands, live = Hands(), list[SoundedNote]()
    for at, message in sorted([event for part in events for event in part], key=lambda event: event[0]):
        live += [held.struck.ended(at) for held in hands.hear(message, MonotonicTime(at), PortId("piano")).released]
    heard = to_notes(live)
    assert len({encoding.token(note)[4] for note in heard}) > 10
    rows = [(*astuple(note)[:4], *note.pedal) for note in heard]
    np.testing.assert_allclose(read_notes(write(tmp_path / "a.mid", events)), rows, atol=1e-5)


def test_a_change_of_tempo_is_followed_and_ticks_become_seconds_exactly(tmp_path: Path) -> None:
    midi = MidiFile(type=1, ticks_per_beat=480)
    tempi, notes = midi.add_track(), midi.add_track()
    tempi += [MetaMessage("set_tempo", tempo=tempo, time=time) for tempo, time in ((1_000_000, 960), (250_000, 480))]
    for _ in range(2000):  # every 50 ms, then 100, then 25: on the edges of cells
        notes += [Message("note_on", note=60, time=0), Message("note_off", note=60, time=48)]
    midi.save(tmp_path / "a.mid")
    read = read_notes(tmp_path / "a.mid")
    steps = np.array([0.0, *[0.05] * 20, *[0.1] * 10, *[0.025] * 1969])
    np.testing.assert_allclose(read[:, STEP], steps, atol=1e-9)
    cells = [encoding.time_bin(step) for step in steps.tolist()]
    assert encoding_arrays.tokens(read)[:, 0].tolist() == cells


def test_shares_of_a_batch_make_the_batch() -> None:
    drawn = {"length": 8, "batch": 6, "seed": 1, "augmentation": Augmentation()}
    pieces = [some_notes(40)]
    [whole] = islice(crops(pieces, **drawn), 1)
    for index in range(3):
        [share] = islice(crops(pieces, **drawn, share=slice(index, None, 3)), 1)
        np.testing.assert_array_equal(share, whole[index::3])


def test_a_note_without_length_has_one(tmp_path: Path) -> None:
    [row] = read_notes(write(tmp_path / "a.mid", [note(0.5, 60, lasting=0.0)])).tolist()
    assert row[2] >= INSTANT


def test_a_file_without_notes_is_empty_and_one_that_is_no_midi_is_refused(tmp_path: Path) -> None:
    assert read_notes(write(tmp_path / "a.mid", [cc(0.0, 127)])).shape == (0, 7)
    (tmp_path / "b.mid").write_bytes(b"no MIDI at all")
    with pytest.raises(DataError, match=r"b\.mid: not a valid MIDI file"):
        read_notes(tmp_path / "b.mid")


def some_notes(n: int, first: int = 40) -> np.ndarray:
    """Each a semitone and 0.5 s after the one before, under a pedal that is lifted and pressed between any two."""
    pitch = first + np.arange(n, dtype=float)
    step = np.where(np.arange(n) > 0, 0.5, 0.0)
    return np.stack([pitch, step, *(np.full(n, x) for x in (0.4, 64.0, 1.0, 0.1, 0.3))], axis=-1)


def test_a_crop_is_a_run_of_one_piece_and_its_first_note_knows_of_none_before() -> None:
    pieces = [some_notes(12, 30), some_notes(5, 60), some_notes(9, 90)]
    seen = set()
    for batch in islice(crops(pieces, length=8, batch=16, seed=1, augmentation=None), 8):
        assert batch.shape == (16, 8, 5)
        for crop in batch:
            first = int(crop[0, 1])
            seen.add(first)
            assert crop[:, 1].tolist() == list(range(first, first + 8))
            assert (crop[0, 0], crop[0, 4]) == (encoding.START, encoding.pedal_category(Pedal(True), 0.0))
            assert set(crop[1:, 4].tolist()) == {encoding.pedal_category(Pedal(True, 0.1, 0.3), 0.5)}
    assert seen == {30, 31, 32, 33, 34, 90, 91}
    with pytest.raises(DataError, match="no piece has the 13 notes"):
        next(crops(pieces, length=13, batch=1, seed=1, augmentation=None))


def test_the_pedal_keeps_its_quarters_when_the_tempo_changes() -> None:
    crop = np.stack([some_notes(30)] * 64)
    crop[:, :, PRESSED], crop[:, :, LIFTED] = 0.06, 0.3
    changed = augment(crop, Augmentation(semitones=0, tempo=0.5, velocity=0), np.random.default_rng(1))
    factor = changed[:, 1, STEP] / crop[:, 1, STEP]
    assert np.ptp(factor) > 0.3
    for column in TIMES:
        np.testing.assert_allclose(changed[:, :, column], crop[:, :, column] * factor[:, None])
    assert np.array_equal(encoding_arrays.tokens(changed)[..., 4], encoding_arrays.tokens(crop)[..., 4])
    assert np.array_equal(changed[..., [PITCH, VELOCITY]], crop[..., [PITCH, VELOCITY]])


def test_one_keyboard_plays_what_two_tracks_strike(tmp_path: Path) -> None:
    melody = [note(0, 60, 1.0, velocity=50), note(2, 64, 1.0), note(4, 67, 0.5)]
    piano = [note(0.010, 60, 0.5, velocity=80), note(2.5, 64, 1.0), note(4.016, 67, 0.5), note(4, 48, 0.5)]
    merged = one_keyboard(read_notes(write(tmp_path / "pop.mid", melody, piano)))
    assert merged[:, PITCH].tolist() == [60, 64, 64, 48, 67, 67]
    assert merged[:, VELOCITY].tolist() == [80, 64, 64, 64, 64, 64]
    np.testing.assert_allclose(merged[:, DURATION], [1.0, 0.5, 1.0, 0.5, 0.016, 0.5], atol=1e-9)
    np.testing.assert_allclose(merged[:, STEP], [0, 2, 0.5, 1.5, 0, 0.016], atol=1e-9)


def test_one_keyboard_changes_nothing_that_one_keyboard_played(tmp_path: Path) -> None:
    alone = [note(0, 60, 0.5), note(0.5, 60, 0.5), note(0.5, 64, 2), note(0.516, 67)]
    notes = read_notes(write(tmp_path / "a.mid", alone))
    assert one_keyboard(notes) is notes
    assert len(one_keyboard(notes[:0])) == 0
