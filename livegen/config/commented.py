"""A settings file with every setting: what it means, its valid values, and when a change applies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from textwrap import wrap

from livegen.config import dials
from livegen.config.settings import DEFAULTS, SPECS, Applies, Spec

WIDTH = 118  # characters of a line of text

_APPLIES = {
    Applies.AT_ONCE: "Applies at once.",
    Applies.NEXT_RESPONSE: "Applies from the next response on.",
    Applies.PORTS: "A change opens the ports again.",
    Applies.MODEL: "A change loads the model again.",
    Applies.START: "Applies when livegen starts again.",
}
_PRESETS = """# A preset is a section, at the end of the file: settings that change together (livegen preset jazz).
# [presets.jazz]
# temperature = 1.2
# silence = 0.5
"""


def commented(active: Mapping[str, object], head: str = "") -> str:
    """The file. Settings that are not active are comments with their default.

    Args:
        active: the settings that differ from the default, by field.
        head: the first lines.
    """
    parts = [_comment(head)] if head else []
    group = ""
    for spec in SPECS:
        if spec.field == "presets":
            continue
        if spec.group != group:
            group = spec.group
            parts.append(f"# -- {group} --\n")
        parts.append(_setting(spec, active))
    presets = [_preset(text) for text in _texts(active.get("presets"))]
    return "\n".join([*parts, _PRESETS, *presets])


def _texts(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, tuple | list) else ()


def _preset(text: str) -> str:
    name, table = dials.preset(text)
    return f"[presets.{_toml(name)}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())


def _setting(spec: Spec, active: Mapping[str, object]) -> str:
    unset = " Not set by default." if spec.default is None else ""
    text = _comment(f"{spec.help}\nValid: {spec.kind.range}. {_APPLIES[spec.applies]}{unset}")
    if spec.field in active:
        return f"{text}{spec.name} = {_toml(active[spec.field])}\n"
    return f"{text}# {spec.name} = {_toml(1 if spec.default is None else getattr(DEFAULTS, spec.field))}\n"


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for paragraph in text.splitlines() for line in wrap(paragraph, WIDTH))


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # texts, numbers, booleans and lists are the same in TOML
