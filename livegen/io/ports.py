"""MIDI ports: what --in and --out mean, which port a name means, and opening them.

Real port names carry numbers that change: "Keystation 49:Keystation 49 MIDI 1 28:0" (ALSA's client and port),
"FLUID Synth (1234):..." (a process), "a2j:Keystation 49 [28] (capture): ..." (JACK's bridge to ALSA).
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegen.config.values import expanded
from livegen.errors import ConfigError, PortError

if TYPE_CHECKING:
    import mido

    from livegen.io.midi_system import MidiSystem
    from livegen.stage.events import Send

    Callback = Callable[[mido.Message], None]

log = logging.getLogger(__name__)

OWN_NAME = "livegen"
"""What our virtual ports are called."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The built-in player."""


@dataclass(frozen=True, slots=True)
class MidiFile:
    path: Path


@dataclass(frozen=True, slots=True)
class WavFile:
    path: Path


@dataclass(frozen=True, slots=True)
class Synth:
    """The built-in FluidSynth."""

    certain: bool = False  # asked for as synth:, so that no port can be meant


@dataclass(frozen=True, slots=True)
class Port:
    name: str  # as it was typed


def parse_input(text: str) -> Demo | MidiFile | Port:
    """What --in names.

    Raises:
        ConfigError: it can only be an output.
    """
    lower = text.strip().lower()
    if lower.startswith("port:"):
        return Port(text.strip()[5:].strip())
    if lower == "demo":
        return Demo()
    if lower.endswith((".mid", ".midi")):
        return MidiFile(Path(expanded(text.strip())))
    if lower.endswith(".wav"):
        raise ConfigError(f"--in {text}: sound cannot be heard, only MIDI: a port, a file.mid, or demo.")
    if lower.startswith("synth:"):
        raise ConfigError(f"--in {text}: the synth is an output; for a port of that name say port:NAME.")
    return _port(text, "--in", "MIDI files end with .mid or .midi")


def parse_output(text: str) -> Synth | MidiFile | WavFile | Port:
    """What --out names.

    Raises:
        ConfigError: synth: with something else than FluidSynth behind it.
    """
    lower = text.strip().lower()
    if lower.startswith("port:"):
        return Port(text.strip()[5:].strip())
    if lower.startswith("synth:"):
        if _squeezed(lower[6:]) not in ("", "fluidsynth"):
            raise ConfigError(f"--out {text}: there is one synth, synth:FluidSynth.")
        return Synth(certain=True)
    if _squeezed(lower) == "fluidsynth":
        return Synth()
    if lower.endswith((".mid", ".midi")):
        return MidiFile(Path(expanded(text.strip())))
    if lower.endswith(".wav"):
        return WavFile(Path(expanded(text.strip())))
    return _port(text, "--out", "files to write end with .mid, .midi or .wav")


def _port(text: str, flag: str, endings: str) -> Port:
    name = text.strip()
    if os.path.exists(expanded(name)) and ("/" in name or Path(name).suffix):  # noqa: PTH110  (Path's may raise)
        raise ConfigError(f"{flag} {name} is a file or a folder, and {endings}. For a port of that name: port:{name}.")
    return Port(name)


def synth_remark(synth: Synth, names: Sequence[str]) -> str:
    """What to tell where FluidSynth is the built-in synth but a port bears that name too, or nothing."""
    rival = next((name for name in names if "fluidsynth" in _squeezed(name)), None)
    if synth.certain or rival is None:
        return ""
    return f"FluidSynth is taken as the built-in synth; for the port {rival} say --out port:FluidSynth."


def _squeezed(name: str) -> str:
    return "".join(name.casefold().split())


def _bare(name: str) -> str:
    """A name without what changes from day to day."""
    name = re.sub(r"\s+\d+:\d+\s*$", "", name)  # ALSA's numbers
    return _squeezed(re.sub(r"\(\d+(:\d+)?\)|\[\d+\]", "", name))  # a process, a2j's number


def match(wanted: str, names: Sequence[str]) -> str:
    """The port that `wanted` means: exact beats prefix beats substring; case, spaces and changing numbers do not count.

    Raises:
        PortError: none, or several that match equally well.
    """
    if wanted in names:
        return wanted
    squeezed, bare = _squeezed(wanted), _bare(wanted)
    rules: tuple[Callable[[str], bool], ...] = (
        lambda name: _squeezed(name) == squeezed,
        lambda name: bare != "" and _bare(name) == bare,
        lambda name: bare != "" and _bare(name).partition(":")[0] == bare,  # a client, whole
        lambda name: bare != "" and _bare(name).startswith(bare),
        lambda name: bare != "" and bare in _bare(name),
        lambda name: name.split()[-1:] == [wanted.strip()],  # ALSA's number alone: 28:0
    )
    for rule in rules:
        hits = [name for name in dict.fromkeys(names) if rule(name)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise PortError(f'"{wanted}" may mean {_listed(hits, "or")}. Name one of them in full.')
    if not names:
        raise PortError(f'There is no port "{wanted}": there is none at all. Is everything plugged in and switched on?')
    near = get_close_matches(bare, [_bare(name) for name in names], n=1, cutoff=0.5)
    hint = next((f' Did you mean "{name}"?' for name in names if near and _bare(name) == near[0]), "")
    raise PortError(f'There is no port "{wanted}".{hint} There is {_listed(names, "and")}.')


def _listed(names: Sequence[str], word: str) -> str:
    *others, last = (f'"{name}"' for name in names)
    return f"{', '.join(others)} {word} {last}" if others else last


_NOT_KEYBOARDS = re.compile(
    r"""midi.?through | livegen | rtmidi | fluid\ ?synth | qsynth | timidity | munt | yoshimi | zynaddsubfx
    | virmidi | virtual\ raw | loop ?(back|midi|be) | \biac\b | network | pipewire- | \btimer\b | announce | rtp""",
    re.VERBOSE | re.IGNORECASE,
)
_BRIDGES = re.compile(r"(system|a2j|alsa_midi|midi-bridge):", re.IGNORECASE)
_FIRST_PROGRAM = 128  # ALSA gives lower client numbers to the kernel's own: the hardware


def first_keyboard(names: Sequence[str], *, jack: bool = False) -> str | None:
    """The first input that looks like a keyboard somebody has plugged in.

    Args:
        names: of inputs.
        jack: the names are JACK's or PipeWire's: hardware stands behind a bridge there, the rest are programs.
    """
    for name in names:
        client = re.search(r"\s(\d+):\d+\s*$|\[(\d+)\]", name)
        program = client is not None and int(client[1] or client[2]) >= _FIRST_PROGRAM
        if not program and not _NOT_KEYBOARDS.search(name) and (not jack or _BRIDGES.match(name)):
            return name
    return None


def instrument(name: str) -> str:
    """What the two ports of an instrument, that which it plays from and that which it sounds by, are both called."""
    whole = re.sub(r"^(a2j|alsa_midi|midi-bridge):|\((capture|playback)(_\d+)?\)", "", name, flags=re.IGNORECASE)
    return _bare(whole).partition(":")[0].rstrip("0123456789")  # Windows and raw JACK count ports


class PortInput:
    """An open input. What it hears goes to its callback, on RtMidi's own thread."""

    def __init__(self, port: Any, name: str) -> None:  # noqa: ANN401  (mido has no types)
        self._port = port
        self.name = name

    def close(self) -> None:
        """Stop listening: no callback comes after this. A second call does nothing."""
        if not self._port.closed:
            with suppress(Exception):  # the device is gone, and there is nothing left to do about it
                self._port.callback = None  # first: a message must not meet a port that is half closed
            with suppress(Exception):
                self._port.close()


class PortOutput:
    """An open output; implements `livegen.io.output.Output`."""

    real = True
    keeps_call = False

    def __init__(self, port: Any, name: str) -> None:  # noqa: ANN401  (mido has no types)
        self.shares_synth = False  # until it is known whose instrument it is
        self._port = port
        self.name = name

    def send(self, send: Send) -> None:
        try:
            self._port.send(send.message)
        except Exception as error:  # whatever a backend raises, RtMidi's own errors among them: the port is broken
            raise PortError(f"it takes no more notes ({error}). Is it still plugged in?") from error

    def close(self) -> None:
        with suppress(Exception):  # the device is gone, and there is nothing left to do about it
            self._port.close()


def open_input(system: MidiSystem, name: str, callback: Callback) -> PortInput:
    """Listen to an existing port, by its full name. Raises PortError."""
    return PortInput(_opened(system.mido().open_input, name, callback=_guarded(callback)), name)


def open_output(system: MidiSystem, name: str) -> PortOutput:
    """Play to an existing port, by its full name. Raises PortError."""
    return PortOutput(_opened(system.mido().open_output, name), name)


def virtual_input(system: MidiSystem, callback: Callback) -> PortInput:
    """A port of our own that other programs play to. Raises PortError."""
    opened = _opened(
        system.mido().open_input, OWN_NAME, client_name=OWN_NAME, virtual=True, callback=_guarded(callback)
    )
    return PortInput(opened, OWN_NAME)


def virtual_output(system: MidiSystem) -> PortOutput:
    """A port of our own that other programs listen to. Raises PortError."""
    return PortOutput(_opened(system.mido().open_output, OWN_NAME, client_name=OWN_NAME, virtual=True), OWN_NAME)


def _opened(opener: Callable[..., Any], name: str, **options: object) -> Any:  # noqa: ANN401  (mido has no types)
    # For an existing port there must be no client_name: mido would make a virtual one instead.
    try:
        return opener(name, **options)
    except Exception as error:  # whatever a backend raises, RtMidi's own errors among them
        if options.get("virtual"):
            raise PortError(f"A virtual port cannot be made: {error}. Windows has none: use loopMIDI there.") from error
        raise PortError(f'"{name}" cannot be opened: {error}. Is another program using it?') from error


def _guarded(callback: Callback) -> Callback:
    def guarded(message: mido.Message) -> None:
        try:
            callback(message)
        except Exception:  # the edge of RtMidi's thread: nothing above could handle it
            log.exception("a message was lost: %s", message)

    return guarded
