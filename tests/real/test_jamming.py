"""A musician plays at the daemon over real ports, and is answered."""

from __future__ import annotations

from itertools import pairwise

import mido
import pytest
from jack_server import JackServer
from livegen_process import Start
from mido import Message
from musician import SETTLED, Musician, sounding, strikes, until
from phrases import Phrase, chord

TOGETHER = 0.030  # s: onsets of a chord
PROMPT = 0.25  # s: generous for a busy machine, and far below any note of a response that goes on
LONG_RESPONSE = ("--response-min", "5", "--response-max", "5")
INTERRUPTING = 21  # a key that no response is likely to hold


def test_a_performance_is_answered_like_one(between: Start, musician: Musician, call: Phrase) -> None:
    between("--seed", "3", *LONG_RESPONSE)
    for _ in range(5):
        musician.forget()
        _, ended = musician.play(call)
        heard = musician.hear_out()
        onsets = strikes(heard)
        assert heard[0].at > ended + 0.5  # not a word before the silence
        assert len(onsets) >= 5
        assert len({one.message.velocity for one in onsets}) > 3
        assert len({one.message.note for one in onsets}) > 3
        for i, one in enumerate(heard):
            down = sounding(heard[:i])
            assert len(down) <= 10
            assert not one.releases or (one.message.channel, one.message.note) in down, f"{one} releases nothing"
        assert sounding(heard) == []
        if any(after.at - before.at < TOGETHER for before, after in pairwise(onsets)):
            return
    pytest.fail("no chord in five responses")  # one of them may well be a melody


def test_another_instrument_gets_what_is_played_and_the_response_on_a_channel_of_its_own(
    start: Start, musician: Musician
) -> None:
    daemon = start("--in", "Keyboard", "--out", "Listener")
    daemon.says("Listener:in also gets what you play; responses use channel 2")
    musician.play([(moment, message.copy(channel=1)) for moment, message in chord(60, 64, 67)])
    heard = musician.hear_out()
    assert [one.message.note for one in strikes(heard) if one.message.channel == 1] == [60, 64, 67]
    assert {one.message.channel for one in heard} == {0, 1}
    assert sounding(heard) == []


def test_a_part_of_a_name_does_not_mean_our_own_port(start: Start, jack: JackServer) -> None:
    backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
    with backend.open_output("out", client_name="USB MIDI", virtual=True), Musician():
        start("--in", "MIDI", "--out", "Listener")  # where RtMidi's own is called RtMidi output


def test_thru_is_complete_in_order_and_unchanged(between: Start, musician: Musician, call: Phrase) -> None:
    between("--thru", "on", "--response-channel", "9", "--response-max", "2")
    others = [
        Message("pitchwheel", channel=3, pitch=-1234),
        Message("polytouch", channel=15, note=64, value=3),
        Message("program_change", channel=1, program=88),
        Message("aftertouch", channel=2, value=77),
        Message("control_change", channel=0, control=64, value=41),
        Message("control_change", channel=0, control=64, value=0),
        Message("note_on", channel=9, note=38, velocity=99),
        Message("note_on", channel=9, note=38, velocity=0),
        Message("note_off", channel=5, note=70, velocity=17),
        Message("sysex", data=(1, 2, 3)),
        Message("start"),
    ]
    for message in others:
        musician.send(message)
    musician.play(call)
    until(lambda: len(musician.heard) >= len(musician.played), "all that was played")
    passed = [one.message.bytes() for one in musician.heard[: len(musician.played)]]
    assert passed == [message.bytes() for message in musician.played]
    assert {one.message.channel for one in strikes(musician.hear_out()[len(passed) :])} == {8}


def test_a_key_silences_the_response_and_what_follows_is_answered(between: Start, musician: Musician) -> None:
    between(*LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response(notes=3)
    musician.send(Message("note_on", note=INTERRUPTING, velocity=64))
    musician.await_silence(PROMPT)
    musician.forget()
    with pytest.raises(AssertionError):  # the key is held: nobody else plays
        until(musician.strikes, "a note", SETTLED)
    musician.send(Message("note_off", note=INTERRUPTING))
    musician.play(chord(62, 65, 69))
    heard = musician.hear_out()
    assert strikes(heard)
    assert sounding(heard) == []


def test_a_key_that_the_player_holds_is_not_cut(between: Start, musician: Musician) -> None:
    """The response and the player share a channel: what the player's key started, only that key ends."""
    between("--thru", "on", "--response-channel", "1", *LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    until(lambda: len(musician.strikes()) > 4 and musician.sounding(), "a response")
    _, ours = musician.sounding()[-1]
    musician.send(Message("note_on", note=ours, velocity=127))
    until(lambda: any(one.message.velocity == 127 for one in musician.strikes()), "the player's key", PROMPT)
    until(lambda: musician.sounding() and set(musician.sounding()) == {(0, ours)}, "no other key", PROMPT)
    mark = len(musician.heard)
    with pytest.raises(AssertionError):
        until(lambda: any(one.releases for one in musician.heard[mark:]), "a release", 0.5)
    musician.send(Message("note_off", note=ours))
    until(lambda: any(one.releases for one in musician.heard[mark:]), "the release", PROMPT)


@pytest.mark.parametrize(
    "silence",
    [
        pytest.param(("cc:20", [Message("control_change", control=20, value=127)]), id="controller"),
        pytest.param(("soft", [Message("control_change", control=67, value=127)]), id="pedal"),
        pytest.param(("key:C1", [Message("note_on", note=24, velocity=1), Message("note_off", note=24)]), id="key"),
    ],
)
def test_panic_silences(between: Start, musician: Musician, silence: tuple[str, list[Message]]) -> None:
    setting, messages = silence
    between("--panic", setting, *LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    for message in messages:
        musician.send(message)
    musician.await_silence(PROMPT)
    musician.forget()
    with pytest.raises(AssertionError):
        until(musician.strikes, "a note", SETTLED)


def test_what_is_no_life_sign_neither_delays_nor_interrupts(between: Start, musician: Musician) -> None:
    between(*LONG_RESPONSE)
    noise = [
        Message("clock"),
        Message("active_sensing"),
        Message("note_on", channel=9, note=36, velocity=100),
        Message("note_off", channel=9, note=36),
    ]
    noisy: Phrase = [(0.02 * i, noise[i % len(noise)]) for i in range(150)]
    musician.play(chord(60, 64, 67))
    start, _ = musician.play(noisy)
    until(musician.strikes, "a response")
    assert musician.heard[0].at - start < 3  # it came while they went on
    heard = musician.hear_out()
    assert heard[-1].at - heard[0].at > 3  # nobody cut it short: they ended two seconds into it
    assert sounding(heard) == []


def test_one_note_is_answered(between: Start, musician: Musician) -> None:
    between()
    musician.play(chord(60))
    heard = musician.hear_out()
    assert strikes(heard)
    assert sounding(heard) == []


def test_two_outputs_get_the_same(start: Start, musician: Musician, jack: JackServer) -> None:
    port = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
    with port.open_input("in", client_name="Other", virtual=True) as other:
        start("--in", "Keyboard", "--out", "Listener", "--out", "Other", "--thru", "off")
        musician.play(chord(60, 64))
        heard = musician.hear_out()
        assert [one.message for one in heard] == list(other.iter_pending())


def test_virtual_ports_are_there_for_others(start: Start, jack: JackServer) -> None:
    start("--virtual", "--thru", "off")
    assert len(jack.ports("livegen", "output")) == len(jack.ports("livegen", "input")) == 1
    with Musician(to="livegen", back="livegen") as musician:
        musician.play(chord(60, 64, 67))
        heard = musician.hear_out()
    assert strikes(heard)
    assert sounding(heard) == []


def test_it_does_not_answer_itself(start: Start, jack: JackServer) -> None:
    daemon = start("--virtual", "--thru", "off", "--response-max", "2")
    with Musician(to="livegen", back="livegen") as musician:
        jack.connect(*jack.ports("livegen", "output"), *jack.ports("livegen", "input"))
        musician.play(chord(60, 64, 67))
        heard = musician.hear_out()
        assert heard[-1].at - heard[0].at > 0.9, daemon.log
        assert "interrupted" not in daemon.log
        assert sounding(heard) == []
        musician.forget()
        with pytest.raises(AssertionError):
            until(musician.strikes, "a note", 3)
        assert daemon.running
