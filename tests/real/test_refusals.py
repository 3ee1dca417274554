"""What cannot work is refused with a text and a status, never with a traceback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from livegen_process import CHECKOUT, livegen
from musician import Musician

Environment = Mapping[str, str]


def refused(status: int, *words: str, environment: Environment) -> str:
    """Run what must be refused. Returns the last that it says."""
    done = livegen(*words, environment=environment)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("livegen: ")
    return last


@pytest.mark.parametrize("words", [("--in", "Keybord", "--out", "Listener"), ("--in", "Keyboard", "--out", "Lisener")])
def test_a_port_that_is_not_there(environment: Environment, musician: Musician, words: tuple[str, ...]) -> None:
    said = refused(69, *words, environment=environment)
    assert "Keyboard" in said if "Keybord" in words else "Listener" in said


def test_a_port_that_is_named_twice(environment: Environment, musician: Musician) -> None:
    for words in (("--in", "Keyboard", "--out", "Listener"), ("--out", "Listener", "--in", "Keyboard")):
        said = refused(78, *words, words[2], words[3].lower(), environment=environment)
        assert f"The port {words[3]}" in said
        assert "named twice" in said


def test_a_jack_server_that_is_not_there(environment: Environment) -> None:
    nowhere = {**environment, "JACK_DEFAULT_SERVER": f"nowhere-{os.getpid()}"}
    said = refused(69, "--in", "Keyboard", "--out", "Listener", environment=nowhere)
    assert "jack" in said.lower()


def test_a_file_that_is_not_there(environment: Environment, musician: Musician, tmp_path: Path) -> None:
    said = refused(66, "--in", str(tmp_path / "none.mid"), "--out", "Listener", environment=environment)
    assert "none.mid" in said


def test_what_is_refused_leaves_a_file_as_it_was(environment: Environment, tmp_path: Path) -> None:
    kept = tmp_path / "kept.mid"
    kept.write_bytes(b"an earlier evening")
    refused(66, "--in", str(tmp_path / "none.mid"), "--out", str(kept), environment=environment)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.mid"]
    assert kept.read_bytes() == b"an earlier evening"


def test_a_folder_that_is_not_there(environment: Environment, musician: Musician, tmp_path: Path) -> None:
    done = livegen("--in", "Keyboard", "--out", str(tmp_path / "none" / "out.mid"), environment=environment)
    assert done.returncode in (69, 78)
    assert "none" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_setting_that_does_not_exist(environment: Environment, tmp_path: Path) -> None:
    config = tmp_path / "livegen.toml"
    config.write_text("window = 25\nsilense = 1\n")
    said = refused(78, "--config", str(config), environment=environment)
    assert "line 2" in said
    assert "silence" in said


def test_a_value_out_of_range(environment: Environment) -> None:
    said = refused(78, environment={**environment, "LIVEGEN_SILENCE": "11"})
    assert "LIVEGEN_SILENCE" in said
    assert "0.1 to 10" in said


def test_a_damaged_model(environment: Environment, musician: Musician, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(CHECKOUT / "models" / "livegen", folder)
    weights = bytearray((folder / "model.tflite").read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / "model.tflite").write_bytes(weights)
    ports = ("--in", "Keyboard", "--out", "Listener")
    assert "model.tflite" in refused(65, *ports, "--model", str(folder), environment=environment)
