"""Percentiles, targets, and how they are shown."""

from __future__ import annotations

import json

import pytest

from livegen.bench import table
from livegen.bench.figures import MissingError, Row, Section, Spread, Target


def test_percentiles_are_by_nearest_rank() -> None:
    spread = Spread.of([float(i) for i in range(1000, 0, -1)])
    assert spread == Spread(count=1000, p50=500, p99=990, p99_9=999, max=1000)


def test_one_measurement_is_every_percentile() -> None:
    assert Spread.of([0.002], 1000) == Spread(1, 2, 2, 2, 2)


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(MissingError):
        Spread.of([])


@pytest.mark.parametrize(
    ("sign", "value", "met"), [("<", 1.0, False), ("<", 0.9, True), ("<=", 1.0, True), (">=", 0.9, False)]
)
def test_a_target_is_met_or_not(sign: str, value: float, met: bool) -> None:
    assert Target(sign, 1.0).met(value) is met


def test_a_row_is_met_when_all_its_targets_are() -> None:
    targets = {"p50": Target("<", 1), "p99": Target("<", 2)}
    assert Row("a", "A", {"p50": 0.5, "p99": 1.5}, targets).met is True
    assert Row("a", "A", {"p50": 0.5, "p99": 2.5}, targets).met is False
    assert Row("a", "A", {"p50": 0.5}).met is None
    assert Row("a", "A", targets=targets).met is None


SECTIONS = [
    Section(
        "speed",
        "Speed [ms]",
        (
            Row("good", "Good", {"p50": 0.25, "p99": 12.34}, {"p50": Target("<=", 0.3)}, "by daylight"),
            Row("bad", "Bad", {"p50": 123.4}, {"p50": Target("<", 100)}, "by daylight"),
            Row("gone", "Gone", targets={"p50": Target("<", 1)}, remark="not installed"),
        ),
    )
]


def test_the_table_says_what_is_reached_and_what_is_missing() -> None:
    assert table.text("head", SECTIONS).splitlines() == [
        "head",
        "",
        "Speed [ms]     p50     p99   p99.9     max  target",
        "Good         0.250    12.3                  p50 <= 0.3: yes (1)",
        "Bad            123                          p50 < 100: no (1)",
        "Gone                                        not measured (2)",
        "  (1) by daylight",
        "  (2) not installed",
    ]


def test_json_has_the_same_as_numbers() -> None:
    assert json.loads(json.dumps(table.plain(SECTIONS))) == {
        "speed": {
            "good": {"p50": 0.25, "p99": 12.34, "targets": {"p50": "<= 0.3"}, "met": True, "remark": "by daylight"},
            "bad": {"p50": 123.4, "targets": {"p50": "< 100"}, "met": False, "remark": "by daylight"},
            "gone": {"missing": "not installed"},
        }
    }
