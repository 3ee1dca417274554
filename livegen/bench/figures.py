"""The results of measurements: percentiles, and whether they reach their targets."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

Report = Callable[[str], None]
"""Called with the name of each measurement before it starts."""

_SIGNS: dict[str, Callable[[float, float], bool]] = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}


class MissingError(Exception):
    """Something cannot be measured here. The text gives the reason."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of many measurements, by nearest rank."""

    count: int
    p50: float
    p99: float
    p99_9: float
    max: float

    @classmethod
    def of(cls, measured: Sequence[float], scale: float = 1.0) -> Spread:
        """The spread of `measured`, with each value multiplied by `scale`.

        Raises:
            MissingError: nothing was measured.
        """
        ordered = sorted(value * scale for value in measured)
        if not ordered:
            raise MissingError("there were no measurements")
        count = len(ordered)
        p50, p99, p99_9 = (ordered[ceil(rank * count / 1000) - 1] for rank in (500, 990, 999))
        return cls(count, p50, p99, p99_9, ordered[-1])

    def values(self, *columns: str) -> dict[str, float]:
        """The values of these columns: p50, p99, p99.9, max."""
        return {column: getattr(self, column.replace(".", "_")) for column in columns}


@dataclass(frozen=True, slots=True)
class Target:
    sign: str  # <, <= or >=
    limit: float

    def met(self, value: float) -> bool:
        return _SIGNS[self.sign](value, self.limit)


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement. Without values it failed, and the remark gives the reason."""

    key: str  # in JSON
    label: str  # in the table
    values: Mapping[str, float] = field(default_factory=dict)  # by column
    targets: Mapping[str, Target] = field(default_factory=dict)  # by column
    remark: str = ""

    @property
    def met(self) -> bool | None:
        """Whether all targets are reached. None: there are no targets, or no values."""
        if not self.targets or not self.values:
            return None
        return all(target.met(self.values[column]) for column, target in self.targets.items())


@dataclass(frozen=True, slots=True)
class Section:
    key: str
    title: str  # with the unit
    rows: tuple[Row, ...]
