"""The one table of settings."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from livegen.config.settings import DEFAULTS, GROUPS, NAMES, SPECS, Applies, Settings
from livegen.live.daemon import stage_settings


def test_the_table_describes_every_setting() -> None:
    assert [spec.field for spec in SPECS] == [field.name for field in fields(Settings)]
    assert len(set(NAMES)) == len(NAMES) == len(SPECS)
    for spec in SPECS:
        assert spec.help.endswith(".") and len(spec.help) < 100


def test_every_default_is_valid_and_declared_once() -> None:
    for spec in SPECS:
        assert spec.default == getattr(DEFAULTS, spec.field)
        if spec.default is not None:
            assert spec.kind.check(spec.default) == spec.default


def test_every_group_has_settings_in_one_row() -> None:
    groups = [spec.group for spec in SPECS]
    assert list(dict.fromkeys(groups)) == list(GROUPS)
    assert groups == sorted(groups, key=list(GROUPS).index)


def test_one_name_is_spelt_in_four_ways() -> None:
    spec = next(spec for spec in SPECS if spec.field == "response_channel")
    assert (spec.name, spec.flag, spec.variable) == (
        "response-channel",
        "--response-channel",
        "LIVEGEN_RESPONSE_CHANNEL",
    )
    assert {spec.name for spec in SPECS if spec.field in ("inputs", "outputs")} == {"in", "out"}


RECORDER = {"record", "session-gap", "recordings-max", "recordings-age"}  # known to whoever records

APPLIES = {
    Applies.AT_ONCE: {
        *("channel", "window", "window-of", "panic", "tap", "hand-over", "not-done", "thru", "response-channel"),
        *("bind", "presets", "state-control", "keep", *RECORDER),
        *("gain", "wait"),
    },
    Applies.NEXT_RESPONSE: {
        "patience",
        "silence",
        "silence-min",
        "silence-max",
        "pedal-silence",
        "response-min",
        "response-max",
        "temperature",
        "top-p",
        "min-p",
        "length",
        "pulse",
        "tempo",
        "seed",
    },
    Applies.PORTS: {
        "in",
        "out",
        "backend",
        "virtual",
        "soundfont",
        "audio-driver",
        "audio-buffer",
        "audio-buffers",
    },
    Applies.MODEL: {"model", "device"},
    Applies.START: {"fast", "name", "realtime", "verbose"},
}


@pytest.mark.parametrize("when", Applies)
def test_when_each_setting_applies(when: Applies) -> None:
    assert {spec.name for spec in SPECS if spec.applies is when} == APPLIES[when]


def test_what_applies_while_it_plays_is_known_to_the_stage() -> None:
    """And what does not, is not: a change of it changes nothing there."""
    others = {
        "inputs": ("demo",),
        "outputs": ("a.mid",),
        "channel": 3,
        "patience": 2.0,
        "silence": 1.5,
        "silence_min": 0.3,
        "silence_max": 3.0,
        "pedal_silence": 3.0,
        "hand_over": "none",
        "not_done": "sostenuto",
        "response_min": 2.0,
        "response_max": 9.0,
        "window": 7,
        "window_of": "player",
        "panic": "soft",
        "keep": "sostenuto",
        "thru": "on",
        "response_channel": 5,
        "temperature": 0.5,
        "top_p": 0.5,
        "min_p": 0.5,
        "length": "2bars",
        "pulse": "strict",
        "tempo": 92.0,
        "tap": "soft",
        "bind": ("cc:21 temperature 0.1..2.0",),
        "state_control": "cc:9",
    }
    elsewhere = {"presets", "seed", "gain", "wait"}  # the desk, the model, the outputs
    elsewhere |= {name.replace("-", "_") for name in RECORDER}
    for spec in SPECS:
        other = others.get(spec.field, object())
        known = spec.applies in (Applies.AT_ONCE, Applies.NEXT_RESPONSE) and spec.field not in elsewhere
        changed = stage_settings(replace(DEFAULTS, **{spec.field: other}))
        assert (changed != stage_settings(DEFAULTS)) is known, spec.name
