"""Bindings and presets, as settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from livegen.config import dials
from livegen.config.dials import Dial, dial, preset
from livegen.config.load import load
from livegen.config.settings import Settings
from livegen.errors import ConfigError

NOWHERE = {"XDG_CONFIG_HOME": "/nowhere"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cc:21 temperature 0.1..2.0", Dial("cc", 21, "set", "temperature", None, 0.1, 2.0)),
        ("cc:21  response_max  2..1", Dial("cc", 21, "set", "response-max", None, 2.0, 1.0)),
        ("key:A0 window 1..25", Dial("key", 21, "set", "window", None, 1, 25)),
        ("program:3 preset jazz", Dial("program", 3, "preset", "jazz")),
        ("key:21 thru off", Dial("key", 21, "set", "thru", "off")),
        ("cc:7 out FluidSynth", Dial("cc", 7, "set", "out", ("FluidSynth",))),
        ("program:0 out Big Synth;jam.mid", Dial("program", 0, "set", "out", ("Big Synth", "jam.mid"))),
        ("cc:22 keep", Dial("cc", 22, "keep")),
        ("key:C8 panic", Dial("key", 108, "panic")),
    ],
)
def test_a_binding(text, expected):
    assert dial(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write a control and what it does"),
        ("cc:21", "write a control and what it does"),
        ("cc:21 temperature", "write a control and what it does"),
        ("cc:128 temperature 0.1..2", "cc:128 is not a control"),
        ("cc:A0 keep", "cc:A0 is not a control"),
        ("knob:1 keep", "knob:1 is not a control"),
        ("cc:21 temprature 0.1..2", "there is no setting temprature. Did you mean temperature?"),
        ("cc:21 presett jazz", "there is no setting presett. Did you mean preset?"),
        ("cc:21 temperature 0..2", 'temperature must be 0.05 to 3, not "0".'),
        ("cc:21 temperature 0.1..", "temperature must be 0.05 to 3"),
        ("cc:21 temperature hot", "temperature must be 0.05 to 3"),
        ("cc:21 thru off..on", "thru cannot follow a control. Bind it to one value."),
        ("cc:21 audio-buffer 16..64", "audio-buffer cannot follow a control. Bind it to one value."),
        ("program:3 temperature 0.1..2", "a program change has no value"),
        ("cc:21 realtime off", "realtime cannot change while livegen plays."),
    ],
)
def test_a_wrong_binding(text, said):
    with pytest.raises(ConfigError) as refusal:
        dial(text)
    assert said in str(refusal.value)


def test_a_position_becomes_a_value():
    assert [dial("cc:21 temperature 0.1..2.0").at(position) for position in (0, 0.5, 1)] == [0.1, 1.05, 2.0]
    assert [dial("cc:21 silence 2..1").at(position) for position in (0, 1)] == [2.0, 1.0]
    whole = dial("cc:21 window 1..25").at(0.504)
    assert (whole, type(whole)) == (13, int)
    assert dial("cc:21 thru off").at(0.7) == "off"


def test_a_preset():
    assert preset('jazz: temperature = 1.2, out = ["a, b", "c"]') == (
        "jazz",
        {"temperature": 1.2, "out": ["a, b", "c"]},
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jazz", "write a name and its settings"),
        ("a b: silence = 1", "write a name and its settings"),
        ("jazz: silence", "write the settings of jazz as NAME = VALUE"),
        ("jazz: silence = 99", "silence must be auto or 0.1 to 10 s, not 99."),
        ("jazz: silenc = 1", "Did you mean silence?"),
        ("jazz: fast = true", "fast cannot change while livegen plays"),
        ('jazz: presets = ["a: silence = 1"]', "a preset cannot change presets"),
        ("jazz: x = " + "[" * 3000, "write the settings of jazz"),
    ],
)
def test_a_wrong_preset(text, said):
    with pytest.raises(ConfigError) as refusal:
        preset(text)
    assert said in str(refusal.value)


def written(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "livegen.toml"
    path.write_text(text, encoding="utf-8")
    return load({}, NOWHERE, path).settings


def test_sections_of_a_file_are_presets(tmp_path):
    found = written(
        tmp_path, 'bind = "program:3 preset jazz"\n[presets.jazz]\ntemperature = 1.2\nthru = "off"\n[presets.calm]\n'
    )
    assert dials.presets(found) == {"jazz": {"temperature": 1.2, "thru": "off"}, "calm": {}}
    assert load({"presets": found.presets, "bind": found.bind}, NOWHERE).settings == found  # as the texts of a flag


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("silence = 1\n[presets]\njazz = 3\n", "line 2: write each preset as a section, such as [presets.jazz]"),
        ("[presets.jazz]\nsilence = 99\n", "silence must be auto or 0.1 to 10 s, not 99."),
        ("[presets.jazz]\nsilence = 2026-01-01\n", "silence must be auto or 0.1 to 10 s"),
        (
            'bind = "cc:1 preset jaz"\n[presets.jazz]\n',
            'line 1: "cc:1 preset jaz": there is no preset jaz. Did you mean jazz?',
        ),
        ('bind = "cc:1 preset x"\n', "there is no preset x. There are none."),
        ('bind = "cc:1 preset wild"\n[presets.jazz]\n', "there is no preset wild. There are: jazz."),
        ("[jazz]\nsilence = 1\n", "sections are not supported"),
    ],
)
def test_wrong_files(tmp_path, text, said):
    with pytest.raises(ConfigError) as refusal:
        written(tmp_path, text)
    assert said in str(refusal.value)
    assert str(refusal.value).startswith(str(tmp_path / "livegen.toml"))


def test_a_later_preset_replaces_an_earlier_one():
    settings = Settings(presets=("a: silence = 1", "a: silence = 2"))
    assert dials.presets(settings) == {"a": {"silence": 2}}
