"""When livegen comes in: the player hands the turn over, keeps it, and interrupts."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from livegen_process import Start
from mido import Message
from musician import Musician, until
from phrases import chord

from livegen.control.client import Client

LATEST = 2.0  # s of silence after which the response comes in any case
SOFT, KEPT = 67, 20
ON_TIME = 0.5  # s, on a busy machine


@pytest.mark.parametrize("held", [False, True])
def test_the_soft_pedal_ends_the_phrase_at_once(between: Start, musician: Musician, held: bool) -> None:
    between("--silence", "10", "--hand-over", "soft")
    phrase = chord(60, 64, 67)
    musician.play(phrase[:3] if held else phrase)
    begun = time.monotonic()
    musician.send(Message("control_change", control=SOFT, value=127))
    musician.await_response()
    assert time.monotonic() - begun < 10 - ON_TIME
    for _, message in phrase[3:] if held else []:
        musician.send(message)
    assert musician.sounding(), "letting go of the keys ended the response"


def test_a_player_who_is_not_done_is_not_answered(between: Start, musician: Musician) -> None:
    between("--silence", "auto", "--silence-max", "1", "--not-done", f"cc:{KEPT}")
    musician.play(chord(60, 64, 67))
    musician.send(Message("control_change", control=KEPT, value=127))
    with pytest.raises(AssertionError, match="a response"):
        until(musician.strikes, "a response", 3 * LATEST)
    musician.send(Message("control_change", control=KEPT, value=0))
    musician.await_response()


def test_an_interrupt_at_once_teaches_patience(
    between: Start, musician: Musician, environment: Mapping[str, str]
) -> None:
    between("--silence", "auto", "--response-min", "5", "--response-max", "5")
    with Client("livegen", environment) as client:
        assert client.ask("status")["patience"] == 1
        musician.play(chord(60, 64, 67))
        musician.await_response()
        musician.send(Message("note_on", note=72, velocity=64))  # within a second of the first note
        until(lambda: client.ask("status")["patience"] > 1.5, "patience")
        musician.send(Message("note_off", note=72))


def test_the_silence_follows_the_music(between: Start, musician: Musician) -> None:
    """After a fast run it comes in soon; in a slow song it does not come in between two notes."""
    between("--silence", "auto", "--patience", "0.5", "--silence-max", "3")
    run = [(0.12 * k + part * 0.08, message) for k in range(24) for part, message in enumerate(key(60 + k % 12))]
    _, ended = musician.play(run)
    musician.await_response()
    assert musician.strikes()[0].at - ended < LATEST
    musician.hear_out()
    musician.forget()
    slow = [(0.9 * k + part * 0.8, message) for k in range(8) for part, message in enumerate(key(60 + (2, 4)[k % 2]))]
    musician.play(slow)
    assert not musician.strikes()


def key(pitch: int) -> tuple[Message, Message]:
    return Message("note_on", note=pitch, velocity=70), Message("note_off", note=pitch)
