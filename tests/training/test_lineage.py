"""Each model before a model is described once, however often it occurs."""

from __future__ import annotations

from livegen.training.lineage import data_of, told_once

FIRST = {"steps": 1, "start": ""}
SECOND = {"steps": 2, "start": FIRST, "teachers": []}


def test_a_recipe_without_others_stays_as_it_is() -> None:
    assert told_once(FIRST) == FIRST
    assert told_once({"steps": 3, "start": None}) == {"steps": 3, "start": None}


def test_each_recipe_is_told_once() -> None:
    told = told_once({"steps": 3, "start": SECOND, "teachers": [SECOND, FIRST]})
    before = told["before"]
    assert len(before) == 2
    assert told["teachers"][0] == told["start"]
    assert before[told["start"]] == {"steps": 2, "start": told["teachers"][1], "teachers": []}
    assert before[told["teachers"][1]] == FIRST


def test_what_was_told_once_may_be_told_again() -> None:
    told = told_once(SECOND)
    assert told_once(told) == told
    third = told_once({"mean_of": [told, SECOND]})  # written by livegen now, and before
    assert third["mean_of"][0] == third["mean_of"][1]
    assert len(third["before"]) == 2


def test_a_damaged_recipe_is_kept() -> None:
    assert told_once({"before": "noon", "teachers": ["a name", 3]}) == {"teachers": ["a name", 3]}


def test_each_data_is_named_once() -> None:
    assert data_of(["A", "B", "A"], []) == "A; then B"
    taught = data_of(["A"], ["B; then C", "A; teachers trained on D"])
    assert taught == "A; teachers trained on B; teachers trained on C; teachers trained on D"
    assert data_of([taught, "E"], [taught]) == (
        "A; then E; teachers trained on B; teachers trained on C; teachers trained on D"
    )
