"""Searches for bytes that livegen does not survive.

    python -m tools.fuzz midi                      # a minute
    python -m tools.fuzz all --seconds 3600        # every path in turn, together an hour
    python -m tools.fuzz midi --replay FILE        # once

It needs atheris, which `./scripts/setup test` installs on Linux on x86-64, and begins with the inputs in tests/fuzz/. A
traceback is a bug: put the input that it names there, and mend the kind. Other options go to libFuzzer: `-merge=1 NEW
OLD` keeps what reaches more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "tests" / "fuzz"
LONGEST = 16_384  # bytes of an input
PATIENCE = 20  # s for an input
MEMORY = 2048  # MB
GUIDES: Mapping[str, tuple[str, ...]] = {
    "midi": ("livegen.smf", "livegen.io.file_player"),
    "live": ("livegen.stage", "tools.fuzz.stage"),
    "toml": ("livegen.config", "tomllib"),
    "journal": ("livegen.record", "livegen.smf"),
    "socket": ("livegen.control.protocol", "livegen.live.desk", "livegen.config"),
    "model": ("livegen.engine.card", "livegen.engine.plain"),
    "weights": ("livegen.engine.litert",),
    "soundfont": ("livegen.io.fluid", "livegen.io.synth"),
}
"""By path: the modules whose branches guide the search. Each costs time at the start."""


def main() -> int:
    """Search. Returns 0 if nothing is found; libFuzzer ends the process with another status otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("path", choices=(*GUIDES, "all"))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--found", type=Path, default=Path(tempfile.gettempdir()) / "livegen-fuzz")
    parser.add_argument("--replay", type=Path, nargs="+", help="only read these files")
    given, more = parser.parse_known_args()
    if given.replay:
        path = _path(given.path)
        for file in given.replay:
            path(file.read_bytes())
        return 0
    if given.path == "all":
        return _search_all(given.seconds, given.found)
    try:
        import atheris  # type: ignore[import-untyped]  # it has no wheels for other systems
    except ModuleNotFoundError:
        sys.exit("atheris is not installed. ./scripts/setup test installs it, on Linux on x86-64.")
    guides = GUIDES[given.path]
    with atheris.instrument_imports(include=[*guides], exclude=_others(guides)):
        path = _path(given.path)
    found = given.found / given.path
    (found / "corpus").mkdir(parents=True, exist_ok=True)
    seeds = [str(found / "corpus"), str(SEEDS / given.path)]
    limits = (
        f"-max_total_time={given.seconds}",
        f"-max_len={LONGEST}",
        f"-timeout={PATIENCE}",
        f"-rss_limit_mb={MEMORY}",
        f"-artifact_prefix={found}/",
    )
    atheris.Setup([sys.argv[0], *limits, *more, *([] if "-merge=1" in more else seeds)], path)
    atheris.Fuzz()
    return 0


def _search_all(seconds: int, found: Path) -> int:
    """Search each path in its own process. Returns 1 if any search failed."""
    words = [sys.executable, "-m", "tools.fuzz"]
    options = ["--seconds", str(max(1, seconds // len(GUIDES))), "--found", str(found)]
    statuses = [subprocess.call([*words, name, *options]) for name in GUIDES]  # noqa: S603  (our own program)
    return int(any(statuses))


def _others(guides: tuple[str, ...]) -> list[str]:
    """The modules that do not guide: atheris knows whole packages only."""
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in ROOT.glob("livegen/**/*.py")]
    names = [name.removesuffix(".__init__") for name in names]
    return [name for name in names if not f"{name}.".startswith(tuple(f"{guide}." for guide in guides))]


def _path(name: str) -> Callable[[bytes], None]:
    chosen: Callable[[bytes], None] = import_module("tools.fuzz.paths").PATHS[name]
    return chosen


if __name__ == "__main__":
    sys.exit(main())
