"""The kept inputs, and damaged copies of them, on every path that reads bytes."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from livegen.errors import PortError
from livegen.io import fluid
from tools.fuzz import paths
from tools.fuzz.__main__ import GUIDES, SEEDS

COPIES = {"live": 8, "midi": 15, "journal": 15, "weights": 1, "soundfont": 12}
"""How many damaged copies of each input; without a search they find what is broken altogether."""
SECONDS = 8
SEARCHED = [name for name in GUIDES if name != "weights"]  # a search for files that crash LiteRT finds some


def damaged(content: bytes, draws: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(draws.randint(1, 6)):
        place = draws.randrange(len(data) + 1)
        match draws.randrange(4):
            case 0:
                data[place : place + 1] = draws.randbytes(1)
            case 1:
                del data[place : place + draws.choice([1, 4, 30])]
            case 2:
                data[place:place] = data[place : place + draws.choice([1, 4, 30])]
            case _:
                data[place : place + 4] = bytes([draws.choice([0, 127, 128, 255])]) * 4
    return bytes(data)


def inputs(name: str) -> Iterator[bytes]:
    draws = random.Random(1)
    for file in sorted((SEEDS / name).iterdir()):
        content = file.read_bytes()
        yield content
        for _ in range(COPIES.get(name, 40)):
            yield damaged(content, draws)


def test_every_path_has_inputs() -> None:
    assert set(paths.PATHS) == set(GUIDES) == {folder.name for folder in SEEDS.iterdir()}
    assert sum(file.stat().st_size for file in SEEDS.glob("*/*")) < 32_000


@pytest.mark.parametrize("name", paths.PATHS)
def test_a_result_or_a_sentence(name: str) -> None:
    if name == "soundfont":
        try:
            fluid.library()
        except PortError as error:
            pytest.skip(f"FluidSynth missing: {error}")
    for content in inputs(name):
        paths.PATHS[name](content)


@pytest.mark.may_skip("atheris has wheels for Linux on x86-64 only")
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")
@pytest.mark.parametrize("name", SEARCHED)
def test_a_search_finds_nothing(name: str, tmp_path: Path) -> None:
    """Guided by what the code reaches, about a minute in all."""
    words = [sys.executable, "-m", "tools.fuzz", name, "--seconds", str(SECONDS), "--found", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
