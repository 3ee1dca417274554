"""Bindings and presets: what a control of the player does to the settings.

A binding is a text of two or three words:

    cc:21 temperature 0.1..2.0      the value of a controller (key: the velocity) moves a setting
    program:3 preset jazz           a program change, key or controller (from 64 on) chooses a preset
    key:A0 thru off                 ... sets a value
    cc:22 keep                      ... or gives a command: panic, keep, forget

A preset is a name and the settings that it changes, written as a TOML inline table: `jazz: temperature = 1.2, thru =
"off"`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from livegen.config.settings import NAMES, SPECS, Applies, Settings, Spec
from livegen.config.values import AutoNumber, InvalidError, Number, key_number, shortened
from livegen.errors import ConfigError, did_you_mean

COMMANDS = ("panic", "keep", "forget")
"""What a control can do beside changing settings."""

AT_ONCE = (Applies.AT_ONCE, Applies.NEXT_RESPONSE)
"""When settings apply that a dial can sweep over."""

_FORM = 'write a control and what it does, such as "cc:21 temperature 0.1..2.0" or "program:3 preset jazz"'


class Dial(NamedTuple):
    """A binding.

    Attributes:
        kind: of the control: cc, key or program.
        number: of the controller, key or program, 0..127.
        command: "set", "preset", or one of `COMMANDS`.
        name: the setting or the preset.
        value: of the setting; None if the control moves it between `low` and `high`.
    """

    kind: str
    number: int
    command: str
    name: str = ""
    value: object = None
    low: float = 0.0
    high: float = 0.0

    @property
    def follows(self) -> bool:
        """Whether the setting follows every value of the control."""
        return self.command == "set" and self.value is None

    def at(self, position: float) -> object:
        """The value of the setting at a position of the control, 0 to 1."""
        if not self.follows:
            return self.value
        kind = _spec(self.name).kind
        value = self.low + position * (self.high - self.low)
        return round(value) if isinstance(kind, Number | AutoNumber) and kind.whole else round(value, 4)


@lru_cache(maxsize=256)
def dial(text: str) -> Dial:
    """Read a binding.

    Raises:
        ConfigError: it is not valid. Whether its preset exists is not checked.
    """
    control, *action = text.split(maxsplit=2) or [""]
    if not action:
        raise _wrong(text, _FORM)
    kind, number = _control(control, text)
    if len(action) == 1 and action[0] in COMMANDS:
        return Dial(kind, number, action[0])
    if len(action) != 2:
        raise _wrong(text, _FORM)
    name, value = action
    if name == "preset":
        return Dial(kind, number, "preset", value)
    spec = _spec(name, text)
    if ".." in value:
        return _range(kind, number, spec, value, text)
    return Dial(kind, number, "set", spec.name, _valid(spec, value, text))


def _control(control: str, text: str) -> tuple[str, int]:
    kind, _, which = control.partition(":")
    number = key_number(which)
    if kind not in ("cc", "key", "program") or number is None or (kind != "key" and not which.isdigit()):
        raise _wrong(text, f"{control} is not a control: cc:0 to cc:127, program:0 to program:127, or a key (key:A0)")
    return kind, number


def _range(kind: str, number: int, spec: Spec, value: str, text: str) -> Dial:
    if not isinstance(spec.kind, Number | AutoNumber) or spec.applies not in AT_ONCE:
        raise _wrong(text, f"{spec.name} cannot follow a control. Bind it to one value")
    if kind == "program":
        raise _wrong(text, "a program change has no value that a setting could follow. Bind it to one value")
    low, high = (_valid(spec, part, text) for part in value.split("..", 1))
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        raise _wrong(text, f"{spec.name} follows a control from a number to a number")
    return Dial(kind, number, "set", spec.name, None, low, high)


def _spec(name: str, text: str = "") -> Spec:
    wanted = name.replace("_", "-")
    found = next((spec for spec in SPECS if spec.name == wanted), None)
    if found is None:
        raise _wrong(text, f"there is no setting {shortened(name)}.{did_you_mean(wanted, (*NAMES, 'preset'))}")
    if found.applies is Applies.START:
        raise _wrong(text, f"{found.name} cannot change while livegen plays")
    return found


def _valid(spec: Spec, value: object, text: str) -> object:
    try:
        return spec.kind.check(spec.kind.parse(value) if isinstance(value, str) else value)
    except InvalidError as error:
        given = shortened(json.dumps(value, ensure_ascii=False, default=str))
        raise _wrong(text, f"{spec.name} must be {spec.kind.range}, not {given}.{error}") from None


def _wrong(text: str, why: str) -> ConfigError:
    return ConfigError(f"{shortened(json.dumps(text, ensure_ascii=False))}: {why}{'' if why[-1] in '.?' else '.'}")


# Presets.


def texts(table: Mapping[str, object], origin: str) -> list[str]:
    """The presets of a TOML file, [presets.jazz], in the form of the setting.

    Raises:
        ConfigError: `table` has something else than sections.
    """
    for name, settings in table.items():
        if not isinstance(settings, dict):
            raise ConfigError(f"{origin}: write each preset as a section, such as [presets.jazz], not {name} = ...")
    return [written(name, settings) for name, settings in table.items() if isinstance(settings, dict)]


def written(name: str, settings: Mapping[str, object]) -> str:
    """A preset as a text."""
    pairs = (f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}" for key, value in settings.items())
    return f"{name}: {', '.join(pairs)}"


@lru_cache(maxsize=256)
def preset(text: str) -> tuple[str, Mapping[str, object]]:
    """Read a preset. Returns its name, and its settings by name.

    Raises:
        ConfigError: it is not valid.
    """
    import tomllib

    name, colon, body = text.partition(":")
    if not colon or not re.fullmatch(r"[\w.-]+", name):
        raise _wrong(text, 'write a name and its settings, such as "jazz: temperature = 1.2, silence = 0.5"')
    try:
        table = tomllib.loads(f"settings = {{{body}}}")["settings"]
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        raise _wrong(text, f"write the settings of {name} as NAME = VALUE, separated by commas") from None
    for key, value in table.items():
        spec = _spec(key, text)
        if spec.field == "presets":
            raise _wrong(text, "a preset cannot change presets")
        _valid(spec, value, text)
    return name, table


def presets(settings: Settings) -> dict[str, Mapping[str, object]]:
    """All presets, by name. A later one replaces an earlier one of the same name."""
    return dict(preset(text) for text in settings.presets)


def check(settings: Settings, origins: Mapping[str, str]) -> None:
    """Check all bindings and presets. `origins`: where the settings come from.

    Raises:
        ConfigError: one is not valid, or there is no such preset.
    """
    field = "presets"
    try:
        names = presets(settings)
        field = "bind"
        for text in settings.bind:
            bound = dial(text)
            if bound.command == "preset" and bound.name not in names:
                known = f" There are: {', '.join(names)}." if names else " There are none."
                raise _wrong(text, f"there is no preset {bound.name}.{did_you_mean(bound.name, names) or known}")
    except ConfigError as error:
        raise ConfigError(f"{origins[field]}: {error}" if field in origins else f"{field}: {error}") from None
