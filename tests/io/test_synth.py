from __future__ import annotations

import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mido import Message

from livegen.errors import PortError
from livegen.io import fluid, synth
from livegen.io.fluid import Fluid
from livegen.io.output import opened
from livegen.io.synth import Synth, available, loaded, soundfonts
from livegen.note import MonotonicTime
from livegen.stage.effects import Send
from livegen.stage.events import OutputOpened, Part, PortId

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
    assert output.name == "FluidSynth"
    output.start()
    assert output.name.startswith("FluidSynth (file, ")
    assert opened(output) == OutputOpened(PortId("FluidSynth"))
    output.send(Send(output.port, Message("note_on", note=60, velocity=100), Part.CALL, MonotonicTime(0)))
    rendered = tmp_path / "fluidsynth.wav"
    while rendered.stat().st_size < RATE:
        pass
    output.close()
    output.close()
    with pytest.raises(PortError, match="closed"):
        output.send(Send(output.port, Message("note_off", note=60), Part.CALL, MonotonicTime(0)))
    with wave.open(str(rendered)) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
    assert np.abs(samples).max() > AUDIBLE


def test_a_driver_that_does_not_start_is_told() -> None:
    with pytest.raises(PortError, match=r"does not start\. Did you mean pulseaudio\?"):
        Synth(audio_driver="pulsaudio").start()
    with pytest.raises(PortError, match=r"driver oss does not start\. To try all"):
        Synth(audio_driver="oss").start()


def test_without_a_sound_card_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "AUDIO_DRIVERS", {sys.platform: ("no", "none")})
    with pytest.raises(PortError, match=r"No sound card is found.*\(no, none\).*--out"):
        Synth().start()
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


def bundled() -> bytes:
    """A small soundfont."""
    return next(path for path in soundfonts() if path.name == "TimGM6mb.sf2").read_bytes()


def without_a_piano(font: bytes) -> bytes:
    """The font with the presets of bank 0 in bank 1."""
    start = font.index(b"phdr") + 8
    end = start + int.from_bytes(font[start - 4 : start], "little")
    changed = bytearray(font)
    for preset in range(start, end, 38):  # name (20 bytes), program (2), bank (2), ...
        if font[preset + 22 : preset + 24] == b"\0\0":
            changed[preset + 22] = 1
    return bytes(changed)


def unreadable_by_root() -> list[str]:
    """What to put before a command, so that file modes apply to it."""
    if os.geteuid() != 0:
        return []
    words = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    if shutil.which("setpriv") is None or subprocess.run([*words, "true"], check=False).returncode != 0:
        pytest.skip("setpriv missing, or not allowed to drop capabilities")
    return words


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.symlink_to("nowhere"), "does not exist"),
        (Path.mkdir, "is a folder"),
        (os.mkfifo, "is not a regular file"),
        (Path.touch, "is not an SF2, SF3 or DLS file"),
        (lambda path: path.write_bytes(b"gain = 0.6\n"), "is not an SF2, SF3 or DLS file"),
        (lambda path: path.write_bytes(b"RIFF\0\0\0\0none"), "is not an SF2, SF3 or DLS file"),
        (lambda path: path.write_bytes(bundled()[:12]), "is damaged"),
        (lambda path: path.write_bytes(bundled()[:-1000]), "is damaged"),
        (lambda path: path.write_bytes(without_a_piano(bundled())), "has no piano"),
    ],
    ids=["none", "link", "folder", "pipe", "empty", "text", "RIFF", "header", "truncated", "no piano"],
)
def test_a_soundfont_that_cannot_be_used_is_refused(
    make: Callable[[Path], object],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "default.sf2"
    make(path)
    with pytest.raises(PortError, match=rf"SoundFont .*default\.sf2 {reason}.*--soundfont"):
        Synth(soundfont=str(path))
    monkeypatch.setattr(synth, "SOUNDFONT_FOLDERS", (str(tmp_path),))
    piano, taken = loaded("", 0.6, RATE, {})
    piano.close()
    assert taken.name == "TimGM6mb.sf2"
    assert capfd.readouterr().err == ""


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "font.sf2", tmp_path / ("long" * 100)):
        with pytest.raises(PortError, match="cannot be read"):
            Synth(soundfont=str(path))


def test_a_soundfont_without_permission_is_refused_or_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "default.sf2"
    path.write_bytes(bundled())
    path.chmod(0)
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    (sealed / "default.sf2").write_bytes(bundled())
    program = (
        "import sys\n"
        "from livegen.errors import PortError\n"
        "from livegen.io import synth\n"
        "for path in sys.argv[1:]:\n"
        "    try: synth.loaded(path, 0.6, 44100, {})\n"
        "    except PortError as error: print(error)\n"
        "    print(synth.available(path, 'file').problem)\n"
        "    synth.SOUNDFONT_FOLDERS = (path.rpartition('/')[0],)\n"
        "    print(synth.loaded('', 0.6, 44100, {})[1].name)\n"
    )
    sealed.chmod(0o600 if os.geteuid() == 0 else 0o400)
    try:
        done = subprocess.run(
            [*unreadable_by_root(), sys.executable, "-c", program, str(path), str(sealed / "default.sf2")],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(Path(synth.__file__).parents[2])},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        sealed.chmod(0o700)
    refused = "The SoundFont {} cannot be read (Permission denied). Name another SF2 or SF3 file with --soundfont FILE."
    wanted = [line for each in (path, sealed / "default.sf2") for line in [refused.format(each)] * 2 + ["TimGM6mb.sf2"]]
    assert (done.stdout.splitlines(), done.stderr) == (wanted, "")


def test_a_soundfont_that_vanishes_before_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "default.sf2"
    path.write_bytes(bundled())

    def vanishing(found: Path) -> str | None:
        reason = fluid.unusable(found)
        path.unlink(missing_ok=True)
        return reason

    monkeypatch.setattr(synth, "SOUNDFONT_FOLDERS", (str(tmp_path),))
    monkeypatch.setattr(synth, "unusable", vanishing)
    piano, taken = loaded("", 0.6, RATE, {})
    piano.close()
    assert taken.name == "TimGM6mb.sf2"


def test_a_soundfont_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"Fl\xfcgel.sf2")
    path.write_bytes(bundled())
    piano, taken = loaded(str(path), 0.6, RATE, {})
    piano.close()
    assert taken == path


def test_a_soundfont_is_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """pretty_midi brings one; it is found without importing it."""
    monkeypatch.setattr(synth, "SOUNDFONT_FOLDERS", ())
    (only,) = soundfonts()
    assert only.name == "TimGM6mb.sf2"
    assert loaded("", 0.6, RATE, {})[1] == only
    monkeypatch.setattr(synth, "find_spec", lambda _: None)
    with pytest.raises(PortError, match="No SoundFont"):
        soundfonts()


def test_nothing_is_printed_and_nothing_heavy_imported(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from livegen.io.synth import Synth, available\n"
        "from livegen.errors import PortError\n"
        "available()\n"
        "for driver in ('jack', 'alsa', 'none'):\n"
        "    try: Synth(audio_driver=driver).start()\n"
        "    except PortError: pass\n"
        "assert not {'numpy', 'pretty_midi', 'tensorflow'} & set(sys.modules)\n"
    )
    environment = {"CI": "1", "PYTHONPATH": str(Path(synth.__file__).parents[2]), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
