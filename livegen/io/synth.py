"""The built-in synth: FluidSynth in this process. Imports little: `livegen ports` asks here, and is quick."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from livegen.errors import PortError, did_you_mean
from livegen.io import libjack
from livegen.io import realtime as priority
from livegen.io.fluid import Fluid, unusable

if TYPE_CHECKING:
    from livegen.stage.events import Send

SAMPLE_RATE = 48_000  # Hz; a JACK server's own takes its place

AUDIO_DRIVERS = {
    # JACK first: who starts a server wants its low latency.
    "linux": ("jack", "pipewire", "pulseaudio", "alsa"),
    "darwin": ("coreaudio",),
    "win32": ("wasapi", "dsound"),
}
"""What is tried by itself, in this order. Others that FluidSynth knows can be asked for."""

OTHER_DRIVERS = ("file", "oss", "portaudio", "sdl2", "sdl3", "waveout")

SOUNDFONT_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts")
SOUNDFONT_PATTERNS = ("default*.sf[23]", "FluidR3_GM*.sf[23]", "TimGM6mb*.sf[23]")


class Synth:
    """The output that sounds through FluidSynth.

    Args:
        soundfont: a file, or "" for the first that is found.
        gain: 0..10.
        audio_driver: "auto", or one of FluidSynth's.
        audio_buffer: frames in a buffer: with few, a key sounds soon; too few crackle.
        audio_buffers: how many of them.
        realtime: ask for real-time priority for the audio thread.

    Raises:
        PortError: no library, no usable soundfont, or no sound card.
    """

    shares_synth = True
    real = False
    keeps_call = False

    def __init__(
        self,
        *,
        soundfont: str = "",
        gain: float = 0.6,
        audio_driver: str = "auto",
        audio_buffer: int = 64,
        audio_buffers: int = 3,
        realtime: bool = True,
    ) -> None:
        settings: dict[str, int | str] = {
            "audio.period-size": audio_buffer,
            "audio.periods": audio_buffers,
            "audio.realtime-prio": priority.SYNTH if realtime else 0,
            "audio.jack.id": "livegen",
            "audio.jack.autoconnect": 1,
        }
        self._fluid, font = loaded(soundfont, gain, SAMPLE_RATE, settings)
        self._closed = False
        try:
            self.driver = _start(self._fluid, audio_driver)
        except PortError:
            self._fluid.close()
            raise
        self.name = f"FluidSynth ({self.driver}, {font.name})"

    def send(self, send: Send) -> None:
        if self._closed:
            raise PortError("FluidSynth is closed.")
        self._fluid.play(send.message)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._fluid.close()


@dataclass(frozen=True, slots=True)
class Available:
    """What the built-in synth finds on this machine."""

    library: bool  # FluidSynth is installed
    soundfont: Path | None
    driver: str | None  # the audio driver that starts; None: no sound card
    problem: str | None  # why it cannot sound, and what to do

    @property
    def choice(self) -> str:
        """The output where none is named: the synth, else a file of its sound, else one of the notes."""
        if self.problem is None:
            return "FluidSynth"
        return "jam.wav" if self.library and self.soundfont else "jam.mid"


def available(soundfont: str = "", audio_driver: str = "auto", *, jack: bool = False) -> Available:
    """Try the synth without loading its sounds: quick, and leaves nothing open.

    Args:
        soundfont: as for `Synth`.
        audio_driver: as for `Synth`.
        jack: a JACK server has answered already: asking it once more would take 50 ms.
    """
    library, font, driver, problem = False, None, None, None
    try:
        fluid = Fluid(0.0, SAMPLE_RATE, {})
        library = True
        try:
            font = soundfonts(soundfont)[0]
            known = jack and _drivers(audio_driver)[0] == "jack" and fluid.has_driver("jack")
            driver = "jack" if known else _start(fluid, audio_driver)
        finally:
            fluid.close()
    except PortError as error:
        problem = str(error)
    return Available(library, font, driver, problem)


def loaded(soundfont: str, gain: float, rate: int, settings: Mapping[str, int | str]) -> tuple[Fluid, Path]:
    """A FluidSynth with its soundfont ("": the first usable one), and without an audio driver.

    Raises:
        PortError: no library or no usable soundfont.
    """
    fluid = Fluid(gain, rate, settings)
    reasons: dict[Path, str | None] = {}
    try:
        for path in soundfonts(soundfont):
            reasons[path] = fluid.load(path)
            if reasons[path] is None:
                return fluid, path
        raise _refused(reasons)
    except PortError:
        fluid.close()
        raise


def soundfonts(wanted: str = "") -> list[Path]:
    """The soundfont asked for, or those that are found, best first. Never empty.

    Raises:
        PortError: there is none, or none that can be read.
    """
    reasons = {path: unusable(path) for path in ([Path(wanted)] if wanted else _found())}
    usable = [path for path, reason in reasons.items() if reason is None]
    if not usable:
        raise _refused(reasons)
    return usable


def _found() -> list[Path]:
    found = [p for pattern in SOUNDFONT_PATTERNS for folder in SOUNDFONT_FOLDERS for p in Path(folder).glob(pattern)]
    bundled = find_spec("pretty_midi")  # its package carries a small one; importing it would take long
    if bundled is not None and bundled.origin is not None:
        found.append(Path(bundled.origin).with_name("TimGM6mb.sf2"))
    return found


def _refused(reasons: Mapping[Path, str | None]) -> PortError:
    """What to raise if no soundfont can be used: why not the first, the best of them."""
    for path, reason in reasons.items():
        return PortError(f"The soundfont {path} {reason}. Name another SF2 or SF3 file with --soundfont FILE.")
    return PortError(
        "No soundfont is found. Install one (Debian: apt install timgm6mb-soundfont), "
        "or name an SF2 or SF3 file with --soundfont FILE."
    )


def _drivers(wanted: str) -> tuple[str, ...]:
    if wanted != "auto":
        return (wanted,)
    drivers = AUDIO_DRIVERS.get(sys.platform, ("alsa",))
    if libjack.is_pipewire():  # it runs JACK's clients at 1024 frames, and its own at the buffer size they ask for
        return tuple(sorted(drivers, key=lambda name: name != "pipewire"))
    return drivers


def _start(fluid: Fluid, wanted: str) -> str:
    """Start the first audio driver that works. Returns its name."""
    for name in _drivers(wanted):
        if fluid.start(name):
            return name
    usual = _drivers("auto")
    if wanted == "auto":
        raise PortError(
            f"No sound card is found: none of FluidSynth's audio drivers starts ({', '.join(usual)}). "
            "Start a sound server, or let it write to a file: --out jam.wav."
        )
    known = (*usual, *OTHER_DRIVERS)
    near = "" if wanted in known else did_you_mean(wanted, known)
    raise PortError(f"FluidSynth's audio driver {wanted} does not start.{near} To let it choose: --audio-driver auto.")
