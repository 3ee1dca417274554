"""The settings: one table, and where each value comes from.

Defaults < a TOML file < LIVEGEN_* < the command line. A setting has one name, spelt `response-channel` in the file
and in `--response-channel`, `LIVEGEN_RESPONSE_CHANNEL` in the environment and `response_channel` in `Settings`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from livegen.config.values import Choice, Flag, InvalidError, Kind, Names, Number, Text, Trigger
from livegen.errors import ConfigError, did_you_mean

PREFIX = "LIVEGEN_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force. The ranges are those of SPECS."""

    inputs: tuple[str, ...] = ()  # none: chosen by itself
    outputs: tuple[str, ...] = ()
    backend: str = "auto"
    virtual: bool = False
    fast: bool = False

    channel: str | int = "all"  # 1..16
    silence: float = 0.7  # s
    pedal_silence: float = 2.0  # s
    response_min: float = 1.0  # s
    response_max: float = 8.0  # s
    window: int = 25  # notes
    window_of: str = "both"
    panic: str = "none"  # none, sustain, sostenuto, soft, cc:N, key:N

    thru: str = "auto"
    response_channel: str | int = "auto"  # 1..16
    soundfont: str = ""  # a path; none: the one that is there
    gain: float = 0.6
    audio_driver: str = "auto"
    audio_buffer: int = 64  # frames
    audio_buffers: int = 3

    model: str = "livegen"
    device: str = "auto"
    temperature: float = 0.9
    top_p: float = 0.98
    min_p: float = 0.0
    seed: int | None = None

    realtime: str = "auto"
    verbose: int = 0


@dataclass(frozen=True, slots=True)
class Spec:
    field: str  # in Settings
    kind: Kind
    group: str
    help: str
    name: str = ""  # outside, where it is not the field's

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.field.replace("_", "-"))

    @property
    def flag(self) -> str:
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        return PREFIX + self.name.replace("-", "_").upper()

    @property
    def default(self) -> object:
        return getattr(Settings(), self.field)


_SWITCH = Choice(("auto", "on", "off"))

SPECS = (
    Spec("inputs", Names(), "Ports", "Who plays: a MIDI port, a file.mid, or demo. May be repeated.", "in"),
    Spec("outputs", Names(), "Ports", "Where it sounds: a port, FluidSynth, file.mid or .wav. May be repeated.", "out"),
    Spec("backend", Text(), "Ports", "The MIDI system: auto, alsa, jack, core, windows, or a mido backend."),
    Spec("virtual", Flag(), "Ports", "Make ports named livegen that other programs connect to."),
    Spec("fast", Flag(), "Ports", "From file to file: as fast as it goes, with the same result."),
    Spec("channel", Choice(("all",), channels=True), "Conversation", "The MIDI channel listened to."),
    Spec("silence", Number(0.1, 10, "s"), "Conversation", "Silence that ends your phrase, with all keys up."),
    Spec("pedal_silence", Number(0.1, 30, "s"), "Conversation", "The same while the sustain pedal is down."),
    Spec("response_min", Number(0.5, 60, "s"), "Conversation", "The shortest response."),
    Spec("response_max", Number(0.5, 60, "s"), "Conversation", "The longest; between the two, as long as the call."),
    Spec("window", Number(1, 200, "notes", whole=True), "Conversation", "How many notes the response follows from."),
    Spec("window_of", Choice(("both", "player")), "Conversation", "Whose notes those are."),
    Spec("panic", Trigger(), "Conversation", "A pedal, cc:N or key:C1 that silences everything at once."),
    Spec("thru", _SWITCH, "Sound", "Pass on what you play; auto: where the output is not your own instrument."),
    Spec("response_channel", Choice(("auto",), channels=True), "Sound", "The MIDI channel of the response."),
    Spec("soundfont", Text("FILE", path=True), "Sound", "The sounds of FluidSynth, a file.sf2."),
    Spec("gain", Number(0, 10), "Sound", "How loud FluidSynth plays."),
    Spec("audio_driver", Text(), "Sound", "FluidSynth's way to the sound card: alsa, pipewire, jack..."),
    Spec("audio_buffer", Number(16, 8192, "frames", whole=True), "Sound", "Small answers sooner, large crackles less."),
    Spec("audio_buffers", Number(2, 64, whole=True), "Sound", "How many of them."),
    Spec("model", Text(path=True), "Model", "A name that `livegen models` lists, or a folder."),
    Spec("device", Choice(("auto", "cpu", "gpu")), "Model", "Where the model runs; auto takes the faster."),
    Spec("temperature", Number(0.05, 3), "Model", "Below 1 safer, above 1 bolder."),
    Spec("top_p", Number(0.01, 1), "Model", "Draw from the likeliest pitches that make up this share."),
    Spec("min_p", Number(0, 0.99), "Model", "Leave out pitches less likely than this share of the likeliest."),
    Spec("seed", Number(0, 2**32 - 1, whole=True), "Model", "The same seed and the same call give the same response."),
    Spec("realtime", _SWITCH, "System", "Real-time scheduling; auto: where it is granted."),
    Spec("verbose", Number(0, 2, whole=True), "System", "Tell more; -vv tells everything."),
)
"""Every setting, in the order in which people read about it."""

NAMES = tuple(spec.name for spec in SPECS)


@dataclass(frozen=True, slots=True)
class Loaded:
    settings: Settings
    origins: Mapping[str, str]  # of each field: "default", "/a/file.toml, line 3", "LIVEGEN_SEED" or "--seed"
    path: Path | None  # the file that was read


@dataclass(frozen=True, slots=True)
class _Given:
    spec: Spec
    value: object
    origin: str
    subject: str  # of an error's sentence


def load(cli: Mapping[str, object], environ: Mapping[str, str], config_path: Path | None = None) -> Loaded:
    """Put the settings together.

    Args:
        cli: what the command line gave, by field: texts, numbers, flags or sequences of texts.
        environ: the environment; a variable that is empty counts as not set.
        config_path: a file that must be there; without it, that of the XDG place if there is one.

    Raises:
        ConfigError: a file that cannot be read, a name that does not exist, a value that is not valid.
    """
    path = config_path if config_path is not None else default_path(environ)
    document = _read(path, required=config_path is not None)
    values: dict[str, Any] = {}
    origins = {field.name: "default" for field in fields(Settings)}
    for given in (*_from_file(document or "", path), *_from_environment(environ), *_from_command_line(cli)):
        values[given.spec.field] = _checked(given)
        origins[given.spec.field] = given.origin
    settings = Settings(**values)
    if settings.response_min > settings.response_max:
        raise ConfigError(
            f"response-min is {settings.response_min:g} s ({origins['response_min']}), "
            f"response-max {settings.response_max:g} s ({origins['response_max']}): the minimum is above the maximum."
        )
    return Loaded(settings, origins, None if document is None else path)


def checked(field: str, value: object) -> object:
    """A value as `Settings` holds it, where none of the places that settings come from gave it.

    Raises:
        ConfigError: it is out of its range.
    """
    spec = next(spec for spec in SPECS if spec.field == field)
    return _checked(_Given(spec, value, "", field))


def default_path(environ: Mapping[str, str]) -> Path:
    """Where the file is looked for without --config."""
    home = environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111  (Path's may raise)
    return Path(home) / "livegen" / "livegen.toml"


def _checked(given: _Given) -> object:
    try:
        return given.spec.kind.check(given.value)
    except InvalidError as error:
        raise ConfigError(
            f"{given.subject} must be {given.spec.kind.range}, not {_shown(given.value)}.{error}"
        ) from None


def _shown(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False, default=str)


def _read(path: Path, *, required: bool) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")  # Windows' editors put a mark in front
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise ConfigError(f"{path}: there is no such file.") from None
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a text in UTF-8 ({error.reason} at byte {error.start}).") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from None


def _from_file(document: str, path: Path) -> Iterator[_Given]:
    import tomllib

    try:
        table = tomllib.loads(document)
    except tomllib.TOMLDecodeError as error:
        where = str(error).replace("at end of document", f"at line {document.count(chr(10)) + 1}")
        raise ConfigError(f"{path}: not valid TOML: {where}.") from None
    specs = {spec.name: spec for spec in SPECS}
    seen: set[str] = set()
    for key, value in table.items():
        name = key.replace("_", "-")
        origin = f"{path}, line {_line(document, key)}"
        if isinstance(value, dict):
            raise ConfigError(f"{origin}: there are no sections: write the settings above and without [{key}].")
        if name not in specs:
            raise ConfigError(f"{origin}: there is no setting {key}.{did_you_mean(name, NAMES)}")
        if name in seen:
            raise ConfigError(f"{origin}: {name} is given twice.")
        seen.add(name)
        yield _Given(specs[name], value, origin, f"{origin}: {name}")


def _line(document: str, key: str) -> int:
    """The line of a top-level key or section; tomllib does not tell. 1 where it is spelt with escapes."""
    match = re.search(rf"^\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[.=\]]", document, re.MULTILINE)
    return 1 if match is None else document[: match.end()].count("\n") + 1


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    specs = {spec.variable: spec for spec in SPECS}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        if variable not in specs:
            word = variable.removeprefix(PREFIX).lower().replace("_", "-")
            raise ConfigError(f"{variable}: there is no setting {word}.{did_you_mean(word, NAMES)}")
        if environ[variable]:
            spec = specs[variable]
            yield _Given(spec, spec.kind.parse(environ[variable]), variable, variable)


def _from_command_line(cli: Mapping[str, object]) -> Iterator[_Given]:
    for spec in SPECS:
        if spec.field in cli:
            value = cli[spec.field]
            yield _Given(spec, spec.kind.parse(value) if isinstance(value, str) else value, spec.flag, spec.flag)
