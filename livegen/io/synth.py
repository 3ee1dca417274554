"""The built-in synth: FluidSynth in this process. `livegen ports` uses this too, so it imports little."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from livegen.config.settings import DEFAULTS
from livegen.errors import PortError, did_you_mean
from livegen.io import libjack
from livegen.io import realtime as priority
from livegen.io.fluid import Fluid, unusable
from livegen.io.output import opened
from livegen.note import MonotonicTime
from livegen.stage.events import OutputClosed, OutputOpened, PortId

if TYPE_CHECKING:
    from livegen.stage.effects import Send

STALLED = 0.5  # s without sound, after which the audio driver counts as stopped; buffers are far shorter
RETRY = 1.0  # s between two attempts to start it again

SAMPLE_RATE = 48_000  # Hz; with JACK, the server's rate is used instead

AUDIO_DRIVERS = {
    # JACK first: a user who runs a server wants its low latency.
    "linux": ("jack", "pipewire", "pulseaudio", "alsa"),
    "darwin": ("coreaudio",),
    "win32": ("wasapi", "dsound"),
}
"""The drivers that "auto" tries, in this order. FluidSynth has others, which can be named."""

OTHER_DRIVERS = ("file", "oss", "portaudio", "sdl2", "sdl3", "waveout")

SOUNDFONT_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts")
SOUNDFONT_PATTERNS = ("default*.sf[23]", "FluidR3_GM*.sf[23]", "TimGM6mb*.sf[23]")


class Synth:
    """The output that plays through FluidSynth. It has no sound before `start`.

    If the sound server ends or the sound card is gone, FluidSynth's audio driver stops without an error and stays
    silent. `silent` notices it; then `stop`, and `try_again` until there is sound.

    Args:
        soundfont: a file, or "" for the first that is found.
        gain: 0..10.
        audio_driver: "auto", or one of FluidSynth's.
        audio_buffer: frames per buffer: few give a low latency, too few crackle.
        audio_buffers: number of buffers.
        realtime: request real-time priority for the audio thread.
        name: of its client of JACK.

    Raises:
        PortError: FluidSynth is missing, or there is no usable SoundFont.
    """

    port = PortId("FluidSynth")
    name = "FluidSynth"
    instrument = ""
    returns = False
    records = False

    def __init__(
        self,
        *,
        soundfont: str = DEFAULTS.soundfont,
        gain: float = DEFAULTS.gain,
        audio_driver: str = DEFAULTS.audio_driver,
        audio_buffer: int = DEFAULTS.audio_buffer,
        audio_buffers: int = DEFAULTS.audio_buffers,
        realtime: bool = True,
        name: str = "livegen",
    ) -> None:
        settings: dict[str, int | str] = {
            "audio.period-size": audio_buffer,
            "audio.periods": audio_buffers,
            "audio.realtime-prio": priority.SYNTH if realtime else 0,
            "audio.jack.id": name,
            "audio.jack.autoconnect": 1,
        }
        self._fluid, self._font = loaded(soundfont, gain, SAMPLE_RATE, settings)
        self._wanted = audio_driver  # from the first start on, that driver: another one might take the sound card
        self._closed = False
        self._rendered = 0
        self._moved = 0.0  # when `rendered` grew
        self._tried = 0.0
        self.driver = ""
        self.attached = False

    @property
    def what(self) -> str:
        """What it is called if it is missing."""
        return f"FluidSynth's sound ({self._wanted})" if self.driver else "a sound card for FluidSynth"

    @property
    def on_jack(self) -> bool:
        """Whether it is a client of JACK."""
        return self.driver == "jack"

    def start(self) -> None:
        """Start the audio driver. Raises PortError if there is no sound card."""
        self._wanted = self.driver = _start(self._fluid, self._wanted)
        self.name = f"FluidSynth ({self.driver}, {self._font.name})"
        self._moved = time.monotonic()
        self.attached = True

    def try_again(self) -> bool:
        """Start, if it is time to try it again. Returns whether there is sound."""
        now = time.monotonic()
        if now - self._tried >= RETRY:
            self._tried = now
            with suppress(PortError):
                self.start()
        return self.attached

    @property
    def rendered(self) -> int:
        """A number that grows as long as the audio driver takes sound."""
        return self._fluid.rendered

    def silent(self) -> bool:
        """Whether the audio driver has taken no sound for a while. Call this often."""
        now, rendered = time.monotonic(), self._fluid.rendered
        if rendered != self._rendered:
            self._rendered, self._moved = rendered, now
        return now - self._moved > STALLED

    def stop(self) -> None:
        """Stop the audio driver, and end all sound."""
        self.attached = False
        self._fluid.stop()

    def opened(self) -> OutputOpened:
        """The event that adds it to the stage."""
        return opened(self)

    def closed(self, at: MonotonicTime) -> OutputClosed:
        """The event that removes it from the stage."""
        return OutputClosed(self.port, at)

    def send(self, send: Send) -> None:
        if self._closed:
            raise PortError("FluidSynth is closed.")
        self._fluid.play(send.message)

    def set_gain(self, gain: float) -> None:
        """Change the volume, 0..10, at once."""
        if not self._closed:
            self._fluid.set_gain(gain)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._fluid.close()


class Available(NamedTuple):
    """What the built-in synth needs and finds on this machine."""

    library: bool  # whether FluidSynth is installed
    soundfont: Path | None
    driver: str | None  # the first audio driver that starts; None: no sound card
    problem: str | None  # why the synth cannot play, and what to do

    @property
    def choice(self) -> str:
        """The default output: the synth, else a WAV file, else a MIDI file."""
        if self.problem is None:
            return "FluidSynth"
        return "jam.wav" if self.library and self.soundfont else "jam.mid"


def available(
    soundfont: str = DEFAULTS.soundfont, audio_driver: str = DEFAULTS.audio_driver, *, jack: bool = False
) -> Available:
    """Try the synth without loading a SoundFont. This is quick and leaves nothing open.

    Args:
        soundfont: as for `Synth`.
        audio_driver: as for `Synth`.
        jack: whether a JACK server has answered already: a second connection would take 50 ms.
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
    """A FluidSynth with a SoundFont ("": the first usable one) and without an audio driver. Returns both.

    Raises:
        PortError: FluidSynth is missing, or there is no usable SoundFont.
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
    """The wanted SoundFont, or all that are found, best first. Never empty.

    Raises:
        PortError: there is no SoundFont that can be read.
    """
    reasons = {path: unusable(path) for path in ([Path(wanted)] if wanted else _found())}
    usable = [path for path, reason in reasons.items() if reason is None]
    if not usable:
        raise _refused(reasons)
    return usable


def _found() -> list[Path]:
    found = [p for pattern in SOUNDFONT_PATTERNS for folder in SOUNDFONT_FOLDERS for p in Path(folder).glob(pattern)]
    bundled = find_spec("pretty_midi")  # its package contains a small one; importing it would take long
    if bundled is not None and bundled.origin is not None:
        found.append(Path(bundled.origin).with_name("TimGM6mb.sf2"))
    return found


def _refused(reasons: Mapping[Path, str | None]) -> PortError:
    """The error if no SoundFont can be used, with the reason for the first, which is the best."""
    for path, reason in reasons.items():
        return PortError(f"The SoundFont {path} {reason}. Name another SF2 or SF3 file with --soundfont FILE.")
    return PortError(
        "No SoundFont is found. Install one (Debian: apt install timgm6mb-soundfont), "
        "or name an SF2 or SF3 file with --soundfont FILE."
    )


def _drivers(wanted: str) -> tuple[str, ...]:
    if wanted != "auto":
        return (wanted,)
    drivers = AUDIO_DRIVERS.get(sys.platform, ("alsa",))
    if libjack.is_pipewire():  # with 1024 frames for JACK's clients, but with the requested buffer size for its own
        return tuple(sorted(drivers, key=lambda name: name != "pipewire"))
    return drivers


def _start(fluid: Fluid, wanted: str) -> str:
    """Start the first audio driver that works. Returns its name. Raises PortError if none works."""
    for name in _drivers(wanted):
        if fluid.start(name):
            return name
    usual = _drivers("auto")
    if wanted == "auto":
        raise PortError(
            f"No sound card is found: none of FluidSynth's audio drivers starts ({', '.join(usual)}). "
            "Start a sound server, or write to a file: --out jam.wav."
        )
    known = (*usual, *OTHER_DRIVERS)
    near = "" if wanted in known else did_you_mean(wanted, known)
    raise PortError(f"FluidSynth's audio driver {wanted} does not start.{near} To try all, use --audio-driver auto.")
