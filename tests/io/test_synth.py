from __future__ import annotations

import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mido import Message

from livegen.errors import PortError
from livegen.io import fluid, synth
from livegen.io.fluid import Fluid
from livegen.io.synth import Synth, available, loaded, soundfonts
from livegen.note import MonotonicTime
from livegen.stage.events import Part, Send

AUDIBLE = 33  # of 32768: FluidSynth's silence is a dither of one
RATE = 44_100  # Hz


@pytest.fixture(scope="module", autouse=True)
def fluidsynth() -> None:
    try:
        fluid.library()
    except PortError as error:
        pytest.skip(f"FluidSynth missing: {error}")


@pytest.fixture
def piano() -> Iterator[Fluid]:
    piano, _ = loaded("", 0.6, RATE, {})
    yield piano
    piano.close()


def level(piano: Fluid, seconds: float = 0.2) -> float:
    """RMS of the next sound."""
    samples = np.frombuffer(piano.render(round(seconds * RATE)), np.int16)
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))


@pytest.mark.parametrize("channel", range(16))
def test_every_channel_sounds(channel: int, piano: Fluid) -> None:
    assert level(piano) <= 1
    piano.play(Message("note_on", channel=channel, note=60, velocity=100))
    assert level(piano) > AUDIBLE


def test_channel_10_plays_drums_and_the_others_piano() -> None:
    sounds = []
    for channel in (0, 1, 9):
        piano, _ = loaded("", 0.6, RATE, {})
        piano.play(Message("note_on", channel=channel, note=38, velocity=100))
        sounds.append(piano.render(RATE // 4))
        piano.close()
    assert sounds[0] == sounds[1] != sounds[2]


@pytest.mark.parametrize("end", [Message("note_off", note=60), Message("note_on", note=60, velocity=0)])
def test_a_note_ends(end: Message, piano: Fluid) -> None:
    piano.play(Message("note_on", note=60, velocity=100))
    assert level(piano) > AUDIBLE
    piano.play(end)
    level(piano, 2.0)
    assert level(piano) <= AUDIBLE


def test_the_pedal_holds_a_note(piano: Fluid) -> None:
    piano.play(Message("control_change", control=64, value=127))
    piano.play(Message("note_on", note=60, velocity=100))
    piano.play(Message("note_off", note=60))
    level(piano, 1.0)
    assert level(piano) > AUDIBLE
    piano.play(Message("control_change", control=64, value=0))
    level(piano, 2.0)
    assert level(piano) <= AUDIBLE


@pytest.mark.parametrize(
    "message",
    [
        Message("pitchwheel", pitch=8191),
        Message("program_change", program=40),
        Message("control_change", control=7, value=20),
        Message("aftertouch", value=127),
    ],
)
def test_what_shapes_the_sound_does(message: Message) -> None:
    sounds = []
    for shaped in (False, True):
        piano, _ = loaded("", 0.6, RATE, {})
        if shaped:
            piano.play(message)
        piano.play(Message("note_on", note=60, velocity=100))
        sounds.append(piano.render(RATE // 2))
        piano.close()
    assert sounds[0] != sounds[1]


@pytest.mark.parametrize(
    "message",
    [
        Message("clock"),
        Message("active_sensing"),
        Message("sysex", data=[1, 2, 3]),
        Message("polytouch", note=60, value=100),
        Message("note_off", note=61),
        Message("songpos", pos=3),
    ],
)
def test_what_means_nothing_to_it_does_no_harm(message: Message, piano: Fluid) -> None:
    piano.play(message)
    assert level(piano) <= 1


def test_it_sounds_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FluidSynth's driver "file" takes the place of a sound card: it renders in real time."""
    monkeypatch.chdir(tmp_path)
    output = Synth(audio_driver="file", realtime=False)
    assert output.name.startswith("FluidSynth (file, ")
    assert output.shares_synth
    output.send(Send(0, Message("note_on", note=60, velocity=100), Part.CALL, MonotonicTime(0)))
    rendered = tmp_path / "fluidsynth.wav"
    while rendered.stat().st_size < RATE:
        pass
    output.close()
    output.close()
    with pytest.raises(PortError, match="closed"):
        output.send(Send(0, Message("note_off", note=60), Part.CALL, MonotonicTime(0)))
    with wave.open(str(rendered)) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
    assert np.abs(samples).max() > AUDIBLE


def test_a_driver_that_does_not_start_is_told() -> None:
    with pytest.raises(PortError, match=r"does not start\. Did you mean pulseaudio\?"):
        Synth(audio_driver="pulsaudio")
    with pytest.raises(PortError, match=r"driver oss does not start\. To let"):
        Synth(audio_driver="oss")


def test_without_a_sound_card_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "AUDIO_DRIVERS", {sys.platform: ("no", "none")})
    with pytest.raises(PortError, match=r"No sound card is found.*\(no, none\).*--out"):
        Synth()
    found = available()
    assert found.library
    assert found.soundfont is not None
    assert found.driver is None
    assert "No sound card" in (found.problem or "")


def test_drivers_are_tried_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(synth, "AUDIO_DRIVERS", {sys.platform: ("none", "file")})
    found = available()
    assert (found.driver, found.problem) == ("file", None)


def test_jack_is_not_tried_where_it_is_known_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "AUDIO_DRIVERS", {sys.platform: ("jack", "none")})
    monkeypatch.setattr(Fluid, "start", lambda fluid, driver: False)
    for wanted in ("auto", "jack"):
        monkeypatch.setattr(Fluid, "has_driver", lambda fluid, driver: True)
        assert available("", wanted, jack=True).driver == "jack"
        assert available("", wanted).driver is None
        monkeypatch.setattr(Fluid, "has_driver", lambda fluid, driver: False)
        assert available("", wanted, jack=True).driver is None
    monkeypatch.setattr(Fluid, "has_driver", lambda fluid, driver: True)
    assert available("", "none", jack=True).driver is None


def test_it_knows_which_drivers_it_was_built_with(piano: Fluid) -> None:
    assert piano.has_driver("file")
    assert not piano.has_driver("none")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    fluid.library.cache_clear()
    try:
        found = available()
    finally:
        fluid.library.cache_clear()
    assert not found.library
    assert "Install it" in (found.problem or "")


@pytest.mark.parametrize("content", [b"RIFF\0\0\0\0none", b"gain = 0.6\n", b""])
def test_a_foreign_soundfont_is_refused(content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "font.sf2"
    path.write_bytes(content)
    with pytest.raises(PortError, match=r"font\.sf2 cannot be used"):
        Synth(soundfont=str(path))
    with pytest.raises(PortError, match="is not there"):
        Synth(soundfont=str(tmp_path / "missing.sf2"))
    assert capfd.readouterr().err == ""


def test_a_soundfont_is_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """pretty_midi brings one; it is found without importing it."""
    monkeypatch.setattr(synth, "SOUNDFONT_FOLDERS", ())
    (bundled,) = soundfonts()
    assert bundled.name == "TimGM6mb.sf2"
    assert loaded("", 0.6, RATE, {})[1] == bundled
    monkeypatch.setattr(synth, "find_spec", lambda _: None)
    with pytest.raises(PortError, match="No soundfont"):
        soundfonts()


def test_the_first_usable_soundfont_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "default-GM.sf2").write_bytes(b"nothing")
    monkeypatch.setattr(synth, "SOUNDFONT_FOLDERS", (str(tmp_path),))
    assert [path.name for path in soundfonts()] == ["default-GM.sf2", "TimGM6mb.sf2"]
    piano, taken = loaded("", 0.6, RATE, {})
    piano.close()
    assert taken.name == "TimGM6mb.sf2"


def test_nothing_is_printed_and_nothing_heavy_imported(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from livegen.io.synth import Synth, available\n"
        "from livegen.errors import PortError\n"
        "available()\n"
        "for driver in ('jack', 'alsa', 'none'):\n"
        "    try: Synth(audio_driver=driver).close()\n"
        "    except PortError: pass\n"
        "assert not {'numpy', 'pretty_midi', 'tensorflow'} & set(sys.modules)\n"
    )
    environment = {"CI": "1", "PYTHONPATH": str(Path(synth.__file__).parents[2]), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
