"""Builds dataclasses from JSON, with checks."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def build(kind: type[T], plain: dict[str, object], **given: object) -> T:
    """Build a dataclass from exactly the keys of `plain`, and the fields in `given`.

    Raises:
        ValueError: a key is unknown or missing, or a value has the wrong type. The text names the key.
    """
    return cast("T", _object(kind, plain, "", given))


def _object(kind: type[Any], plain: object, where: str, given: dict[str, object]) -> object:
    table = _expect(dict, plain, where)
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind) if f.name not in given]
    for key in table:
        if key not in names:
            raise ValueError(f"unknown key {where}{key}")
    for name in names:
        if name not in table:
            raise ValueError(f"{where}{name} is missing")
    return kind(**{name: _value(hints[name], table[name], where + name) for name in names}, **given)


def _value(kind: Any, plain: object, where: str) -> object:  # noqa: ANN401  (a type, or a description of one)
    if is_dataclass(kind):
        return _object(cast("type[Any]", kind), plain, where + ".", {})
    if get_origin(kind) is UnionType:  # X | None
        return None if plain is None else _value(get_args(kind)[0], plain, where)
    if get_origin(kind) is dict:
        return {key: _value(get_args(kind)[1], v, f"{where}.{key}") for key, v in _expect(dict, plain, where).items()}
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], v, where) for v in _expect(list, plain, where))
    if kind is float and isinstance(plain, int):
        return float(_expect(int, plain, where))
    return plain if kind is Any else _expect(kind, plain, where)


def _expect(kind: type[T], plain: object, where: str) -> T:
    if not isinstance(plain, kind) or (isinstance(plain, bool) and kind is not bool):
        raise ValueError(f"{where.rstrip('.') or 'the card'} must be of type {kind.__name__}")
    return plain
