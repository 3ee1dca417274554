"""Which MIDI system is taken, and what is said where there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from livegen.errors import PortError
from livegen.io import midi_system
from livegen.io.midi_system import ALSA, JACK, RTMIDI, Listing, MidiSystem, find, listings

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux missing")


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no MIDI system at all."""
    monkeypatch.delenv("MIDO_BACKEND", raising=False)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", f"none-{os.getpid()}")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    monkeypatch.setenv("PIPEWIRE_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(midi_system, "SEQUENCER", tmp_path / "seq")
    return tmp_path / "seq"


@LINUX
def test_where_there_is_none_the_user_learns_what_to_do(nothing: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert listings() == ()
    with pytest.raises(PortError) as caught:
        find()
    for word in ("No MIDI system", "modprobe snd-seq", "jackd2", "--in demo", "--out FILE.wav"):
        assert word in str(caught.value)
    assert capfd.readouterr() == ("", "")  # libjack is loud


@LINUX
def test_a_sequencer_that_may_not_be_opened(nothing: Path) -> None:
    nothing.touch()
    assert "group audio" in midi_system.advice()


@LINUX
@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("jack", "JACK does not answer"),
        ("ALSA", "ALSA does not answer"),
        (f"{RTMIDI}/UNIX_JACK", "JACK does not answer"),
        (f"{RTMIDI}/NEW_API", "this RtMidi does not support NEW_API"),
        ("core", "CoreMIDI does not answer"),
        ("alza", "Did you mean alsa?"),
    ],
)
def test_a_system_that_is_asked_for_and_does_not_answer(nothing: Path, wanted: str, said: str) -> None:
    for ask in (find, listings):
        with pytest.raises(PortError) as caught:
            ask(wanted)
        assert said in str(caught.value)


def test_a_backend_of_any_module(nothing: Path) -> None:
    assert listings("") == listings()
    assert find("memory_backend") == MidiSystem("memory_backend")
    assert find("auto", {"MIDO_BACKEND": "memory_backend"}).name == "memory_backend"
    (found,) = listings("auto", {"MIDO_BACKEND": "memory_backend"})
    assert "Stage Piano 32:0" in found.outputs
    assert "Stage Piano 32:0" not in found.inputs


@pytest.mark.parametrize("error", ["AttributeError", "KeyError", "OSError", "MemoryError"])
def test_whatever_a_backend_raises_is_a_port_error(
    error: str, nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    at_import, at_listing = f"raises_{error}_at_import", f"raises_{error}_at_listing"
    (tmp_path / f"{at_import}.py").write_text(f"raise {error}('no driver')\n")
    (tmp_path / f"{at_listing}.py").write_text(f"def get_devices(**_):\n    raise {error}('no driver')\n")
    with pytest.raises(PortError, match=rf"The MIDI backend {at_import} cannot be loaded: .*no driver.*Valid: auto"):
        find(at_import)
    with pytest.raises(PortError, match=rf"{at_listing} does not answer \(.*no driver"):
        find(at_listing)


@pytest.mark.parametrize("name", [".relative", "no such module", "mido.backends.none/API"])
def test_a_backend_that_is_no_module(name: str, nothing: Path) -> None:
    with pytest.raises(PortError, match="cannot be loaded"):
        MidiSystem(name).names()


def test_what_is_asked_for_beats_the_variable(nothing: Path) -> None:
    with pytest.raises(PortError, match="ALSA"):
        find("alsa", {"MIDO_BACKEND": "memory_backend"})


@LINUX
def test_alsa_comes_before_jack_and_both_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midi_system, "_rtmidi_names", lambda api: ([f"{api} in"] * 2, [f"{api} out"] * 2))
    alsa, jack = MidiSystem(f"{RTMIDI}/{ALSA}"), MidiSystem(f"{RTMIDI}/{JACK}")
    both = [Listing(s, [f"{s.api} in"], [f"{s.api} out"]) for s in (alsa, jack)]
    assert find("auto", {}) == alsa
    assert list(listings("auto", {})) == both
    assert list(listings("jack", {})) == both[::-1]
