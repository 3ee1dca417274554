"""MIDI ports: parses --in and --out, finds a port by its name, and opens it.

Port names contain numbers that change: "Keystation 49:Keystation 49 MIDI 1 28:0" (ALSA's client and port),
"FLUID Synth (1234):..." (a process), "a2j:Keystation 49 [28] (capture): ..." (JACK's bridge to ALSA).
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from livegen.config.values import expanded
from livegen.errors import ConfigError, PortError
from livegen.io import rtmidi_binding
from livegen.smf import SUFFIXES
from livegen.stage.events import PortId

if TYPE_CHECKING:
    import mido

    from livegen.io.midi_system import MidiSystem
    from livegen.stage.effects import Send

    Callback = Callable[[mido.Message], None]

log = logging.getLogger(__name__)

OWN_NAME = "livegen"
"""The name of our virtual ports, and how the names of all our clients begin."""

_PRIVATE = re.compile(rf"{OWN_NAME}( \S+)? (in|out)(-\d+)?:")  # JACK adds a number to a name that is taken


def client(name: str, end: str = "") -> str:
    """What the livegen of this name is called among the clients of a MIDI system."""
    return " ".join(word for word in (OWN_NAME, "" if name == OWN_NAME else name, end) if word)


def is_private(port: str) -> bool:
    """Whether only livegen itself uses a port: it connects its private ports to those that the settings name."""
    return _PRIVATE.match(port) is not None


def belongs(port: str, name: str) -> bool:
    """Whether a port can be one of the livegen of this name."""
    ours = "|".join(re.escape(client(name, end)) for end in ("", "in", "out"))
    return re.match(rf"({ours})(-\d+)?:", port) is not None


@dataclass(frozen=True, slots=True)
class Demo:
    """The built-in demo pieces."""


class MidiFile(NamedTuple):
    path: Path


class WavFile(NamedTuple):
    path: Path


class Synth(NamedTuple):
    """The built-in FluidSynth."""

    certain: bool = False  # given as synth:, so it cannot mean a port


class Port(NamedTuple):
    name: str  # as given


def parse_input(text: str) -> Demo | MidiFile | Port:
    """Parse a value of --in.

    Raises:
        ConfigError: the value can only be an output, or is another kind of file.
    """
    lower = text.strip().lower()
    if lower.startswith("port:"):
        return Port(text.strip()[5:].strip())
    if lower == "demo":
        return Demo()
    if lower.endswith(SUFFIXES):
        return MidiFile(Path(expanded(text.strip())))
    if lower.endswith(".wav"):
        raise ConfigError(f"--in {text}: audio input is not supported. Use a MIDI port, a .mid file or demo.")
    if lower.startswith("synth:"):
        raise ConfigError(f"--in {text}: the synth is an output. For a port of that name, use port:NAME.")
    return _port(text, "--in", "MIDI file names end with .mid or .midi")


def parse_output(text: str) -> Synth | MidiFile | WavFile | Port:
    """Parse a value of --out.

    Raises:
        ConfigError: an unknown synth after synth:, or another kind of file.
    """
    lower = text.strip().lower()
    if lower.startswith("port:"):
        return Port(text.strip()[5:].strip())
    if lower.startswith("synth:"):
        if _squeezed(lower[6:]) not in ("", "fluidsynth"):
            raise ConfigError(f"--out {text}: the only synth is synth:FluidSynth.")
        return Synth(certain=True)
    if _squeezed(lower) == "fluidsynth":
        return Synth()
    if lower.endswith((".mid", ".midi")):
        return MidiFile(Path(expanded(text.strip())))
    if lower.endswith(".wav"):
        return WavFile(Path(expanded(text.strip())))
    return _port(text, "--out", "output file names end with .mid, .midi or .wav")


def _port(text: str, flag: str, endings: str) -> Port:
    name = text.strip()
    if os.path.exists(expanded(name)) and ("/" in name or Path(name).suffix):  # noqa: PTH110  (Path's may raise)
        raise ConfigError(
            f"{flag} {name} is a file or a folder, but {endings}. For a port of that name, use port:{name}."
        )
    return Port(name)


def synth_remark(synth: Synth, names: Sequence[str]) -> str:
    """A hint that FluidSynth means the built-in synth although a port has that name too, or an empty text."""
    rival = next((name for name in names if "fluidsynth" in _squeezed(name)), None)
    if synth.certain or rival is None:
        return ""
    return f"FluidSynth is the built-in synth. For the port {rival}, use --out port:FluidSynth."


def _squeezed(name: str) -> str:
    return "".join(name.casefold().split())


def identity(name: str, *, windows: bool = False) -> PortId:
    """A port's name without the numbers that change. It is the same when the port comes back.

    Args:
        name: of a port.
        windows: as for `instrument`.
    """
    if windows:
        name = re.sub(r"\s\d+$", "", name)
    name = re.sub(r"\s+\d+:\d+\s*$", "", name)  # ALSA's client and port
    return PortId(" ".join(re.sub(r"\(\d+(:\d+)?\)|\[\d+\]", "", name).split()))  # a process, a2j's number


def _bare(name: str) -> str:
    """The part of a name that is compared."""
    return _squeezed(identity(name))


def match(wanted: str, names: Sequence[str]) -> str:
    """Find a port: exact beats prefix beats substring; case, spaces and numbers that change do not count.

    Raises:
        PortError: no port matches, or several match equally well.
    """
    if wanted in names:
        return wanted
    squeezed, bare = _squeezed(wanted), _bare(wanted)
    rules: tuple[Callable[[str], bool], ...] = (
        lambda name: _squeezed(name) == squeezed,
        lambda name: bare != "" and _bare(name) == bare,
        lambda name: bare != "" and _bare(name).partition(":")[0] == bare,  # the whole client name
        lambda name: bare != "" and _bare(name).startswith(bare),
        lambda name: bare != "" and bare in _bare(name),
        lambda name: name.split()[-1:] == [wanted.strip()],  # ALSA's number alone: 28:0
    )
    for rule in rules:
        hits = [name for name in dict.fromkeys(names) if rule(name)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise PortError(f'"{wanted}" matches several ports: {_listed(hits)}. Give the full name.')
    if not names:
        raise PortError(f'There is no port "{wanted}": there are no ports. Check cables and power switches.')
    from difflib import get_close_matches  # only here: it takes time at every start

    near = get_close_matches(bare, [_bare(name) for name in names], n=1, cutoff=0.5)
    hint = next((f' Did you mean "{name}"?' for name in names if near and _bare(name) == near[0]), "")
    raise PortError(f'There is no port "{wanted}".{hint} Available ports: {_listed(names)}.')


def _listed(names: Sequence[str]) -> str:
    *others, last = (f'"{name}"' for name in names)
    return f"{', '.join(others)} and {last}" if others else last


_NOT_KEYBOARDS = re.compile(
    r"""midi.?through | livegen | rtmidi | fluid\ ?synth | qsynth | timidity | munt | yoshimi | zynaddsubfx
    | virmidi | virtual\ raw | loop ?(back|midi|be) | \biac\b | network | pipewire- | \btimer\b | announce | rtp""",
    re.VERBOSE | re.IGNORECASE,
)
_BRIDGES = re.compile(r"(system|a2j|alsa_midi|midi-bridge):", re.IGNORECASE)
_FIRST_PROGRAM = 128  # ALSA gives lower client numbers to the kernel, and so to hardware


def first_keyboard(names: Sequence[str], *, jack: bool = False) -> str | None:
    """The first input that looks like hardware, or None.

    Args:
        names: of the inputs.
        jack: the names are from JACK or PipeWire, where hardware is behind a bridge and all others are programs.
    """
    for name in names:
        client = re.search(r"\s(\d+):\d+\s*$|\[(\d+)\]", name)
        program = client is not None and int(client[1] or client[2]) >= _FIRST_PROGRAM
        if not program and not _NOT_KEYBOARDS.search(name) and (not jack or _BRIDGES.match(name)):
            return name
    return None


_ALSA = re.compile(r"\s(\d+):(\d+)\s*$")  # the numbers of a client and of its port
_DIRECTION = re.compile(r"(?<![a-z])(midi)?(capture|playback|input|output|in|out)(?![a-z])", re.IGNORECASE)


def instrument(name: str, *, windows: bool = False) -> str:
    """A name for the instrument of a port: the same for its input and its output, another for other instruments.

    Both ports must be from one listing. By default livegen does not send the player's notes back to the same
    instrument. If in doubt, two ports are two instruments: the player notices at once that a key sounds twice, and the
    log gives the reason, while a silent synth gives no hint. All digits count (DX7 and DX21, DX7 and DX7 2), except:

    - ALSA: the numbers of the client and of the port are equal; the names do not matter. Each port of an interface is a
      socket for a separate instrument. A program (a client number from 128) is one instrument with all its ports.
    - JACK: a client is one instrument with all its ports. A bridge to ALSA has several instruments: their names are
      equal except for the direction, "(capture_0)" and "(playback_0)".
    - CoreMIDI, Windows and others: the names are equal except for the direction, "MIDIIN2 (X)" and "MIDIOUT2 (X)".

    Args:
        name: of a port.
        windows: the name ends with its index in the list, which RtMidi adds on Windows.
    """
    if numbers := _ALSA.search(name):
        client, port = numbers.groups()
        return client if int(client) >= _FIRST_PROGRAM else f"{client}:{port}"
    if windows:
        name = re.sub(r"\s\d+$", "", name)
    elif ":" in name and not _BRIDGES.match(name):
        name = name.partition(":")[0]
    return _squeezed(_DIRECTION.sub(r"\1", name))


class PortInput:
    """An open input. It passes each message to its callback, on RtMidi's thread."""

    def __init__(self, port: Any, name: str, *, windows: bool = False) -> None:  # noqa: ANN401  (mido has no types)
        self._port = port
        self.name = name
        self.port = identity(name)
        self.instrument = instrument(name, windows=windows)

    @staticmethod
    def aside(inputs: Iterable[PortInput]) -> AbstractContextManager[None]:
        """Inside, the messages of these inputs wait, so that clients can be opened and closed."""
        return rtmidi_binding.aside([each._port for each in inputs])  # noqa: SLF001  (of this class)

    def close(self) -> None:
        """Stop listening: no callback comes after this. A second call does nothing."""
        if not self._port.closed:
            with suppress(Exception):  # the device is gone, so it is closed already
                rtmidi_binding.close_input(self._port)
            with suppress(Exception):
                self._port.close()


class PortOutput:
    """An open output; implements `livegen.io.output.Output`."""

    returns = True
    records = False

    def __init__(self, port: Any, name: str, *, windows: bool = False) -> None:  # noqa: ANN401  (mido has no types)
        self._port = port
        self.name = name
        self.port = identity(name)
        self.instrument = instrument(name, windows=windows)

    def send(self, send: Send) -> None:
        try:
            self._port.send(send.message)
        except Exception as error:  # a backend may raise anything, such as RtMidi's own errors
            raise PortError(f"sending failed ({error}). Check that it is still plugged in.") from error

    def close(self) -> None:
        with suppress(Exception):  # the device is gone, so it is closed already
            self._port.close()


def open_input(system: MidiSystem, name: str, callback: Callback) -> PortInput:
    """Open an existing input by its full name. Raises PortError."""
    return PortInput(
        _opened(system.mido().open_input, name, callback=_guarded(callback)), name, windows=system.is_windows
    )


def open_output(system: MidiSystem, name: str) -> PortOutput:
    """Open an existing output by its full name. Raises PortError."""
    return PortOutput(_opened(system.mido().open_output, name), name, windows=system.is_windows)


def virtual_input(system: MidiSystem, callback: Callback, name: str = OWN_NAME) -> PortInput:
    """Create a port that other programs can play to, for the livegen of this name. Raises PortError."""
    opened = _opened(
        system.mido().open_input, OWN_NAME, client_name=client(name), virtual=True, callback=_guarded(callback)
    )
    return PortInput(opened, OWN_NAME)


def virtual_output(system: MidiSystem, name: str = OWN_NAME) -> PortOutput:
    """Create a port that other programs can listen to, for the livegen of this name. Raises PortError."""
    return PortOutput(_opened(system.mido().open_output, OWN_NAME, client_name=client(name), virtual=True), OWN_NAME)


def own_input(system: MidiSystem, callback: Callback, name: str = OWN_NAME) -> PortInput:
    """Create an input that `livegen.io.patchbay` connects, for the livegen of this name. Raises PortError."""
    ours = client(name, "in")
    opened = _opened(system.mido().open_input, "in", client_name=ours, virtual=True, callback=_guarded(callback))
    return PortInput(opened, ours)


def own_output(system: MidiSystem, name: str = OWN_NAME) -> PortOutput:
    """Create an output that `livegen.io.patchbay` connects, for the livegen of this name. Raises PortError."""
    ours = client(name, "out")
    return PortOutput(_opened(system.mido().open_output, "out", client_name=ours, virtual=True), ours)


def _opened(opener: Callable[..., Any], name: str, **options: object) -> Any:  # noqa: ANN401  (mido has no types)
    # An existing port must be opened without client_name: mido would create a virtual one instead.
    try:
        return opener(name, **options)
    except Exception as error:  # a backend may raise anything, such as RtMidi's own errors
        if options.get("virtual"):
            raise PortError(f"Cannot create a virtual port: {error}. On Windows, use loopMIDI instead.") from error
        raise PortError(f'Cannot open "{name}": {error}. Check that no other program uses it.') from error


def _guarded(callback: Callback) -> Callback:
    def guarded(message: mido.Message) -> None:
        try:
            callback(message)
        except Exception:  # on RtMidi's thread, where nothing above could handle it
            log.exception("lost a message: %s", message)

    return guarded
