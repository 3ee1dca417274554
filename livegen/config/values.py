"""What a setting's value may be: how it is read from a text, what is valid, and how that is said."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from numbers import Real
from typing import Protocol

from livegen.errors import did_you_mean


class InvalidError(Exception):
    """Its text is a hint, with a space before it, or nothing."""


class Kind(Protocol):
    """What a setting's value may be."""

    @property
    def range(self) -> str:
        """What is valid, to follow "must be"."""

    @property
    def placeholder(self) -> str:
        """What stands for a value in the help."""

    def parse(self, text: str) -> object:
        """A value out of a flag or a variable; the text itself where it is none."""

    def check(self, value: object) -> object:
        """The value as `Settings` holds it. Raises InvalidError."""


@dataclass(frozen=True, slots=True)
class Number:
    low: float
    high: float
    unit: str = ""
    whole: bool = False

    @property
    def range(self) -> str:
        return f"{'a whole number from ' if self.whole else ''}{self.low:.10g} to {self.high:.10g} {self.unit}".rstrip()

    @property
    def placeholder(self) -> str:
        return {"s": "SECONDS"}.get(self.unit, self.unit.upper() or "NUMBER")

    def parse(self, text: str) -> object:
        try:
            return int(text) if self.whole else float(text)
        except ValueError:
            return text

    def check(self, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, Real):  # numpy's numbers are
            raise InvalidError
        number = float(value)
        if not self.low <= number <= self.high or (self.whole and not number.is_integer()):
            raise InvalidError
        return int(number) if self.whole else number


@dataclass(frozen=True, slots=True)
class Choice:
    words: tuple[str, ...]
    channels: bool = False  # or a MIDI channel

    @property
    def range(self) -> str:
        *others, last = (*self.words, "1 to 16") if self.channels else self.words
        return f"{', '.join(others)} or {last}"

    @property
    def placeholder(self) -> str:
        return "|".join((*self.words, "1-16") if self.channels else self.words)

    def parse(self, text: str) -> object:
        return int(text) if self.channels and re.fullmatch("[0-9]{1,2}", text) else text

    def check(self, value: object) -> object:
        if isinstance(value, str) and value in self.words:
            return value
        if self.channels and isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 16:
            return value
        raise InvalidError(did_you_mean(value, self.words) if isinstance(value, str) else "")


@dataclass(frozen=True, slots=True)
class Flag:
    range: str = "true or false"
    placeholder: str = ""

    def parse(self, text: str) -> object:
        word = text.lower()
        return True if word in ("1", "true", "yes", "on") else False if word in ("0", "false", "no", "off") else text

    def check(self, value: object) -> object:
        if not isinstance(value, bool):
            raise InvalidError
        return value


@dataclass(frozen=True, slots=True)
class Text:
    placeholder: str = "NAME"
    range: str = "a text"
    path: bool = False  # ~ is the home directory

    def parse(self, text: str) -> object:
        return text

    def check(self, value: object) -> object:
        if not isinstance(value, str) or "\0" in value:
            raise InvalidError
        return expanded(value) if self.path else value


def expanded(path: str) -> str:
    """A path whose ~ is the home directory, where there is one."""
    return os.path.expanduser(path)  # noqa: PTH111  (Path's own raises where there is none)


@dataclass(frozen=True, slots=True)
class Names:
    """One or several; in a variable separated by ; or by a new line."""

    range: str = "a name, or a list of names"
    placeholder: str = "NAME"

    def parse(self, text: str) -> object:
        return [name.strip() for name in re.split("[;\n]", text) if name.strip()]

    def check(self, value: object) -> object:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list | tuple) or not all(_is_name(name) for name in names):
            raise InvalidError
        return tuple(names)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.strip() != "" and "\0" not in value


@dataclass(frozen=True, slots=True)
class Trigger:
    """What silences everything. A key's name becomes its number: key:C4 is key:60."""

    words: tuple[str, ...] = ("none", "sustain", "sostenuto", "soft")
    placeholder: str = "CONTROL"

    @property
    def range(self) -> str:
        return f"{', '.join(self.words)}, cc:0 to cc:127, key:0 to key:127 or a key's name as in key:C1"

    def parse(self, text: str) -> object:
        return text

    def check(self, value: object) -> object:
        if not isinstance(value, str):
            raise InvalidError
        if value in self.words:
            return value
        kind, _, which = value.partition(":")
        number = key_number(which) if kind == "key" else _number(which) if kind == "cc" else None
        if number is None:
            raise InvalidError(did_you_mean(value, self.words))
        return f"{kind}:{number}"


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,3}", text) and int(text) <= 127 else None


def key_number(name: str) -> int | None:
    """The MIDI number of a key by number or name (C4 is 60, as in pretty_midi); None if there is no such key."""
    match = re.fullmatch(r"([A-Ga-g])([#b]?)(-?\d)", name)
    if match is None:
        return _number(name)
    letter, accidental, octave = match.groups()
    number = "C D EF G A B".index(letter.upper()) + {"#": 1, "b": -1, "": 0}[accidental] + 12 * (int(octave) + 1)
    return number if 0 <= number <= 127 else None
