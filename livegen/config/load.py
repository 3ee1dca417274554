"""Loads the settings: defaults < a TOML file < LIVEGEN_* < the command line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from livegen.config import dials
from livegen.config.settings import NAMES, PREFIX, RENAMED, SPECS, Settings, Spec
from livegen.config.values import InvalidError, shortened
from livegen.errors import ConfigError, did_you_mean
from livegen.files import limited

LARGEST = 1_000_000  # bytes of a settings file


class Loaded(NamedTuple):
    settings: Settings
    origins: Mapping[str, str]  # by field: "default", "/a/file.toml, line 3", "LIVEGEN_SEED" or "--seed"
    path: Path | None  # the file that was read


class _Given(NamedTuple):
    spec: Spec
    value: object
    origin: str
    subject: str  # of the error message


def load(cli: Mapping[str, object], environ: Mapping[str, str], config_path: Path | None = None) -> Loaded:
    """Load all settings.

    Args:
        cli: values from the command line, by field: texts, numbers, flags or sequences of texts.
        environ: the environment. An empty variable counts as not set.
        config_path: a file that must exist. Without it, the file at `default_path` is read if it exists.

    Raises:
        ConfigError: a file cannot be read, a name does not exist, or a value is not valid.
    """
    path = config_path if config_path is not None else default_path(environ)
    document = _read(path, required=config_path is not None)
    values: dict[str, Any] = {}
    origins = {field.name: "default" for field in fields(Settings)}
    for given in (*_from_file(document or "", path), *_from_environment(environ), *_from_command_line(cli)):
        values[given.spec.field] = _checked(given)
        origins[given.spec.field] = given.origin
    settings = Settings(**values)
    consistent(settings, origins)
    return Loaded(settings, origins, None if document is None else path)


def consistent(settings: Settings, origins: Mapping[str, str] = MappingProxyType({})) -> None:
    """Check what concerns more than one setting. `origins`: where each value comes from, if it comes from a user.

    Raises:
        ConfigError: the limits of a response are reversed, panic and keep are the same control, or a binding or preset
            names something that does not exist.
    """
    if settings.response_min > settings.response_max:
        low, high = (f" ({origins[field]})" if field in origins else "" for field in ("response_min", "response_max"))
        raise ConfigError(
            f"response-min is {settings.response_min:g} s{low}, "
            f"but response-max is {settings.response_max:g} s{high}. Raise response-max."
        )
    if settings.keep == settings.panic != "none":
        both = (f"{field}{f' ({origins[field]})' if field in origins else ''}" for field in ("panic", "keep"))
        raise ConfigError(f"{' and '.join(both)} are both {settings.keep}. Choose another control.")
    dials.check(settings, origins)


def checked(field: str, value: object) -> object:
    """Check a value that was given in another way. Returns it as `Settings` stores it.

    Raises:
        ConfigError: the value is not valid.
    """
    spec = next(spec for spec in SPECS if spec.field == field)
    return _checked(_Given(spec, value, "", field))


def changed(settings: Settings, values: Mapping[str, object], *, origin: str = "") -> Settings:
    """Settings with other values, given by name as in a file. A text is read as on the command line.

    Args:
        settings: the settings before.
        values: by name.
        origin: begins the text of an error.

    Raises:
        ConfigError: a name does not exist, or a value is not valid.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        spec = named(name, origin)
        given = spec.kind.parse(value) if isinstance(value, str) else value
        found[spec.field] = _checked(_Given(spec, given, origin, f"{origin}{spec.name}"))
    return replace(settings, **found)


def named(name: str, origin: str = "") -> Spec:
    """The setting of a name, with - or _ between its words.

    Raises:
        ConfigError: there is none. The text begins with `origin`.
    """
    wanted = name.replace("_", "-")
    spec = next((spec for spec in SPECS if spec.name == wanted), None)
    if spec is None:
        raise ConfigError(f"{origin}there is no setting {shortened(name)}.{nearest(wanted)}")
    return spec


def nearest(name: str) -> str:
    """' Did you mean X?' with the setting whose name is similar, or an empty text."""
    return f" Did you mean {RENAMED[name]}?" if name in RENAMED else did_you_mean(name, NAMES)


def default_path(environ: Mapping[str, str]) -> Path:
    """The file that is read without --config."""
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
    if isinstance(value, float):
        return f"{value:.10g}"
    try:
        return shortened(json.dumps(value, ensure_ascii=False, default=str))
    except ValueError:  # in hexadecimal a number can have more digits than Python writes
        return "a number of thousands of digits"


def _read(path: Path, *, required: bool) -> str | None:
    try:
        return limited(path, LARGEST).decode("utf-8-sig")  # editors on Windows write a byte order mark
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise ConfigError(f"{path}: there is no such file.") from None
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not valid UTF-8 ({error.reason} at byte {error.start}).") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from None


def _from_file(document: str, path: Path) -> Iterator[_Given]:
    import tomllib

    try:
        table = tomllib.loads(document)
    except tomllib.TOMLDecodeError as error:
        where = str(error).replace("at end of document", f"at line {document.count(chr(10)) + 1}")
        raise ConfigError(f"{path}: not valid TOML: {where}.") from None
    except ValueError:
        raise ConfigError(f"{path}: a number has too many digits.") from None
    except RecursionError:
        raise ConfigError(f"{path}: its lists or tables are nested too deeply.") from None
    specs = {spec.name: spec for spec in SPECS}
    seen: set[str] = set()
    for key, value in table.items():
        name = key.replace("_", "-")
        origin = f"{path}, line {_line(document, key)}"
        if isinstance(value, dict) and name == "presets":
            value = dials.texts(value, origin)  # noqa: PLW2901  (the form that a preset has elsewhere)
        if isinstance(value, dict):
            raise ConfigError(f"{origin}: sections are not supported. Remove [{key}] and move its settings to the top.")
        if name not in specs:
            raise ConfigError(f"{origin}: there is no setting {key}.{nearest(name)}")
        if name in seen:
            raise ConfigError(f"{origin}: {name} is given twice.")
        seen.add(name)
        yield _Given(specs[name], value, origin, f"{origin}: {name}")


def _line(document: str, key: str) -> int:
    """The line of a top-level key or section, which tomllib does not give. 1 if it is written with escapes."""
    match = re.search(rf"^\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[.=\]]", document, re.MULTILINE)
    return 1 if match is None else document[: match.end()].count("\n") + 1


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    specs = {spec.variable: spec for spec in SPECS}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        if variable not in specs:
            word = variable.removeprefix(PREFIX).lower().replace("_", "-")
            raise ConfigError(f"{variable}: there is no setting {word}.{nearest(word)}")
        if environ[variable]:
            spec = specs[variable]
            yield _Given(spec, spec.kind.parse(environ[variable]), variable, variable)


def _from_command_line(cli: Mapping[str, object]) -> Iterator[_Given]:
    for spec in SPECS:
        if spec.field in cli:
            value = cli[spec.field]
            yield _Given(spec, spec.kind.parse(value) if isinstance(value, str) else value, spec.flag, spec.flag)
