from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from livegen.errors import ConfigError, DataError, PortError
from livegen.io import fluid, render

BACH = Path(__file__).parents[2] / "livegen" / "demo" / "1-bach.mid"
AUDIBLE = 33 / 32768  # FluidSynth's silence is a dither of one


@pytest.fixture(autouse=True)
def fluidsynth() -> None:
    try:
        fluid.library()
    except PortError as error:
        pytest.skip(f"FluidSynth missing: {error}")


def test_the_array_is_what_the_file_holds_and_is_heard(tmp_path: Path) -> None:
    array = render.to_array(BACH)
    seconds = render.to_wav(BACH, tmp_path / "bach.wav")
    with wave.open(str(tmp_path / "bach.wav")) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, render.RATE)
        frames = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).reshape(-1, 2)
    assert np.array_equal(np.round(array * 32768).astype(np.int16), frames)
    assert len(array) == pytest.approx(seconds * render.RATE, abs=1)
    assert 12 < seconds < 14  # 10.7 s of keys, and the fading
    level = np.abs(array).max(axis=1)
    played = level[: round(10.5 * render.RATE)].reshape(-1, 4410).max(axis=1)  # of each tenth of a second
    assert (played > AUDIBLE).all()
    assert level.max() < 1


def test_gain_is_loudness() -> None:
    quiet, loud = (np.abs(render.to_array(BACH, gain=gain)).max() for gain in (0.1, 0.6))
    assert AUDIBLE < quiet < loud / 4


def test_nothing_is_written_of_what_cannot_be_rendered(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.sf2"
    foreign.write_text("no sounds")
    with pytest.raises(DataError, match=r"none\.mid: there is no such file"):
        render.to_wav(tmp_path / "none.mid", tmp_path / "a.wav")
    with pytest.raises(DataError, match="not a valid MIDI file"):
        render.to_wav(foreign, tmp_path / "a.wav")
    with pytest.raises(PortError, match=r"foreign\.sf2 is not an SF2"):
        render.to_wav(BACH, tmp_path / "a.wav", soundfont=str(foreign))
    with pytest.raises(PortError, match="does not exist"):
        render.to_array(BACH, soundfont=str(tmp_path / "none.sf2"))
    with pytest.raises(ConfigError, match="it is a folder"):
        render.to_wav(BACH, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["foreign.sf2"]
