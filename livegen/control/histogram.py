"""Percentiles of any number of times, in a fixed amount of memory. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, log

LOW, HIGH = 1e-6, 100.0  # s: shorter times count as LOW, longer ones as HIGH
STEP = 1.05  # a bin is 5 % wide, so a percentile is at most 2.5 % from the true one
_SCALE = 1 / log(STEP)
BINS = ceil(log(HIGH / LOW) * _SCALE) + 1

PERCENTILES = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999}


class Histogram:
    """Counts times in bins that grow with the time."""

    def __init__(self) -> None:
        self._bins = [0] * BINS
        self.count = 0
        self.longest = 0.0  # s

    def add(self, seconds: float) -> None:
        clipped = LOW if seconds < LOW else HIGH if seconds > HIGH else seconds
        self._bins[int(log(clipped / LOW) * _SCALE)] += 1
        self.count += 1
        self.longest = max(self.longest, seconds)

    def percentile(self, share: float) -> float:
        """The time that a `share` of all times does not exceed, in seconds. 0 if there are none."""
        wanted, seen = ceil(share * self.count), 0
        for i, count in enumerate(self._bins):
            seen += count
            if count and seen >= wanted:
                return min(float(LOW * STEP ** (i + 0.5)), self.longest)
        return 0.0

    def milliseconds(self) -> Mapping[str, float | int]:
        """The number of times, the percentiles and the longest time, in ms."""
        shares = {name: round(1000 * self.percentile(share), 3) for name, share in PERCENTILES.items()}
        return {"count": self.count, **shares, "max": round(1000 * self.longest, 3)}
