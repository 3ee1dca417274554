"""A MAESTRO in miniature: some of the repository's own demo pieces under a table like MAESTRO's."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "livegen" / "demo"
NAME = "maestro-v2.0.0"


@pytest.fixture
def maestro(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / NAME
    (folder / "2004").mkdir(parents=True)
    rows = ["midi_filename,split"]
    for piece in sorted(DEMO.glob("[1-5]-*.mid")):
        shutil.copy(piece, folder / "2004" / f"{piece.stem}.midi")
        rows.append(f"2004/{piece.stem}.midi,train")
    (folder / f"{NAME}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "LICENSE").write_bytes(bytes(2_000_000))  # packs to little, and is larger than the zip
    return folder


@pytest.fixture
def archive(maestro: Path) -> Path:
    path = maestro.parent / f"{NAME}-midi.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for each in sorted(maestro.rglob("*")):
            file.write(each, each.relative_to(maestro.parent))
        file.writestr(
            "noise.bin", bytes(range(256)) * 2000, zipfile.ZIP_STORED
        )  # half a megabyte to come over the line
    return path
