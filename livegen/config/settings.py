"""Every setting: its name, default, valid values, help, and when a change applies.

A setting has one name, written `response-channel` in the file, `--response-channel` on the command line,
`LIVEGEN_RESPONSE_CHANNEL` in the environment and `response_channel` in `Settings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import NamedTuple, TypeVar

from livegen.config.values import (
    AutoNumber,
    Choice,
    Controller,
    Counted,
    Flag,
    InstanceName,
    Kind,
    Names,
    Number,
    Text,
    Trigger,
    TriggerOrKeys,
)
from livegen.note import WINDOW

PREFIX = "LIVEGEN_"


class Applies(Enum):
    """When a changed setting applies while livegen runs."""

    AT_ONCE = "at once"
    NEXT_RESPONSE = "from the next response on"
    PORTS = "when it is open; what stays plays on"
    MODEL = "when the model is loaded again"
    START = "when livegen starts again"


class Spec(NamedTuple):
    """The name, kind and help of a setting."""

    field: str  # its name in Settings
    kind: Kind
    group: str
    applies: Applies
    help: str
    name: str  # in the file and on the command line
    default: object

    @property
    def flag(self) -> str:
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        return PREFIX + self.name.replace("-", "_").upper()


T = TypeVar("T")


def _setting(default: T, kind: Kind, applies: Applies, text: str, name: str = "") -> T:
    """A field of `Settings`: its default, valid values, when a change applies, and its help."""
    described: T = field(default=default, metadata={"kind": kind, "applies": applies, "help": text, "name": name})
    return described


_SWITCH = Choice(("auto", "on", "off"))
_RESPONSE = Number(0.5, 60, "s")
NOW, NEXT, PORTS, MODEL, START = Applies

GROUPS = {
    "Ports": "inputs",
    "Conversation": "channel",
    "Sound": "thru",
    "Model": "model",
    "Recordings": "record",
    "Control": "bind",
    "System": "realtime",
}
"""The groups of the help, and the first setting of each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, in the order of the help. This is the only place that declares settings."""

    inputs: tuple[str, ...] = _setting(
        (), Names(), PORTS, "Input: a MIDI port, file.mid, or demo. May be repeated.", "in"
    )
    outputs: tuple[str, ...] = _setting(
        (), Names(), PORTS, "Output: a MIDI port, FluidSynth, file.mid or file.wav. May be repeated.", "out"
    )
    backend: str = _setting(
        "auto", Text(), PORTS, "The MIDI system: auto, alsa, jack, core, windows, or a mido backend."
    )
    virtual: bool = _setting(False, Flag(), PORTS, "Create ports named livegen that other programs can connect to.")
    wait: str = _setting(
        "auto", _SWITCH, NOW, "Wait for ports that are missing; auto: if a service manager started livegen."
    )
    fast: bool = _setting(False, Flag(), START, "Process files faster than real time; same result.")

    channel: str | int = _setting(
        "auto",
        Choice(("auto", "all"), channels=True),
        NOW,
        "The MIDI channel to listen to; auto: all except 10 (drums).",
    )
    patience: float = _setting(
        1.0, Number(0.1, 20), NEXT, "How often a minute livegen may come in too early: less waits longer."
    )
    silence: str | float = _setting(
        "auto",
        AutoNumber(Number(0.1, 10, "s")),
        NEXT,
        "Silence that ends your phrase, with all keys up; auto: the model decides.",
    )
    silence_min: float = _setting(
        0.2, Number(0.1, 10, "s"), NEXT, "The shortest silence with --silence auto, after your last onset."
    )
    silence_max: float = _setting(
        2.0, Number(0.1, 30, "s"), NEXT, "The longest silence with --silence auto, with all keys up."
    )
    pedal_silence: float = _setting(
        2.0, Number(0.1, 30, "s"), NEXT, "Silence that ends your phrase while the sustain pedal is down; auto: at most."
    )
    hand_over: str = _setting("soft", Trigger(), NOW, "A pedal, cc:N or key:C1 that gives livegen the turn at once.")
    not_done: str = _setting(
        "none", Trigger(), NOW, "A pedal, cc:N or key:C1 that keeps the turn yours while it is down."
    )
    response_min: float = _setting(1.0, _RESPONSE, NEXT, "Shortest response.")
    response_max: float = _setting(
        8.0, _RESPONSE, NEXT, "Longest response. Between the limits, about as long as your phrase."
    )
    length: str = _setting(
        "auto", Counted(), NEXT, "Length of a response on the pulse: 2bars, 8beats; auto: as long as your phrase."
    )
    pulse: str = _setting(
        "auto",
        Choice(("auto", "off", "strict")),
        NEXT,
        "Play in time with you; auto: if you keep a pulse, strict: even if it is not sure.",
    )
    tempo: str | float = _setting(
        "auto",
        AutoNumber(Number(20, 300, "bpm")),
        NEXT,
        "The tempo of responses; auto: that of a MIDI clock if there is one, or yours.",
    )
    tap: str = _setting("none", Trigger(), NOW, "A pedal, cc:N or key:C1 on which you tap the tempo.")
    window: int = _setting(
        WINDOW, Number(1, 200, "notes", whole=True), NOW, "Number of recent notes that the model reads."
    )
    window_of: str = _setting("both", Choice(("both", "player")), NOW, "Whose notes the model reads.")
    panic: str = _setting("none", Trigger(), NOW, "A pedal, cc:N or key:C1 that silences everything at once.")

    thru: str = _setting("auto", _SWITCH, NOW, "Send your notes to the output; auto: unless it is your own instrument.")
    response_channel: str | int = _setting(
        "auto", Choice(("auto",), channels=True), NOW, "The MIDI channel of the response."
    )
    soundfont: str = _setting("", Text("FILE", path=True), PORTS, "The SoundFont of FluidSynth, a file.sf2.")
    gain: float = _setting(0.6, Number(0, 10), NOW, "The volume of FluidSynth.")
    audio_driver: str = _setting("auto", Text(), PORTS, "The audio driver of FluidSynth: alsa, pipewire, jack...")
    audio_buffer: int = _setting(
        64,
        Number(16, 8192, "frames", whole=True),
        PORTS,
        "Buffer size of FluidSynth: small = low latency, large = fewer dropouts.",
    )
    audio_buffers: int = _setting(3, Number(2, 64, whole=True), PORTS, "Number of audio buffers.")

    model: str = _setting("livegen", Text(path=True), MODEL, "A model: a name from `livegen models`, or a folder.")
    device: str = _setting(
        "auto", Choice(("auto", "cpu", "gpu")), MODEL, "Where the model runs; auto: where it is faster."
    )
    temperature: float = _setting(0.9, Number(0.05, 3), NEXT, "Sampling temperature: lower is safer, higher is bolder.")
    top_p: float = _setting(
        0.98, Number(0.01, 1), NEXT, "Sample only the most likely pitches, up to this total probability."
    )
    min_p: float = _setting(
        0.0, Number(0, 0.99), NEXT, "Skip pitches below this share of the most likely pitch's probability."
    )
    like: float = _setting(
        0.5,
        Number(0, 1),
        NEXT,
        "How much responses are like your phrase: 1 imitates, 0 invents, 0.5 is the model's own.",
    )
    memory: float = _setting(
        0.5, Number(0, 1), NEXT, "How much responses use what you have played before; 0: not at all."
    )
    remember: str = _setting(
        "evening",
        Choice(("evening", "always")),
        START,
        "What is remembered for the next start; evening: nothing, always: the last 20,000 notes.",
    )
    seed: int | None = _setting(
        None,
        Number(0, 2**32 - 1, whole=True),
        NEXT,
        "The same seed and the same phrases give the same response.",
    )

    record: str = _setting("on", Choice(("on", "off")), NOW, "Record everything that is played; --fast never records.")
    keep: str = _setting(
        "none",
        TriggerOrKeys(),
        NOW,
        "A pedal, cc:N, key:C8, or two keys together (key:A0+C8) that keep the recording of what you played.",
    )
    session_gap: float = _setting(600.0, Number(1, 86_400, "s"), NOW, "Silence that ends a recording.")
    recordings_max: int = _setting(
        1000,
        Number(1, 1_000_000, "MB", whole=True),
        NOW,
        "Delete the oldest recordings that are not kept, above this size.",
    )
    recordings_age: int = _setting(
        365, Number(1, 36_500, "days", whole=True), NOW, "Delete older recordings that are not kept."
    )

    bind: tuple[str, ...] = _setting(
        (),
        Names('a text such as "cc:21 temperature 0.1..2.0", or a list of them', "BINDING"),
        NOW,
        "A control, and what it does: 'cc:21 temperature 0.1..2.0'. May be repeated.",
    )
    presets: tuple[str, ...] = _setting(
        (),
        Names('a text such as "jazz: temperature = 1.2, silence = 0.5", or a list of them', "PRESET"),
        NOW,
        "Settings under a name: 'jazz: temperature = 1.2, silence = 0.5'. May be repeated.",
    )
    state_control: str = _setting(
        "none", Controller(), NOW, "A controller that tells MIDI outputs the state: 0 idle, 1 listening, 2 responding."
    )
    name: str = _setting("livegen", InstanceName(), START, "The name of this livegen, if several run.")

    realtime: str = _setting("auto", _SWITCH, START, "Real-time scheduling; auto: if the system permits it.")
    verbose: int = _setting(0, Number(0, 2, whole=True), START, "Log more; -vv logs every MIDI message.")


DEFAULTS = Settings()


def _specs() -> Iterator[Spec]:
    group = ""
    first = {name: group for group, name in GROUPS.items()}
    for each in fields(Settings):
        group = first.get(each.name, group)
        about = dict(each.metadata)
        name = about.pop("name") or each.name.replace("_", "-")
        yield Spec(field=each.name, group=group, name=name, default=each.default, **about)


SPECS = tuple(_specs())
"""All settings, in order."""

NAMES = tuple(spec.name for spec in SPECS)

RENAMED = {"reply-channel": "response-channel", "reply-max": "response-max", "reply-min": "response-min"}
"""Former names of settings, with the current ones."""
