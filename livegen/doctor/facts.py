"""What the probes find out about this machine. The checks read nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from livegen.config.settings import DEFAULTS, Settings
from livegen.service.state import Service


class Access(Enum):
    """What this user may do with a device file."""

    GRANTED = "granted"
    REFUSED = "refused"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class User:
    """The user who plays: with sudo, the one who typed it."""

    name: str = "root"
    root: bool = False
    groups: frozenset[str] = frozenset()  # of this process
    member: frozenset[str] = frozenset()  # of the user, from the next login on


SYNTH = "FluidSynth"
"""What a livegen waits for if its own synth has no sound card."""


@dataclass(frozen=True, slots=True)
class Program:
    """A process."""

    name: str
    user: str
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that a MIDI system has, without those of livegen."""

    system: str  # its name to show
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    jack: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """Messages that were sent through a MIDI system to ourselves."""

    sent: int = 0
    ms: tuple[float, ...] = ()  # from sending to receiving, of each that came back
    failure: str = ""  # why nothing could be sent


@dataclass(frozen=True, slots=True)
class Midi:
    linux: bool = True
    sequencer: Access = Access.GRANTED  # to ALSA's
    systems: tuple[Ports, ...] = ()  # those that answer; livegen uses the first
    failure: str = ""  # why the system that the settings name does not answer
    servers: tuple[Program, ...] = ()  # of JACK and PipeWire
    loop: Loop | None = None  # through the first system


@dataclass(frozen=True, slots=True)
class Sound:
    used: bool = True  # the settings ask for the built-in synth
    version: str = ""  # of FluidSynth
    soundfont: str = ""
    peak: int = 0  # of a note that was rendered, in units of a 16-bit sample
    failure: str = ""  # why nothing could be rendered
    driver: str = ""  # the audio driver that starts
    no_driver: str = ""  # why none starts
    flows: bool = True  # the driver takes sound
    holders: tuple[Program, ...] = ()  # who has opened a sound card


@dataclass(frozen=True, slots=True)
class UsbDevice:
    name: str
    suspends: bool  # the kernel may switch it off while nobody uses it
    control: Path  # the file that decides


@dataclass(frozen=True, slots=True)
class Machine:
    linux: bool = True
    realtime_refused: str = ""  # why there is no real-time priority
    memory_locked: bool = True  # may be
    governors: Mapping[Path, str] = field(default_factory=dict)  # of each processor
    scaling_driver: str = ""
    profile: str = ""  # of the firmware: performance, balanced, low-power
    codec_sleeps: Path | None = None  # the file that makes a sound card sleep
    usb: tuple[UsbDevice, ...] = ()  # MIDI devices
    cores: int = 1
    load: float = 0.0  # processes that want to run, average of the last minute


@dataclass(frozen=True, slots=True)
class Engine:
    name: str = ""
    runtime: str = ""
    ms: float = 0.0  # a note
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A service of systemd that is installed."""

    service: Service
    warnings: tuple[str, ...] = ()  # the last lines of its log that need a person


@dataclass(frozen=True, slots=True)
class Services:
    systemd: bool = False
    units: tuple[Unit, ...] = ()


@dataclass(frozen=True, slots=True)
class Storage:
    folder: Path = Path()  # of the recordings
    wanted: bool = True  # the settings ask for recordings
    refusal: str = ""  # why it cannot be written
    free: int | None = None  # bytes


@dataclass(frozen=True, slots=True)
class Daemon:
    """A livegen that runs."""

    status: Mapping[str, Any]  # as `livegen status` shows it
    realtime_threads: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    settings: Settings = DEFAULTS  # of the livegen that runs, else those that it would have
    settings_refused: str = ""  # why they cannot be read
    user: User = User()
    daemon: Daemon | None = None
    others: tuple[str, ...] = ()  # the names of those that run, if that of the settings does not
    daemon_refused: str = ""  # why a livegen that runs cannot be asked
    daemon_hangs: str = ""  # why it does not answer
    midi: Midi = Midi()
    sound: Sound = Sound()
    machine: Machine = Machine()
    engine: Engine = Engine()
    services: Services = Services()
    storage: Storage = Storage()
