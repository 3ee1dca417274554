"""How the models before a model were trained: the one it started from, its teachers, those that it is the mean of.

Each of them is described once, however often it occurs. Else each round of fine-tuning, where a model is both the start
and the teacher, would double the card.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

BEFORE = "before"
"""Key in a recipe: the recipes of all models before it, by a hash that stands for each of them in the others."""
LINKS = ("start", "teachers", "mean_of")
"""Keys in a recipe whose values are other recipes."""

THEN, TAUGHT = "then ", "teachers trained on "

Recipe = Mapping[str, Any]


def told_once(recipe: Recipe) -> dict[str, Any]:
    """The recipe, with those of the models before it in `BEFORE`, once each, instead of within each other."""
    before: dict[str, Any] = {}
    own = _linked(recipe, before)
    return {**own, BEFORE: before} if before else own


def _linked(recipe: Recipe, before: dict[str, Any]) -> dict[str, Any]:
    if isinstance(known := recipe.get(BEFORE), Mapping):
        before.update(known)
    own = {key: value for key, value in recipe.items() if key != BEFORE}
    for key in LINKS:
        value = own.get(key)
        if isinstance(value, Mapping):
            own[key] = _hash(value, before)
        elif isinstance(value, list | tuple):
            own[key] = [_hash(each, before) if isinstance(each, Mapping) else each for each in value]
    return own


def _hash(recipe: Recipe, before: dict[str, Any]) -> str:
    own = _linked(recipe, before)
    name = sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:8]
    before[name] = own
    return name


def data_of(trained_on: Iterable[str], taught_by: Iterable[str]) -> str:
    """What a model was trained on, and its teachers: each data once.

    Args:
        trained_on: descriptions of the data of the model, and before them of the models that it continues.
        taught_by: descriptions of the data of its teachers.
    """
    own, taught = _clauses(trained_on)
    others = [clause for part in _clauses(taught_by) for clause in part]
    teachers = [f"{TAUGHT}{clause}" for clause in dict.fromkeys([*taught, *others]) if clause not in own]
    return "; ".join([f"; {THEN}".join(own), *teachers])


def _clauses(descriptions: Iterable[str]) -> tuple[list[str], list[str]]:
    """The data of models, and of their teachers, in these descriptions: each once."""
    clauses = [clause for description in descriptions for clause in description.split("; ")]
    own = [clause.removeprefix(THEN) for clause in clauses if not clause.startswith(TAUGHT)]
    taught = [clause.removeprefix(TAUGHT) for clause in clauses if clause.startswith(TAUGHT)]
    return list(dict.fromkeys(own)), list(dict.fromkeys(taught))
