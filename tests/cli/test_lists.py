"""What livegen lists, for people and for programs: ports, models, settings, and words to complete."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from command import livegen

from livegen.config import load as config
from livegen.config.settings import NAMES, Settings


def test_ports_are_listed_by_system(environ: dict[str, str]) -> None:
    table = {tuple(re.split(r" {2,}", line))[:3] for line in livegen(environ, "ports").stdout.splitlines()}
    assert ("memory_backend", "in", "Keystation 49:Keystation 49 MIDI 1 28:0 *") in table
    assert ("memory_backend", "out", "Stage Piano 32:0") in table
    assert ("built in", "in", "demo") in table


def test_ports_for_programs(environ: dict[str, str]) -> None:
    told = json.loads(livegen(environ, "ports", "--json", "--out", "Stage Piano 32:0").stdout)
    (system,) = told["systems"]
    assert system["name"] == "memory_backend"
    assert "Keystation 49:Keystation 49 MIDI 1 28:0" in system["in"]
    assert told["used"] == {"in": ["Keystation 49:Keystation 49 MIDI 1 28:0"], "out": ["Stage Piano 32:0"]}
    assert told["advice"] is None


@pytest.mark.skipif(sys.platform != "linux" or Path("/dev/snd/seq").exists(), reason="a machine without ALSA missing")
@pytest.mark.may_skip("a machine that has a MIDI system cannot show how it is without one")
def test_ports_without_a_midi_system(environ: dict[str, str], tmp_path: Path) -> None:
    del environ["MIDO_BACKEND"]
    environ["PIPEWIRE_RUNTIME_DIR"] = str(tmp_path)
    shown = livegen(environ, "ports")
    assert "demo *" in shown.stdout
    assert "No MIDI system is found." in shown.stdout
    assert shown.stderr == ""
    told = json.loads(livegen(environ, "ports", "--json").stdout)
    assert told["systems"] == []
    assert "No MIDI system is found." in told["advice"]


def test_models_are_listed_with_their_cards(environ: dict[str, str]) -> None:
    shown = livegen(environ, "models").stdout
    assert "livegen" in shown
    assert "CC BY-NC-SA 4.0" in shown
    (card,) = [card for card in json.loads(livegen(environ, "models", "--json").stdout) if card["name"] == "livegen"]
    assert Path(card["folder"], "model.json").is_file()
    assert "MAESTRO" in card["credit"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script(environ: dict[str, str], shell: str) -> None:
    assert "_LIVEGEN_COMPLETE" in livegen(environ, "completion", shell).stdout


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("livegen po", {"ports"}),
        ("livegen --window-of p", {"player"}),
        ("livegen --in key", {"Keystation 49:Keystation 49 MIDI 1 28:0"}),
        ("livegen --out f", {"FluidSynth"}),
        ("livegen --sil", {"--silence", "--silence-min", "--silence-max"}),
        ("livegen ports --backe", set()),
    ],
)
def test_words_are_completed(environ: dict[str, str], line: str, completed: set[str]) -> None:
    words = line.split()
    environ |= {"_LIVEGEN_COMPLETE": "zsh_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    shown = livegen(environ).stdout.splitlines()
    assert set(shown[1::3]) == completed  # type, word, help


def test_config_says_what_is_in_force_and_why(environ: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "livegen" / "livegen.toml"
    path.parent.mkdir()
    path.write_text('in = "Flügel"\n')
    environ["LIVEGEN_GAIN"] = "1"
    shown = livegen(environ, "--silence", "1", "config", "--panic", "key:A0")
    lines = {line.split(" = ")[0]: line for line in shown.stdout.splitlines()}
    assert shown.stdout.startswith(f"# file: {path}\n")
    assert lines["in"].split("  # ")[1] == f"{path}, line 1"
    assert [lines[name].split("  # ")[1] for name in ("gain", "silence", "panic", "window")] == [
        "LIVEGEN_GAIN",
        "--silence",
        "--panic",
        "default",
    ]


def test_what_config_prints_is_a_config(environ: dict[str, str], tmp_path: Path) -> None:
    words = ["--in", 'My "Keys"', "--silence", "1", "--virtual", "--channel", "3"]
    path = tmp_path / "kept.toml"
    path.write_text(livegen(environ, *words, "config").stdout)
    assert tomllib.loads(path.read_text())["in"] == ['My "Keys"']
    kept = config.load({}, {"XDG_CONFIG_HOME": str(tmp_path)}, path).settings
    assert kept == Settings(inputs=('My "Keys"',), silence=1.0, virtual=True, channel=3)


def test_config_for_programs(environ: dict[str, str]) -> None:
    told = json.loads(livegen(environ, "config", "--json", "--seed", "4").stdout)
    assert told["file"] is None
    assert told["settings"]["seed"] == {"value": 4, "origin": "--seed"}
    assert list(told["settings"]) == list(NAMES)
