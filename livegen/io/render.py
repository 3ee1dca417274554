"""MIDI files into sound, faster than they play: FluidSynth without a sound card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from livegen.errors import DataError
from livegen.io import file_player
from livegen.io.recorder import WAV_LONGEST, WAV_RATE, WAV_TAIL, WavRecorder, sound, too_long
from livegen.io.synth import loaded
from livegen.note import MonotonicTime
from livegen.stage.events import Part, Received, Send

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def to_wav(
    file: Path, out: Path, *, soundfont: str = "", gain: float = 0.6, tell: Callable[[str], object] = lambda _: None
) -> float:
    """Write a MIDI file's sound as WAV, 16 bit stereo. Returns its seconds, the last note's fading included.

    Args:
        file: MIDI.
        out: what is there is replaced.
        soundfont: a file, or "" for the first that is found.
        gain: 0..10.
        tell: is told what of the file cannot be read.

    Raises:
        ConfigError: no file can be written there.
        DataError: it is no MIDI file, has no notes, or is longer than a WAV file can be.
        PortError: no FluidSynth, no usable soundfont, or the sound could not be written.
    """
    sends = _sends(file, tell)
    tape = WavRecorder(out, soundfont=soundfont, gain=gain)
    for send in sends:
        tape.send(send)
    tape.close()
    return sends[-1].at - sends[0].at + WAV_TAIL


def to_array(file: Path, *, soundfont: str = "", gain: float = 0.6) -> NDArray[np.float32]:
    """A MIDI file's sound: shape (frames, 2), -1 to 1, at `WAV_RATE`. Arguments and errors as for `to_wav`."""
    import numpy as np

    sends = _sends(file, lambda _: None)
    fluid, _ = loaded(soundfont, gain, WAV_RATE, {})
    try:
        samples = np.frombuffer(b"".join(sound(fluid, sends)), np.int16)
    finally:
        fluid.close()
    return samples.reshape(-1, 2).astype(np.float32) / np.float32(32768)


def _sends(file: Path, tell: Callable[[str], object]) -> list[Send]:
    timeline = file_player.from_file(file, MonotonicTime(0.0))
    for lost in timeline.dropped:
        tell(f"{file}: {lost}.")
    seconds = timeline.seconds + WAV_TAIL
    if seconds > WAV_LONGEST:
        raise DataError(f"{file}: {too_long(seconds)}.")
    return [Send(0, each.message, Part.CALL, each.at) for each in timeline.events if isinstance(each, Received)]
