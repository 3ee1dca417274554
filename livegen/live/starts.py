"""Back-off: a service that fails again and again waits longer and longer before it starts.

systemd starts it again at once, which is right for one crash. Before version 254 it knows no growing delays. The times
of the starts are in a file in the RuntimeDirectory, which has to survive restarts (RuntimeDirectoryPreserve=restart).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from livegen.io import notify

AT_ONCE = 3  # starts in a row that do not wait
LOOKBACK = 600.0  # s; earlier starts do not count
LONGEST = 60.0  # s
FILE = "starts.json"


def delay(starts: Sequence[float], now: float) -> float:
    """Seconds to wait before a start.

    Args:
        starts: s of the monotonic clock, of those before that have not ended well.
        now: s of the same clock.
    """
    recent = sum(now - LOOKBACK < start <= now for start in starts)
    return 0.0 if recent < AT_ONCE else min(LONGEST, 2.0 ** (recent - AT_ONCE))


def pause_before_start(environ: Mapping[str, str]) -> None:
    """Wait, if this service has failed several times, and remember this start."""
    path = _path(environ)
    if path is None:
        return
    now, starts = time.monotonic(), _read(path)
    with suppress(OSError):
        path.write_text(json.dumps([*starts[-30:], now]))
    wait = delay(starts, now)
    if wait:
        notify.extend(wait + LONGEST)
        notify.status(f"Waiting {wait:g} s before the next start, because the last ones failed")
        time.sleep(wait)


def forget_starts(environ: Mapping[str, str]) -> None:
    """It has ended well."""
    path = _path(environ)
    if path is not None:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _path(environ: Mapping[str, str]) -> Path | None:
    folder = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(folder) / FILE if folder and notify.managed(environ) else None


def _read(path: Path) -> list[float]:
    with suppress(OSError, ValueError, TypeError):
        return [float(each) for each in json.loads(path.read_text())]
    return []
