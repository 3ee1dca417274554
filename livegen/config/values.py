"""The kinds of values that settings have: how to parse, check and describe them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from math import inf
from numbers import Real
from typing import NamedTuple, Protocol

from livegen.errors import did_you_mean

SHOWN = 60
"""Characters of a wrong value that an error shows."""


class InvalidError(Exception):
    """A value is not valid. The text is a hint that begins with a space, or empty."""


def shortened(text: str) -> str:
    """A wrong value as an error shows it."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


class Kind(Protocol):
    """A kind of value."""

    @property
    def range(self) -> str:
        """The valid values, as a text that follows "must be"."""

    @property
    def placeholder(self) -> str:
        """The placeholder in the help."""

    def parse(self, text: str) -> object:
        """Parse a flag or a variable. Returns the text itself if it has no such value."""

    def check(self, value: object) -> object:
        """Check a value. Returns it as `Settings` stores it. Raises InvalidError."""


class Number(NamedTuple):
    """A number within limits. Every number that a user can give is checked here."""

    low: float
    high: float = inf
    unit: str = ""
    whole: bool = False
    low_open: bool = False  # `low` itself is not valid
    high_open: bool = False

    @property
    def range(self) -> str:
        kind = "a whole number " if self.whole else ""
        if self.low_open or self.high_open or self.high == inf:
            low = f"{'above' if self.low_open else 'at least'} {self.low:.10g}"
            high = "" if self.high == inf else f" and {'below' if self.high_open else 'at most'} {self.high:.10g}"
            return f"{kind.replace('number ', 'number, ')}{low}{high} {self.unit}".rstrip()
        return f"{kind and kind + 'from '}{self.low:.10g} to {self.high:.10g} {self.unit}".rstrip()

    @property
    def placeholder(self) -> str:
        return {"s": "SECONDS"}.get(self.unit, self.unit.upper() or "NUMBER")

    def parse(self, text: str) -> object:
        try:
            return int(text) if self.whole else float(text)
        except ValueError:
            return text

    def check(self, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, Real):  # numbers of numpy are Real
            raise InvalidError
        try:
            number = float(value)
        except OverflowError:  # a whole number that no float holds
            raise InvalidError from None
        if not self.low <= number <= self.high or (self.whole and not number.is_integer()):
            raise InvalidError
        if (self.low_open and number == self.low) or (self.high_open and number == self.high) or number == inf:
            raise InvalidError
        return int(number) if self.whole else number


class Choice(NamedTuple):
    words: tuple[str, ...]
    channels: bool = False  # a MIDI channel is valid too

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


class Flag(NamedTuple):
    range: str = "true or false"
    placeholder: str = ""

    def parse(self, text: str) -> object:
        word = text.lower()
        return True if word in ("1", "true", "yes", "on") else False if word in ("0", "false", "no", "off") else text

    def check(self, value: object) -> object:
        if not isinstance(value, bool):
            raise InvalidError
        return value


class Text(NamedTuple):
    placeholder: str = "NAME"
    range: str = "text"
    path: bool = False  # ~ is the home directory

    def parse(self, text: str) -> object:
        return text

    def check(self, value: object) -> object:
        if not isinstance(value, str) or "\0" in value:
            raise InvalidError
        return expanded(value) if self.path else value


def expanded(path: str) -> str:
    """A path with ~ replaced by the home directory, if there is one."""
    return os.path.expanduser(path)  # noqa: PTH111  (Path's own raises if there is none)


class Names(NamedTuple):
    """One or more names. In a variable they are separated by ; or by a new line."""

    range: str = "a name, or a list of names"
    placeholder: str = "NAME"

    def parse(self, text: str) -> object:
        return [name.strip() for name in re.split("[;\n]", text) if name.strip()]

    def check(self, value: object) -> object:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list | tuple) or not all(_is_name(name) for name in names):
            raise InvalidError
        return tuple(names)


class InstanceName(NamedTuple):
    """A name that is a part of a file's name."""

    range: str = "up to 32 letters, digits and - _ ., the first a letter or digit"
    placeholder: str = "NAME"

    def parse(self, text: str) -> object:
        return text

    def check(self, value: object) -> object:
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", value):
            raise InvalidError
        return value


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.strip() != "" and "\0" not in value


@dataclass(frozen=True, slots=True)
class Trigger:
    """A control of livegen itself. The name of a key becomes its number: key:C4 is key:60."""

    words: tuple[str, ...] = ("none", "sustain", "sostenuto", "soft")
    placeholder: str = "CONTROL"

    @property
    def range(self) -> str:
        return f"{', '.join(self.words)}, cc:0 to cc:127, key:0 to key:127, or a key by name such as key:C1"

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


@dataclass(frozen=True, slots=True)
class TriggerOrKeys(Trigger):
    """A control of livegen itself, or two keys that are pressed together: key:A0+C8 is key:21+108."""

    @property
    def range(self) -> str:
        return f"{Trigger().range}, or two keys: key:A0+C8"

    def check(self, value: object) -> object:
        if not isinstance(value, str) or not (value.startswith("key:") and "+" in value):
            return Trigger.check(self, value)
        keys = {key_number(name) for name in value.removeprefix("key:").split("+")}
        numbers = sorted(number for number in keys if number is not None)
        if len(numbers) != 2 or len(keys) != 2 or value.count("+") != 1:
            raise InvalidError
        return "key:{}+{}".format(*numbers)


class AutoNumber(NamedTuple):
    """A number, or auto."""

    number: Number

    @property
    def range(self) -> str:
        return f"auto or {self.number.range}"

    @property
    def placeholder(self) -> str:
        return f"auto|{self.number.placeholder}"

    @property
    def whole(self) -> bool:
        return self.number.whole

    def parse(self, text: str) -> object:
        return self.number.parse(text)

    def check(self, value: object) -> object:
        if value == "auto":
            return value
        if isinstance(value, str):
            raise InvalidError(did_you_mean(value, ("auto",)))
        return self.number.check(value)


class Counted(NamedTuple):
    """A length in bars or beats, such as 2bars or 8beats, or auto. Stored in the plural: 1bar is 1bars."""

    most: int = 64
    placeholder: str = "auto|2bars|8beats"

    @property
    def range(self) -> str:
        return f"auto, or 1 to {self.most} bars or beats such as 2bars or 8beats"

    def parse(self, text: str) -> object:
        return text

    def check(self, value: object) -> object:
        if value == "auto":
            return value
        match = re.fullmatch("([0-9]{1,3}) ?(bar|beat)s?", value) if isinstance(value, str) else None
        if match is None or not 1 <= int(match[1]) <= self.most:
            raise InvalidError(did_you_mean(value, ("auto",)) if isinstance(value, str) else "")
        return f"{int(match[1])}{match[2]}s"


class Controller(NamedTuple):
    """A MIDI controller, or none."""

    range: str = "none, or cc:0 to cc:127"
    placeholder: str = "cc:N"

    def parse(self, text: str) -> object:
        return text

    def check(self, value: object) -> object:
        if value == "none":
            return value
        kind, _, which = value.partition(":") if isinstance(value, str) else ("", "", "")
        number = _number(which) if kind == "cc" else None
        if number is None:
            raise InvalidError
        return f"cc:{number}"


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
