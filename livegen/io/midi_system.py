"""MIDI systems: ALSA, JACK, PipeWire, CoreMIDI, Windows, or any mido backend. Finds one and lists its ports."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from livegen.errors import PortError, did_you_mean
from livegen.io import libjack, notify, ports, rtmidi_binding
from livegen.quiet import quiet

if TYPE_CHECKING:
    import mido

RTMIDI = "mido.backends.rtmidi"
ALSA, JACK, CORE, WINDOWS = "LINUX_ALSA", "UNIX_JACK", "MACOSX_CORE", "WINDOWS_MM"  # RtMidi's names
WORDS = {"alsa": ALSA, "jack": JACK, "core": CORE, "windows": WINDOWS}
"""The values of --backend, besides auto and the module of a mido backend."""

SEQUENCER = Path("/dev/snd/seq")

SERVICE = (
    " A service of the machine cannot reach the server of a desktop; one of your session can: "
    "livegen service install --user."
)
WITHOUT = "Without a MIDI system these work: --in FILE.mid, --in demo, --out FILE.mid, --out FILE.wav."


class MidiSystem(NamedTuple):
    """A MIDI system, which may or may not be running."""

    backend: str  # for mido: MODULE or MODULE/API

    @property
    def api(self) -> str:
        """RtMidi's name of the system; empty for other backends."""
        module, _, api = self.backend.partition("/")
        return api if module == RTMIDI else ""

    @property
    def is_windows(self) -> bool:
        """Whether the names of ports end with a number, as they do with RtMidi on Windows."""
        return self.api == WINDOWS

    @property
    def name(self) -> str:
        """The name to show."""
        jack = "PipeWire" if self.api == JACK and libjack.is_pipewire() else "JACK"
        names = {ALSA: "ALSA", JACK: jack, CORE: "CoreMIDI", WINDOWS: "Windows MIDI"}
        return names.get(self.api, self.backend)

    def inputs(self) -> list[str]:
        """The names of the input ports. Raises PortError if the system does not answer."""
        return self.names()[0]

    def outputs(self) -> list[str]:
        """The names of the output ports. Raises PortError if the system does not answer."""
        return self.names()[1]

    def names(self) -> tuple[list[str], list[str]]:
        """The names of the input ports and of the output ports. Raises PortError if the system does not answer."""
        os.environ.setdefault("JACK_NO_START_SERVER", "1")  # to list ports must not start a server
        try:
            with quiet():  # ALSA writes its errors to stderr
                inputs, outputs = _rtmidi_names(self.api) if self.api else _mido_names(self.mido())
        except PortError:
            raise
        except Exception as error:  # noqa: BLE001  (a backend may raise anything, such as RtMidi's own errors)
            reason = str(error).rstrip(".?")
            raise PortError(f"{self.name} does not answer ({reason}). {_remedy(self.api)} {WITHOUT}") from None
        return list(dict.fromkeys(inputs)), list(dict.fromkeys(outputs))

    @property
    def gone(self) -> str:
        """What to report when the server has ended."""
        return f"Lost connection to {self.name}. Restart {self.name}, then livegen."

    def mido(self) -> mido.Backend:
        """The mido backend, to open ports with.

        Raises:
            PortError: the backend cannot be loaded.
        """
        import mido

        libjack.preload()
        try:
            if self.api:
                rtmidi_binding.load()
                rtmidi_binding.limit()
            return mido.Backend(self.backend, load=True, use_environ=False)
        except Exception as error:  # noqa: BLE001  (any module may be named, and importing it may raise anything)
            raise PortError(
                f"The MIDI backend {self.backend} cannot be loaded: {error}."
                f"{did_you_mean(self.backend, ('auto', *WORDS))} Valid: auto, {', '.join(WORDS)}, "
                "or the module of a mido backend."
            ) from None


class Listing(NamedTuple):
    """The ports that a MIDI system has at one moment."""

    system: MidiSystem
    inputs: list[str]
    outputs: list[str]


def find(wanted: str = "auto", environ: Mapping[str, str] = os.environ) -> MidiSystem:
    """The MIDI system to use: `wanted`, else MIDO_BACKEND, else the first that answers.

    Raises:
        PortError: no system answers, or the wanted one does not.
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
    """The ports of every MIDI system that answers, beginning with the one that `find` returns. Empty if none answers.

    Ports that only livegen itself uses are left out.

    Raises:
        PortError: the wanted system does not answer.
    """
    named = _named(wanted, environ)
    found = [] if named is None else [_listing(named)]
    for system in _usual():
        with suppress(PortError):
            if system != named:
                found.append(_listing(system))
    return tuple(found)


def _listing(system: MidiSystem) -> Listing:
    inputs, outputs = ([name for name in names if not ports.is_private(name)] for names in system.names())
    return Listing(system, inputs, outputs)


def advice() -> str:
    """What to do if no MIDI system answers."""
    return f"No MIDI system is found. {_remedy(ALSA)} {WITHOUT}"


def _remedy(api: str) -> str:
    if sys.platform != "linux":
        return "Check that python-rtmidi is installed."
    jack = "start a JACK server (Debian: apt install jackd2, or pipewire-jack if PipeWire runs)"
    if api == ALSA and SEQUENCER.exists():
        return f"No permission to open {SEQUENCER}: join the group audio (usermod -aG audio NAME), or {jack}."
    if api == JACK:
        return f"{jack[0].upper()}{jack[1:]}.{SERVICE if notify.managed() else ''}"
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
    """The same names as from mido, without importing it, which takes long."""
    if api == ALSA and not os.access(SEQUENCER, os.R_OK | os.W_OK):
        raise OSError(f"{'no permission to open' if SEQUENCER.exists() else 'there is no'} {SEQUENCER}")
    libjack.preload()
    rtmidi = rtmidi_binding.load()
    number = getattr(rtmidi, f"API_{api}", None)
    if number not in rtmidi.get_compiled_api():
        raise ValueError(f"this RtMidi does not support {api}")
    if api == JACK:
        return libjack.names()
    return _client_names(rtmidi.MidiIn(rtapi=number)), _client_names(rtmidi.MidiOut(rtapi=number))


def _client_names(client: Any) -> list[str]:  # noqa: ANN401  (RtMidi has no types)
    try:
        return list(client.get_ports())
    finally:
        client.delete()
