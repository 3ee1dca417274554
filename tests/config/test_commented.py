"""A settings file that explains every setting."""

from __future__ import annotations

import re
from pathlib import Path

from livegen.config.commented import commented
from livegen.config.load import load
from livegen.config.settings import DEFAULTS, SPECS, Settings


def loaded(text: str, tmp_path: Path) -> Settings:
    path = tmp_path / "livegen.toml"
    path.write_text(text)
    return load({}, {}, path).settings


def test_it_has_every_setting_with_its_help_and_changes_nothing(tmp_path: Path) -> None:
    text = commented({}, "The head.")
    assert text.startswith("# The head.\n")
    assert loaded(text, tmp_path) == DEFAULTS
    for spec in SPECS:
        assert re.search(rf"^# (\[presets|{re.escape(spec.name)} = )", text, re.MULTILINE), spec.name
        assert spec.field == "presets" or spec.help.split(".")[0][:50] in text
    assert max(map(len, text.splitlines())) <= 120


def test_each_line_can_be_made_active(tmp_path: Path) -> None:
    names = "|".join(re.escape(spec.name) for spec in SPECS)
    text = re.sub(rf"^# (?=(?:{names}) = |\[presets)", "", commented({}), flags=re.MULTILINE)
    settings = loaded(text, tmp_path)
    assert settings.seed == 1  # it has no default
    assert settings.presets == ("jazz: temperature = 1.2, silence = 0.5",)


def test_settings_that_differ_are_active(tmp_path: Path) -> None:
    settings = Settings(
        outputs=("FluidSynth", 'a "b" ü'), silence=1.5, presets=("a.b: silence = 2",), bind=("cc:1 keep",)
    )
    active = {spec.field: getattr(settings, spec.field) for spec in SPECS}
    changed = {name: value for name, value in active.items() if value != getattr(DEFAULTS, name)}
    assert loaded(commented(changed), tmp_path) == settings
