"""Which MIDI system to use: ALSA, JACK, PipeWire, CoreMIDI, Windows, or any mido backend that is named."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livegen.errors import PortError, did_you_mean
from livegen.io import libjack
from livegen.quiet import quiet

if TYPE_CHECKING:
    import mido
    import rtmidi

RTMIDI = "mido.backends.rtmidi"
ALSA, JACK, CORE, WINDOWS = "LINUX_ALSA", "UNIX_JACK", "MACOSX_CORE", "WINDOWS_MM"  # RtMidi's names
WORDS = {"alsa": ALSA, "jack": JACK, "core": CORE, "windows": WINDOWS}
"""What --backend can say, beside auto and the module of a mido backend."""

SEQUENCER = Path("/dev/snd/seq")

WITHOUT = "Without one, these still work: --in FILE.mid, --in demo, --out FILE.mid, --out FILE.wav."


@dataclass(frozen=True, slots=True)
class MidiSystem:
    """A MIDI system, whether it answers or not."""

    backend: str  # as mido spells it: module, or module/API

    @property
    def api(self) -> str:
        """RtMidi's name for it, or nothing."""
        module, _, api = self.backend.partition("/")
        return api if module == RTMIDI else ""

    @property
    def name(self) -> str:
        """For people."""
        jack = "PipeWire" if self.api == JACK and libjack.is_pipewire() else "JACK"
        names = {ALSA: "ALSA", JACK: jack, CORE: "CoreMIDI", WINDOWS: "Windows MIDI"}
        return names.get(self.api, self.backend)

    def inputs(self) -> list[str]:
        """The names of the ports that can be listened to. Raises PortError if the system does not answer."""
        return self.names()[0]

    def outputs(self) -> list[str]:
        """The names of the ports that can be played to. Raises PortError if the system does not answer."""
        return self.names()[1]

    def names(self) -> tuple[list[str], list[str]]:
        """Both. Raises PortError if the system does not answer."""
        os.environ.setdefault("JACK_NO_START_SERVER", "1")  # looking must not start anything
        try:
            with quiet():  # libjack and ALSA tell it that nothing is there
                inputs, outputs = _rtmidi_names(self.api) if self.api else _mido_names(self.mido())
        except PortError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever a backend raises, RtMidi's own errors among them)
            reason = str(error).rstrip(".?")
            raise PortError(f"{self.name} does not answer ({reason}). {_remedy(self.api)} {WITHOUT}") from None
        return list(dict.fromkeys(inputs)), list(dict.fromkeys(outputs))

    @contextmanager
    def watched(self, gone: Callable[[], None]) -> Iterator[None]:
        """Have `gone` called, in another thread, when its server ends, if it has one. Raises PortError if it has."""
        with ExitStack() as stack:
            if self.api == JACK:
                try:
                    stack.enter_context(libjack.watched(gone))
                except OSError as error:
                    raise PortError(self.gone) from error
            yield

    @property
    def gone(self) -> str:
        """What to say when it is."""
        return f"{self.name} is gone, and with it all ports. Start it, and livegen, again."

    def mido(self) -> mido.Backend:
        """The same for mido, to open ports with.

        Raises:
            PortError: there is no such backend.
        """
        import mido

        libjack.preload()
        try:
            return mido.Backend(self.backend, load=True, use_environ=False)
        except Exception as error:  # noqa: BLE001  (any module may be named, and importing it may raise anything)
            raise PortError(
                f"The MIDI backend {self.backend} cannot be loaded: {error}."
                f"{did_you_mean(self.backend, ('auto', *WORDS))} Valid: auto, {', '.join(WORDS)}, "
                "or the module of a mido backend."
            ) from None


@dataclass(frozen=True, slots=True)
class Listing:
    """The ports of a MIDI system at one moment."""

    system: MidiSystem
    inputs: list[str]
    outputs: list[str]


def find(wanted: str = "auto", environ: Mapping[str, str] = os.environ) -> MidiSystem:
    """The MIDI system to use: `wanted`, else MIDO_BACKEND, else the first that answers.

    Raises:
        PortError: none answers, or not the one that is wanted.
    """
    named = _named(wanted, environ)
    if named is not None:
        named.inputs()
        return named
    for system in _usual():
        with suppress(PortError):
            system.inputs()
            return system
    raise PortError(advice())


def listings(wanted: str = "auto", environ: Mapping[str, str] = os.environ) -> tuple[Listing, ...]:
    """The ports of every MIDI system that answers, the one that `find` takes first. Empty if none answers.

    Raises:
        PortError: the one that is wanted does not answer.
    """
    named = _named(wanted, environ)
    found = [] if named is None else [Listing(named, *named.names())]
    for system in _usual():
        with suppress(PortError):
            if system != named:
                found.append(Listing(system, *system.names()))
    return tuple(found)


def advice() -> str:
    """What to do where no MIDI system answers."""
    return f"No MIDI system is found. {_remedy(ALSA)} {WITHOUT}"


def _remedy(api: str) -> str:
    if sys.platform != "linux":
        return "python-rtmidi brings what this machine needs: is it installed?"
    jack = "start a JACK server (Debian: apt install jackd2, or pipewire-jack where PipeWire runs)"
    if api == ALSA and SEQUENCER.exists():
        return f"{SEQUENCER} may not be opened: join the group audio (usermod -aG audio NAME, log in again), or {jack}."
    if api == JACK:
        return f"Please {jack}."
    return f"Load the ALSA sequencer (modprobe snd-seq), or {jack}."


def _named(wanted: str, environ: Mapping[str, str]) -> MidiSystem | None:
    word = environ.get("MIDO_BACKEND") or "auto" if wanted == "auto" else wanted
    if word in ("", "auto"):
        return None
    return MidiSystem(f"{RTMIDI}/{WORDS[word.lower()]}" if word.lower() in WORDS else word)


def _usual() -> Iterator[MidiSystem]:
    apis = {"linux": (ALSA, JACK), "darwin": (CORE,), "win32": (WINDOWS,)}.get(sys.platform, (JACK,))
    return (MidiSystem(f"{RTMIDI}/{api}") for api in apis)


def _mido_names(backend: mido.Backend) -> tuple[list[str], list[str]]:
    return backend.get_input_names(), backend.get_output_names()


def _rtmidi_names(api: str) -> tuple[list[str], list[str]]:
    """As mido gives them, but sooner: importing mido takes long."""
    if api == ALSA and not os.access(SEQUENCER, os.R_OK | os.W_OK):
        raise OSError(f"{SEQUENCER} {'may not be opened' if SEQUENCER.exists() else 'is not there'}")
    libjack.preload()
    import rtmidi

    number = getattr(rtmidi, f"API_{api}", None)
    if number not in rtmidi.get_compiled_api():
        raise ValueError(f"RtMidi has no API {api} here")
    if api == JACK:
        return libjack.names()
    return _client_names(rtmidi.MidiIn(rtapi=number)), _client_names(rtmidi.MidiOut(rtapi=number))


def _client_names(client: rtmidi.MidiIn | rtmidi.MidiOut) -> list[str]:
    try:
        return list(client.get_ports())
    finally:
        client.delete()
