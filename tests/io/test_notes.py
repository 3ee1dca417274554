from __future__ import annotations

from pathlib import Path

import mido
import pretty_midi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mido import Message, MidiFile, MidiTrack

from livegen.errors import DataError
from livegen.io import notes
from livegen.note import MonotonicTime, Pedal, SoundedNote
from livegen.stage.events import ResponseNote
from livegen.stage.playable import playable

DEMO = Path(__file__).parents[2] / "livegen" / "demo"
TICK = 1 / 1920  # s


def note(
    pitch: int, onset: float, duration: float = 0.5, velocity: int = 64, pedal: Pedal | None = None
) -> SoundedNote:
    return SoundedNote(pitch, MonotonicTime(onset), duration, velocity, pedal or Pedal())


def controls(track: MidiTrack) -> list[tuple[int, int]]:
    """When the sustain pedal moves [ticks], and to what."""
    now, found = 0, []
    for message in track:
        now += message.time
        if message.type == "control_change" and message.control == 64:
            found.append((now, message.value))
    return found


@pytest.mark.parametrize("piece", sorted(DEMO.glob("*.mid")), ids=lambda piece: piece.stem)
def test_what_is_written_is_what_was_read(piece: Path, tmp_path: Path) -> None:
    before = notes.read(piece)
    notes.write(tmp_path / "copy.mid", before[:20], before[20:])
    after = notes.read(tmp_path / "copy.mid")
    assert [(n.pitch, n.velocity) for n in after] == [(n.pitch, n.velocity) for n in before]
    for a, b in zip(after, before, strict=True):
        assert a.onset == pytest.approx(b.onset - before[0].onset, abs=TICK)
        assert a.duration == pytest.approx(b.duration, abs=2 * TICK)
    same = [a.pedal.down == b.pedal.down for a, b in zip(after, before, strict=True)]
    assert sum(same) > 0.95 * len(same)  # the call's pedal is lifted for the response


def test_each_part_has_a_track_a_channel_and_a_pedal_of_its_own(tmp_path: Path) -> None:
    call = [
        note(60, 10.0, pedal=Pedal(down=True)),
        note(64, 10.5, 3.0, pedal=Pedal(down=True)),
        note(65, 11.5, pedal=Pedal(down=True, pressed=0.2, lifted=0.3)),
    ]
    response = [
        note(67, 11.0),
        note(72, 12.0, pedal=Pedal(down=True, pressed=0.25)),
        note(76, 13.0, 1.0, pedal=Pedal(down=True, pressed=0.25, lifted=0.5)),
    ]
    notes.write(tmp_path / "both.mid", call, response)
    _, first, second = MidiFile(tmp_path / "both.mid").tracks
    assert (first.name, second.name) == ("call", "response")
    for channel, track in enumerate((first, second)):
        assert {message.channel for message in track if not message.is_meta} == {channel}
    assert controls(first) == [(0, 127), (1920, 0)]  # until the response begins, though a key is down longer
    assert controls(second) == [(3360, 127), (4800, 0), (5280, 127), (7680, 0)]
    read = pretty_midi.PrettyMIDI(str(tmp_path / "both.mid"))
    assert [(i.name, [n.pitch for n in i.notes]) for i in read.instruments] == [  # by end
        ("call", [60, 65, 64]),
        ("response", [67, 72, 76]),
    ]


def test_one_part_alone_begins_at_once(tmp_path: Path) -> None:
    notes.write(tmp_path / "alone.mid", (), [note(60, 5.0, pedal=Pedal(down=True)), note(62, 6.0)])
    assert [(n.pitch, n.onset) for n in notes.read(tmp_path / "alone.mid")] == [(60, 0.0), (62, 1.0)]


@given(
    st.lists(
        st.tuples(
            st.integers(60, 63),
            st.floats(0.01, 0.5),
            st.floats(0.02, 2),
            st.booleans(),
            st.floats(0, 1),
            st.floats(0, 1),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_every_key_and_pedal_comes_up_again(tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple]) -> None:
    onset, made = 0.0, []
    for pitch, step, duration, down, pressed, lifted in drawn:
        onset += step
        made.append(ResponseNote(pitch, onset, duration, 64, Pedal(down, pressed, lifted)))
    placed = [SoundedNote(n.pitch, MonotonicTime(n.offset), n.duration, 64, n.pedal) for n in playable(made)]
    path = tmp_path_factory.mktemp("notes") / "notes.mid"
    notes.write(path, (), placed)
    down_keys: set[int] = set()
    for message in mido.MidiFile(path).tracks[2]:
        if message.type == "note_on":
            assert message.note not in down_keys
            down_keys.add(message.note)
        elif message.type == "note_off":
            down_keys.remove(message.note)
    assert not down_keys
    assert controls(mido.MidiFile(path).tracks[2])[-1][1] == 0
    assert [n.pitch for n in notes.read(path)] == [n.pitch for n in placed]


def saved(path: Path, *tracks: list[Message]) -> Path:
    midi = MidiFile(ticks_per_beat=500)  # ticks are ms
    midi.tracks += [MidiTrack(track) for track in tracks]
    midi.save(path)
    return path


def test_a_key_that_sounds_on_three_layers_is_one_note(tmp_path: Path) -> None:
    def layer(channel: int, late: int) -> list[Message]:
        return [
            message
            for wait in (late, 500)
            for message in (
                Message("note_on", channel=channel, note=60, velocity=64, time=wait),
                Message("note_off", channel=channel, note=60, time=500),
            )
        ]

    path = saved(tmp_path / "layers.mid", layer(0, 0), layer(1, 8), layer(2, 16))
    assert [(note.pitch, note.onset, note.duration) for note in notes.read(path)] == [(60, 0, 0.5), (60, 1, 0.5)]
    overlapping = saved(tmp_path / "voices.mid", layer(0, 0), layer(1, 20))
    assert len(notes.read(overlapping)) == 4


@pytest.mark.parametrize("said", [True, False])
def test_an_mpe_controller_plays_on_channel_10_too(said: bool, tmp_path: Path) -> None:
    rpn = [Message("control_change", control=control, value=value) for control, value in ((101, 0), (100, 6), (6, 15))]
    played = [
        message
        for channel in range(1, 16)
        for message in (
            Message("note_on", channel=channel, note=50 + channel, velocity=64),
            Message("note_off", channel=channel, note=50 + channel, time=100),
        )
    ]
    path = saved(tmp_path / "mpe.mid", [*(rpn if said else []), *played])
    assert len(notes.read(path)) == (15 if said else 14)


def test_a_file_of_drums_has_no_notes_to_go_on_from(tmp_path: Path) -> None:
    drums = MidiTrack([Message("note_on", note=38, channel=9), Message("note_off", note=38, channel=9, time=10)])
    MidiFile(tracks=[drums]).save(tmp_path / "drums.mid")
    with pytest.raises(DataError, match=r"drums\.mid: all notes are drums"):
        notes.read(tmp_path / "drums.mid")
