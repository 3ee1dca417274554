"""Renders MIDI files to audio with FluidSynth, faster than real time and without a sound card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from livegen.config.settings import DEFAULTS
from livegen.io import file_player
from livegen.io.recorder import WAV_TAIL, WavRecorder, sound
from livegen.io.synth import loaded
from livegen.io.wav import RATE
from livegen.note import MonotonicTime
from livegen.stage.effects import Send
from livegen.stage.events import Part, PortId, Received

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def to_wav(
    file: Path,
    out: Path,
    *,
    soundfont: str = "",
    gain: float = DEFAULTS.gain,
    report: Callable[[str], object] = lambda _: None,
) -> float:
    """Render a MIDI file to WAV, 16-bit stereo. Returns the length in seconds, including the decay of the last note.

    Args:
        file: a MIDI file.
        out: the WAV file. An existing file is replaced. From 4 GiB on (6:45:47) it is an RF64 file.
        soundfont: a file, or "" for the first that is found.
        gain: 0..10.
        report: called with each part of the file that cannot be read.

    Raises:
        ConfigError: the file cannot be written.
        DataError: it is not a MIDI file, or has no notes.
        PortError: FluidSynth is missing, or there is no usable SoundFont.
        StorageError: the disk is full.
    """
    sends = _sends(file, report)
    recorder = WavRecorder(out, soundfont=soundfont, gain=gain)
    for send in sends:
        recorder.send(send)
    recorder.close()
    return sends[-1].at - sends[0].at + WAV_TAIL


def to_array(file: Path, *, soundfont: str = "", gain: float = DEFAULTS.gain) -> NDArray[np.float32]:
    """A MIDI file as audio: shape (frames, 2), -1 to 1, at `RATE`. Arguments and errors as for `to_wav`."""
    import numpy as np

    sends = _sends(file, lambda _: None)
    fluid, _ = loaded(soundfont, gain, RATE, {})
    try:
        samples = np.frombuffer(b"".join(sound(fluid, sends)), np.int16)
    finally:
        fluid.close()
    return samples.reshape(-1, 2).astype(np.float32) / np.float32(32768)


def _sends(file: Path, report: Callable[[str], object]) -> list[Send]:
    timeline = file_player.from_file(file, MonotonicTime(0.0), PortId(str(file)))
    for lost in timeline.dropped:
        report(f"{file}: {lost}.")
    return [
        Send(PortId(""), each.message, Part.CALL, each.at) for each in timeline.events if isinstance(each, Received)
    ]
