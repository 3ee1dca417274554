"""Renders a note with the built-in synth, and starts its audio driver. For a separate process."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from pathlib import Path

from livegen.config.settings import Settings
from livegen.doctor.facts import Program, Sound
from livegen.doctor.probes import people
from livegen.errors import ConfigError, PortError
from livegen.io import fluid, ports, synth

FRAMES = 12_000  # 0.25 s
FLOW = 1.0  # s for the driver to take sound


def used(settings: Settings) -> bool:
    """Whether the settings ask for the built-in synth, or leave the choice to livegen."""
    try:
        outputs = [ports.parse_output(text) for text in settings.outputs]
    except ConfigError:
        return False
    return any(isinstance(each, ports.Synth) for each in outputs) or not (outputs or settings.virtual)


def look(settings: Settings, *, driver: bool) -> Sound:
    """Render a note, and look at who uses the sound cards.

    Args:
        settings: which synth.
        driver: start the audio driver. Not while a livegen runs, which may need the device.
    """
    if not used(settings):
        return Sound(used=False)
    try:
        version = fluid.version()
        peak, font = _peak(settings)
    except PortError as error:
        return Sound(failure=str(error))
    found = Sound(version=version, soundfont=font, peak=peak, holders=tuple(_holders()))
    return _with_driver(found, settings) if driver else found


def _peak(settings: Settings) -> tuple[int, str]:
    from mido import Message

    playing, font = synth.loaded(settings.soundfont, settings.gain, synth.SAMPLE_RATE, {})
    try:
        playing.play(Message("note_on", note=60, velocity=100))
        samples = array("h", playing.render(FRAMES))
    finally:
        playing.close()
    return max(map(abs, samples)), font.name


def _with_driver(found: Sound, settings: Settings) -> Sound:
    from dataclasses import replace

    playing = synth.Synth(
        soundfont=settings.soundfont,
        gain=settings.gain,
        audio_driver=settings.audio_driver,
        audio_buffer=settings.audio_buffer,
        audio_buffers=settings.audio_buffers,
        realtime=False,
        name="livegen doctor",
    )
    try:
        try:
            playing.start()
        except PortError as error:
            return replace(found, no_driver=str(error))
        return replace(found, driver=playing.driver, flows=_flows(playing))
    finally:
        playing.close()


def _flows(playing: synth.Synth) -> bool:
    """Whether the driver takes sound within a moment."""
    until = time.monotonic() + FLOW
    while time.monotonic() < until:
        if playing.rendered:
            return True
        time.sleep(0.01)
    return False


def _holders(proc: Path = Path("/proc")) -> Iterator[Program]:
    """The programs that have a sound card open for playing, as ALSA names them."""
    for file in proc.glob("asound/card*/pcm*p/sub*/status"):
        try:
            text = file.read_text()
        except OSError:
            continue
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "owner_pid" and (found := people.program(int(value), proc)) is not None:
                yield found
