"""A typed and silent interface to pyfluidsynth, with the functions that livegen needs."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from ctypes import CFUNCTYPE, c_char_p, c_int, c_void_p
from functools import cache
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from livegen.errors import InstallationError
from livegen.io import libjack
from livegen.quiet import quiet

if TYPE_CHECKING:
    from mido import Message

CHANNELS = 16
DRUMS = 9  # channel 10, counted from 1
DRUM_BANK = 128

SETTINGS = {
    "synth.dynamic-sample-loading": 1,  # load only the instruments that are used
    "synth.chorus.active": 0,
}


class Fluid:
    """A FluidSynth without a SoundFont and without an audio driver.

    Args:
        gain: 0..10.
        rate: Hz.
        settings: FluidSynth settings by name.

    Raises:
        PortError: FluidSynth is not installed.
    """

    def __init__(self, gain: float, rate: int, settings: Mapping[str, int | str]) -> None:
        self._library = library()
        self._fluid = self._library.Synth(gain=float(gain), samplerate=rate, channels=CHANNELS, **SETTINGS, **settings)
        self._clock: Any = None
        # pyfluidsynth does not have these.
        chan, key, value = (("chan", c_int, 1), ("key", c_int, 1), ("val", c_int, 1))
        synth = ("synth", c_void_p, 1)
        self._pressure = self._library.cfunc("fluid_synth_channel_pressure", c_int, synth, chan, value)
        self._voices = self._library.cfunc("fluid_synth_get_active_voice_count", c_int, synth)
        self._key_pressure = self._library.cfunc("fluid_synth_key_pressure", c_int, synth, chan, key, value)

    def load(self, soundfont: Path) -> str | None:
        """Load a piano on every channel and drums on channel 10. Returns why the file cannot be used, or None."""
        reason = unusable(soundfont)
        if reason is not None:
            return reason
        with quiet():  # GLib writes errors to stderr for a damaged file
            # Not Synth.sfload, which accepts only names that are valid UTF-8.
            font = self._library.fluid_synth_sfload(self._fluid.synth, os.fsencode(soundfont), 0)
        if font == -1:
            return "is damaged"
        for channel in range(CHANNELS):
            if self._fluid.program_select(channel, font, 0, 0) != 0:
                self._fluid.sfunload(font)
                return "has no piano (bank 0, program 0)"
        self._fluid.program_select(DRUMS, font, DRUM_BANK, 0)  # a font without drums is fine
        return None

    def has_driver(self, driver: str) -> bool:
        """Whether FluidSynth was built with this audio driver."""
        settings, name = ("settings", c_void_p, 1), ("name", c_char_p, 1)
        data, call = ("data", c_void_p, 1), ("call", c_void_p, 1)
        each = self._library.cfunc("fluid_settings_foreach_option", None, settings, name, data, call)
        built: list[bytes] = []
        note = CFUNCTYPE(None, c_void_p, c_char_p, c_char_p)(lambda _data, _name, option: built.append(option))
        each(self._fluid.settings, b"audio.driver", None, note)
        return driver.encode() in built

    def start(self, driver: str) -> bool:
        """Start an audio driver. Returns False if it does not start."""
        os.environ.setdefault("JACK_NO_START_SERVER", "1")  # only use a running server
        self._fluid.setting("audio.driver", driver)
        with quiet():  # ALSA and PulseAudio write their errors to stderr
            # Not Synth.start, which also opens a MIDI input.
            self._fluid.audio_driver = self._library.new_fluid_audio_driver(self._fluid.settings, self._fluid.synth)
        if self._fluid.audio_driver is None:
            return False
        if self._clock is None:  # a sequencer whose time is that of the sound
            self._clock = self._library.Sequencer(use_system_timer=False)
            self._clock.register_fluidsynth(self._fluid)
        return True

    def stop(self) -> None:
        """Stop the audio driver, and end all sound. A second call does nothing."""
        driver, self._fluid.audio_driver = self._fluid.audio_driver, None
        if driver is not None:
            with quiet():
                self._library.delete_fluid_audio_driver(driver)
            for channel in range(CHANNELS):
                self._fluid.all_sounds_off(channel)

    @property
    def rendered(self) -> int:
        """A number that grows as long as the audio driver takes sound, which it may stop without any error."""
        return self._clock.get_tick() if self._clock is not None else 0

    def play(self, message: Message) -> None:
        """Play a message. Messages that do not concern a synth are ignored."""
        match message.type:
            case "note_on":  # with velocity 0 a note_off
                self._fluid.noteon(message.channel, message.note, message.velocity)
            case "note_off":
                self._fluid.noteoff(message.channel, message.note)
            case "control_change":
                self._fluid.cc(message.channel, message.control, message.value)
            case "pitchwheel":  # both mido and pyfluidsynth count from -8192
                self._fluid.pitch_bend(message.channel, message.pitch)
            case "program_change":
                self._fluid.program_change(message.channel, message.program)
            case "aftertouch":
                self._pressure(self._fluid.synth, message.channel, message.value)
            case "polytouch":
                self._key_pressure(self._fluid.synth, message.channel, message.note, message.value)

    def set_gain(self, gain: float) -> None:
        """Change the volume, 0..10, also of what sounds."""
        self._fluid.setting("synth.gain", float(gain))

    def render(self, frames: int) -> bytes:
        """Render the next frames as 16-bit stereo. Only without an audio driver."""
        return bytes(self._fluid.get_samples(frames).tobytes())

    @property
    def voices(self) -> int:
        """Number of notes that sound, their release included."""
        return int(self._voices(self._fluid.synth))

    def close(self) -> None:
        """Release FluidSynth. Call this once, and no method after it."""
        self.stop()
        if self._clock is not None:
            self._clock.delete()
        self._fluid.delete()


def unusable(soundfont: Path) -> str | None:
    """Check the first bytes of a file. Returns why it is not a readable SoundFont, or None."""
    try:
        if not stat.S_ISREG(soundfont.stat().st_mode):  # opening a pipe could block for ever
            return "is a folder" if soundfont.is_dir() else "is not a regular file"
        with soundfont.open("rb") as file:
            riff, form = file.read(4), file.read(8)[4:]
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if riff != b"RIFF" or form not in (b"sfbk", b"DLS "):  # FluidSynth would write errors to stderr
        return "is not an SF2, SF3 or DLS file"
    return None


def version() -> str:
    """The version of the FluidSynth library. Raises PortError if it is not installed."""
    text = library().cfunc("fluid_version_str", c_char_p)
    return str(text().decode())


@cache
def library() -> ModuleType:
    """The module of pyfluidsynth, without its output.

    Raises:
        PortError: FluidSynth is not installed, or too old.
    """
    libjack.preload()
    try:
        with redirect_stdout(StringIO()):  # with CI set, it prints where it finds the library
            import fluidsynth
    except Exception as error:  # an old library may lack functions, with any exception
        install = {"darwin": "brew install fluid-synth", "win32": "choco install fluidsynth"}.get(
            sys.platform, "apt install libfluidsynth3, or: dnf install fluidsynth-libs"
        )
        raise InstallationError(
            f"FluidSynth is not installed. Install it ({install}), or use --out FILE.mid."
        ) from error
    for level in range(5):  # the log levels, panic to debug: without a function there is no output
        fluidsynth._fl.fluid_set_log_function(level, None, None)  # noqa: SLF001  (pyfluidsynth has no function for this)
    found: ModuleType = fluidsynth
    return found
