"""The live view: rows of a piano roll, and events in words."""

from __future__ import annotations

from livegen.control.monitor import words
from livegen.control.protocol import EVENTS
from livegen.control.roll import BOTH, CALL, LABEL, RESPONSE, Roll


def on(note, part="call"):
    return {"event": "note_on", "note": note, "part": part, "velocity": 64}


def off(note, part="call"):
    return {"event": "note_off", "note": note, "part": part, "seconds": 0.5}


def row(roll, width=120, label=""):
    return roll.row(label, width, colours=False)


def test_a_note_is_in_the_column_of_its_key():
    roll = Roll()
    roll.take(on(21))
    roll.take(on(108, "response"))
    shown = row(roll)
    assert shown[LABEL] == CALL
    assert shown[LABEL + 87] == RESPONSE
    assert len(shown) == LABEL + 88


def test_a_note_is_shown_until_it_ends_and_once_if_it_was_shorter_than_a_row():
    roll = Roll()
    roll.take(on(60))
    assert CALL in row(roll)
    assert CALL in row(roll)
    roll.take(off(60))
    assert CALL not in row(roll)
    roll.take(on(60))
    roll.take(off(60))
    assert roll.sounds
    assert CALL in row(roll)
    assert not roll.sounds


def test_both_players_on_one_key():
    roll = Roll()
    roll.take(on(60))
    roll.take(on(60, "response"))
    assert row(roll).count(BOTH) == 1
    roll.take(off(60))
    assert row(roll).count(BOTH) == 0
    assert row(roll).count(RESPONSE) == 1


def test_a_narrow_terminal_shows_several_keys_in_a_column():
    roll = Roll()
    for note in (21, 60, 108):
        roll.take(on(note))
    for width in (1, 12, 40, 80, 99, 100):
        shown = row(roll, width, "livegen")
        assert len(shown) <= max(width, LABEL + 88)
        assert shown.startswith("livegen   ")
    assert len(row(roll, 40)) <= 40


def test_panic_clears_and_the_turn_is_kept():
    roll = Roll()
    roll.take(on(60))
    row(roll)
    roll.take({"event": "panic"})
    roll.take({"event": "turn", "turn": "responding"})
    assert not roll.sounds
    assert roll.turn == "responding"


def test_colours_end_in_each_cell():
    roll = Roll()
    roll.take(on(60))
    shown = roll.row("you", 120)
    assert "\x1b[34m█\x1b[0m" in shown


def test_notes_beyond_the_piano_are_not_shown():
    roll = Roll()
    roll.take(on(20))
    roll.take(on(109))
    assert CALL not in row(roll)


SAMPLES = {
    "note_on": on(60),
    "note_off": off(60),
    "pedal": {"part": "response", "control": 64, "down": True},
    "turn": {"turn": "idle"},
    "pulse": {"tempo": 92.0, "certainty": 0.9, "bar": 4},
    "call": {"notes": 3, "seconds": 1.5},
    "response": {"notes": 3, "seconds": 1.5, "waited": 0.7, "computed": 0.1},
    "response_end": {"played": 3, "dropped": 0, "interrupted": True},
    "no_response": {"why": "the model is broken"},
    "unused": {"computed": 0.05},
    "patience": {"factor": 2.0},
    "panic": {},
    "keep": {},
    "recording": {"state": "recording", "id": "2026-01-01", "why": ""},
    "port": {"direction": "in", "port": "keys", "name": "Keys 1", "state": "open"},
    "settings": {"settings": {}},
    "log": {"level": "warning", "text": "The disk is full."},
    "midi": {"direction": "in", "port": "keys", "bytes": [144, 60, 64]},
}


def test_every_event_has_words_or_none():
    assert set(SAMPLES) == set(EVENTS)
    said = {name: words({"event": name} | sample) for name, sample in SAMPLES.items()}
    assert said["note_on"] == "you     C4 (64)"
    assert said["response_end"] == "response: 3 notes played, interrupted"
    assert said["log"] == "warning: The disk is full."
    assert [name for name, text in said.items() if text is None] == ["note_off", "unused", "settings", "midi"]
    assert words({"event": "log", "level": "debug", "text": "x"}) is None
    assert words({"event": "lost", "count": 3}) == "3 events were lost"
