"""On every way out, and on demand, nothing is left sounding."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

import mido
import pytest
from jack_server import JackServer
from livegen_process import LivegenProcess, Start
from mido import Message
from musician import SETTLED, Musician, strikes, until
from phrases import chord

LONG_RESPONSE = ("--response-min", "5", "--response-max", "5")
PROMPT = 0.25  # s, on a busy machine


ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR2)


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_a_signal_in_mid_response(between: Start, musician: Musician, number: signal.Signals) -> None:
    daemon = between("--response-channel", "5", *LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    assert daemon.stop(number) == 0, daemon.log
    musician.await_silence(PROMPT)
    pedal_up = Message("control_change", channel=4, control=64, value=0)
    assert pedal_up in [one.message for one in musician.heard]


def test_a_terminal_that_is_closed(between: Start, musician: Musician) -> None:
    daemon = between(*LONG_RESPONSE, terminal=True)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    daemon.hang_up()
    assert daemon.wait() == 0
    musician.await_silence(PROMPT)


def test_a_stop_while_the_player_holds_a_key_and_thru_is_on(between: Start, musician: Musician) -> None:
    daemon = between("--thru", "on")
    musician.play(chord(60, 64, 67)[:3])
    until(lambda: len(musician.sounding()) == 3, "three keys")
    assert daemon.stop() == 0, daemon.log
    musician.await_silence(PROMPT)


def test_sigusr1_silences_and_the_conversation_goes_on(between: Start, musician: Musician) -> None:
    daemon = between(*LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    daemon.send(signal.SIGUSR1)
    musician.await_silence(PROMPT)
    musician.forget()
    with pytest.raises(AssertionError):
        until(musician.strikes, "a note", SETTLED)
    musician.play(chord(62, 65, 69))
    musician.await_response()


def test_sighup_without_a_terminal_reads_the_settings_anew(start: Start, musician: Musician, tmp_path: Path) -> None:
    config = tmp_path / "livegen.toml"
    config.write_text('in = "Keyboard"\nout = "Listener"\nthru = "off"\nresponse-channel = 3\n')
    daemon = start("--config", str(config), *LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    assert {one.message.channel for one in musician.strikes()} == {2}
    config.write_text('in = "Keyboard"\nout = "Listener"\nthru = "off"\nresponse-channel = 7\n')
    daemon.send(signal.SIGHUP)
    daemon.says("The settings are reloaded.")
    daemon.send(signal.SIGUSR1)
    musician.await_silence(PROMPT)
    musician.forget()
    musician.play(chord(60, 64, 67))
    assert {one.message.channel for one in strikes(musician.hear_out())} == {6}


@pytest.mark.parametrize(
    ("setting", "said"),
    [("silence = 99", "0.1 to 10"), ('model = "livegn"', "Did you mean livegen?"), ('soundfont = "no.sf2"', "no.sf2")],
)
def test_sighup_with_a_wrong_setting_goes_on_with_the_old_ones(
    setting: str, said: str, start: Start, musician: Musician, tmp_path: Path
) -> None:
    config = tmp_path / "livegen.toml"
    config.write_text('in = "Keyboard"\nout = "Listener"\nthru = "off"\n')
    daemon = start("--config", str(config), *LONG_RESPONSE)
    config.write_text(f'in = "Keyboard"\nout = ["Listener", "{tmp_path}/tape.wav"]\n{setting}\n')
    daemon.send(signal.SIGHUP)
    daemon.says("Keeping the previous settings.")
    assert said in daemon.log  # it is the beginning of that line
    assert not (tmp_path / "tape.wav").exists()
    musician.play(chord(60, 64, 67))
    musician.await_response()
    assert daemon.running


@pytest.mark.parametrize("words", [("--in", "demo"), ("play", "livegen/demo/1-bach.mid")], ids=["jam", "play"])
def test_a_jack_server_that_ends_is_told_and_ends_it(
    words: tuple[str, ...], environment: Mapping[str, str], tmp_path: Path
) -> None:
    server = JackServer(tmp_path, "-2")
    daemon = LivegenProcess(*words, "--virtual", environment={**environment, **server.environment})
    try:
        until(lambda: "Ready" in daemon.log or "Playing" in daemon.log, "it plays", 60)
        server.stop()
        assert daemon.wait() == 69, daemon.log
        assert "livegen: Lost connection to JACK. Restart JACK, then livegen." in daemon.log.splitlines()[-1]
        assert "Server is not running" not in daemon.log  # libjack's own words, one for each port
    finally:
        daemon.close()
        server.stop()


def test_a_tape_that_is_taken_out_is_written_and_the_next_one_is_another(
    start: Start, musician: Musician, tmp_path: Path
) -> None:
    tape, config = tmp_path / "tape.mid", tmp_path / "livegen.toml"
    ports = 'in = "Keyboard"\nthru = "off"\nout = ["Listener"{}]\n'
    config.write_text(ports.format(f', "{tape}"'))
    daemon = start("--config", str(config), *LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response()
    for times, more in enumerate(("", f', "{tape}"'), 1):
        config.write_text(ports.format(more))
        daemon.send(signal.SIGHUP)
        daemon.says("The settings are reloaded.", times)
    whole = tape.read_bytes()
    musician.play(chord(62, 65))
    daemon.says("answered", 2)
    assert daemon.stop() == 0, daemon.log
    assert tape.read_bytes() == whole
    for name, keys in (("tape.mid", [60, 64, 67]), ("tape-2.mid", [62, 65])):
        call = mido.MidiFile(tmp_path / name).tracks[1]
        assert [message.note for message in call if message.type == "note_on" and message.velocity] == keys


def test_what_was_played_is_on_the_tape(start: Start, musician: Musician, tmp_path: Path) -> None:
    """Stopped in mid-response, the file holds all of it, and every note has its end."""
    tape = tmp_path / "tape.mid"
    daemon = start("--in", "Keyboard", "--out", "Listener", "--out", str(tape), "--thru", "off", *LONG_RESPONSE)
    musician.play(chord(60, 64, 67))
    musician.await_response(notes=3)
    assert daemon.stop() == 0, daemon.log
    musician.await_silence(PROMPT)
    tracks = {track.name: track for track in mido.MidiFile(tape).tracks}
    called, replied = (
        [message.note for message in tracks[name] if message.type == "note_on" and message.velocity]
        for name in ("call", "response")
    )
    assert called == [60, 64, 67]
    assert replied == [one.message.note for one in musician.strikes()]
    for track in tracks.values():
        released = [m.note for m in track if m.type == "note_off" or (m.type == "note_on" and not m.velocity)]
        assert sorted(released) == sorted(m.note for m in track if m.type == "note_on" and m.velocity)
