"""MIDI files into sound, faster than they play: FluidSynth without a sound card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from livegen.io import file_player
from livegen.io.recorder import WAV_RATE, WAV_TAIL, WavRecorder, sound
from livegen.io.synth import loaded
from livegen.note import MonotonicTime
from livegen.stage.events import Part, Received, Send

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def to_wav(file: Path, out: Path, *, soundfont: str = "", gain: float = 0.6) -> float:
    """Write a MIDI file's sound as WAV, 16 bit stereo. Returns its seconds, the last note's fading included.

    Args:
        file: MIDI.
        out: what is there is replaced.
        soundfont: a file, or "" for the first that is found.
        gain: 0..10.

    Raises:
        ConfigError: no file can be written there.
        DataError: it is no MIDI file, or has no notes.
        PortError: no FluidSynth, no usable soundfont, or the sound could not be written.
    """
    sends = list(_sends(file))
    tape = WavRecorder(out, soundfont=soundfont, gain=gain)
    for send in sends:
        tape.send(send)
    tape.close()
    return sends[-1].at - sends[0].at + WAV_TAIL


def to_array(file: Path, *, soundfont: str = "", gain: float = 0.6) -> NDArray[np.float32]:
    """A MIDI file's sound: shape (frames, 2), -1 to 1, at `WAV_RATE`. Arguments and errors as for `to_wav`."""
    import numpy as np

    sends = list(_sends(file))
    fluid, _ = loaded(soundfont, gain, WAV_RATE, {})
    try:
        samples = np.frombuffer(b"".join(sound(fluid, sends)), np.int16)
    finally:
        fluid.close()
    return samples.reshape(-1, 2).astype(np.float32) / np.float32(32768)


def _sends(file: Path) -> Iterator[Send]:
    for event in file_player.from_file(file, MonotonicTime(0.0)).events:
        if isinstance(event, Received):
            yield Send(0, event.message, Part.CALL, event.at)
