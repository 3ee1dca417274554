"""Where each setting comes from, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livegen.config.load import checked, load, nearest
from livegen.config.settings import NAMES, RENAMED, Settings
from livegen.errors import ConfigError

NOWHERE = {"XDG_CONFIG_HOME": "/nonexistent"}


def refused(text: str, folder: Path) -> str:
    path = folder / "livegen.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load({}, NOWHERE, path)
    return str(caught.value).removeprefix(str(path))


def test_without_anything_there_are_the_defaults() -> None:
    loaded = load({}, NOWHERE)
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.path is None


def test_the_later_wins(tmp_path: Path) -> None:
    path = tmp_path / "livegen.toml"
    path.write_text("silence = 1.0\ngain = 1\nwindow = 10\n")
    environ = {**NOWHERE, "LIVEGEN_SILENCE": "2", "LIVEGEN_GAIN": "2"}
    loaded = load({"silence": "3"}, environ, path)
    assert (loaded.settings.silence, loaded.settings.gain, loaded.settings.window) == (3.0, 2.0, 10)
    assert loaded.origins["silence"] == "--silence"
    assert loaded.origins["gain"] == "LIVEGEN_GAIN"
    assert loaded.origins["window"] == f"{path}, line 3"
    assert loaded.origins["seed"] == "default"


def test_the_file_of_the_xdg_place_is_found(tmp_path: Path) -> None:
    path = tmp_path / "livegen" / "livegen.toml"
    path.parent.mkdir()
    path.write_text("seed = 7")
    loaded = load({}, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert (loaded.settings.seed, loaded.path) == (7, path)


def test_keys_are_spelt_with_either_dash(tmp_path: Path) -> None:
    path = tmp_path / "livegen.toml"
    path.write_text(
        'response-channel = 3\npedal_silence = 5\nin = "demo"\nout = ["FluidSynth", "jam.mid"]\n"window-of" = "player"'
    )
    settings = load({}, NOWHERE, path).settings
    assert (settings.response_channel, settings.pedal_silence, settings.window_of) == (3, 5.0, "player")
    assert (settings.inputs, settings.outputs) == (("demo",), ("FluidSynth", "jam.mid"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("silence = 99", ", line 1: silence must be auto or 0.1 to 10 s, not 99."),
        ("# one\n\n  silence = true", ", line 3: silence must be auto or 0.1 to 10 s, not true."),
        ('silence = "1"', ', line 1: silence must be auto or 0.1 to 10 s, not "1".'),
        ("gain = nan", ", line 1: gain must be 0 to 10, not nan."),
        ("window = 2.5", ", line 1: window must be a whole number from 1 to 200 notes, not 2.5."),
        ("window = 0", ", line 1: window must be a whole number from 1 to 200 notes, not 0."),
        ("channel = 17", ", line 1: channel must be auto, all or 1 to 16, not 17."),
        ("channel = true", ", line 1: channel must be auto, all or 1 to 16, not true."),
        ('fast = "yes"', ', line 1: fast must be true or false, not "yes".'),
        ("model = 1", ", line 1: model must be text, not 1."),
        ("in = 1", ", line 1: in must be a name, or a list of names, not 1."),
        ('in = ["a", ""]', ', line 1: in must be a name, or a list of names, not ["a", ""].'),
        ('device = "gup"', ', line 1: device must be auto, cpu or gpu, not "gup". Did you mean gpu?'),
        ("seed = 1\nsilense = 1", ", line 2: there is no setting silense. Did you mean silence?"),
        ("zzzz = 1", ", line 1: there is no setting zzzz."),
        ("response-min = 1\nresponse_min = 2", ", line 2: response-min is given twice."),
        (
            "\n[sound]\ngain = 1",
            ", line 2: sections are not supported. Remove [sound] and move its settings to the top.",
        ),
        (
            "seed = 1\nsound.gain = 1",
            ", line 2: sections are not supported. Remove [sound] and move its settings to the top.",
        ),
    ],
)
def test_what_is_not_valid_is_refused_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    assert refused(text, tmp_path) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"seed = {'1' * 400}", f", line 1: seed must be a whole number from 0 to 4294967295, not {'1' * 60}...."),
        (f"seed = 0x{'f' * 4000}", ", not a number of thousands of digits."),
        (f"gain = -{'1' * 400}", f", line 1: gain must be 0 to 10, not -{'1' * 59}...."),
        (f"gain = {'1' * 5000}", ": a number has too many digits."),
        (f"gain = {'[' * 5000}", ": its lists or tables are nested too deeply."),
        (f"gain = {'{a=' * 5000}", ": its lists or tables are nested too deeply."),
    ],
)
def test_what_is_beyond_all_measure_is_refused_in_a_line(text: str, said: str, tmp_path: Path) -> None:
    found = refused(text, tmp_path)
    assert found.endswith(said)
    assert len(found) < 200


@pytest.mark.parametrize("text", ["seed = 1\ngain = ", "gain = 1\ngain = 2\n", "seed = 1\n= 2"])
def test_what_is_not_toml_is_refused_with_its_line(text: str, tmp_path: Path) -> None:
    said = refused(text, tmp_path)
    assert said.startswith(": not valid TOML: ")
    assert "(at line 2" in said


def test_what_toml_expects_is_said_as_it_is(tmp_path: Path) -> None:
    assert "newline or end of document" in refused("silence = 1,5\n", tmp_path)


def test_a_mark_in_front_and_a_whole_number_with_a_point_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "livegen.toml"
    path.write_text("window = 30.0\n", encoding="utf-8-sig")
    assert load({}, NOWHERE, path).settings.window == 30


@pytest.mark.parametrize("value", ["key:H1", "key:C99", "key:128", "cc:128", "cc:", "sustian", "cc:-1", "key:Cb-1"])
def test_a_panic_that_is_no_control_is_refused(value: str, tmp_path: Path) -> None:
    said = refused(f'panic = "{value}"', tmp_path)
    assert said.startswith(", line 1: panic must be none, sustain, ")
    assert said.endswith("Did you mean sustain?") == (value == "sustian")


@pytest.mark.parametrize(
    ("value", "meant"),
    [("key:C4", "key:60"), ("key:A0", "key:21"), ("key:eb4", "key:63"), ("key:007", "key:7"), ("cc:64", "cc:64")],
)
def test_a_panic_key_is_held_by_its_number(value: str, meant: str) -> None:
    assert load({"panic": value}, NOWHERE).settings.panic == meant


def test_the_shortest_response_is_not_above_the_longest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"response-min is 9 s \(--response-min\), but response-max is 8 s"):
        load({"response_min": "9"}, NOWHERE)


def test_one_control_cannot_do_two_things() -> None:
    with pytest.raises(ConfigError, match=r"panic \(--panic\) and keep \(--keep\) are both key:21. Choose another"):
        load({"panic": "key:A0", "keep": "key:21"}, NOWHERE)
    assert load({"panic": "key:A0", "keep": "key:C8"}, NOWHERE).settings.keep == "key:108"


@pytest.mark.parametrize("value", ["key:A0+C8", "key:108+21", "key:C8+A0"])
def test_two_keys_can_keep(value: str) -> None:
    assert load({"keep": value}, NOWHERE).settings.keep == "key:21+108"


@pytest.mark.parametrize("value", ["key:A0+A0", "key:A0+", "key:A0+B0+C8", "key:A0+X", "cc:1+2"])
def test_two_keys_are_two_different_keys(value: str) -> None:
    with pytest.raises(ConfigError, match=r"two keys: key:A0\+C8"):
        load({"keep": value}, NOWHERE)


def test_a_file_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load({}, NOWHERE, tmp_path / "none.toml")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load({}, NOWHERE, tmp_path)
    path = tmp_path / "latin.toml"
    path.write_bytes(b'in = "Fl\xfcgel"')
    with pytest.raises(ConfigError, match="not valid UTF-8"):
        load({}, NOWHERE, path)


@pytest.mark.parametrize("text", ["a;b", "a\nb", " a ; ; b\n"])
def test_several_ports_in_one_variable(text: str) -> None:
    assert load({}, {**NOWHERE, "LIVEGEN_IN": text}).settings.inputs == ("a", "b")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("false", False)])
def test_flags_in_variables(text: str, value: bool) -> None:
    assert load({}, {**NOWHERE, "LIVEGEN_FAST": text}).settings.fast is value


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("LIVEGEN_FAST", "maybe", 'LIVEGEN_FAST must be true or false, not "maybe".'),
        ("LIVEGEN_SILENCE", "abc", 'LIVEGEN_SILENCE must be auto or 0.1 to 10 s, not "abc".'),
        ("LIVEGEN_RESPONSE_CHANNEL", "0", "LIVEGEN_RESPONSE_CHANNEL must be auto or 1 to 16, not 0."),
        ("LIVEGEN_SILENSE", "1", "LIVEGEN_SILENSE: there is no setting silense. Did you mean silence?"),
    ],
)
def test_a_variable_that_is_not_valid_is_refused(variable: str, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({}, {**NOWHERE, variable: text})
    assert str(caught.value) == said


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({}, {**NOWHERE, "LIVEGEN_SEED": ""}).settings.seed is None


def test_a_path_begins_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/pianist")
    assert load({"soundfont": "~/grand.sf2"}, NOWHERE).settings.soundfont == "/home/pianist/grand.sf2"


def test_a_text_from_the_command_line_cannot_hide_a_zero() -> None:
    with pytest.raises(ConfigError):
        load({"model": "a\0b"}, NOWHERE)


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=60))
def test_no_file_does_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "livegen.toml"
    path.write_bytes(text.encode(errors="replace"))
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError:
        table = {"not": "TOML"}
    if table:  # no such text is likely to be a setting
        with pytest.raises(ConfigError):
            load({}, NOWHERE, path)
    else:
        assert load({}, NOWHERE, path).settings == Settings()


# Settings that have been renamed.


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_name_is_answered_by_the_new_one(old: str, new: str, tmp_path: Path) -> None:
    assert refused(f"{old} = 1", tmp_path) == f", line 1: there is no setting {old}. Did you mean {new}?"
    underscored = old.replace("-", "_")
    assert (
        refused(f"{underscored} = 1", tmp_path) == f", line 1: there is no setting {underscored}. Did you mean {new}?"
    )
    variable = f"LIVEGEN_{underscored.upper()}"
    with pytest.raises(ConfigError) as caught:
        load({}, {**NOWHERE, variable: "1"})
    assert str(caught.value) == f"{variable}: there is no setting {old}. Did you mean {new}?"


def test_every_new_name_is_a_setting_and_no_old_one() -> None:
    assert set(RENAMED.values()) <= set(NAMES)
    assert not set(RENAMED) & set(NAMES)


def test_the_nearest_name() -> None:
    assert nearest("silense") == " Did you mean silence?"
    assert nearest("zzzz") == ""


def test_a_value_from_elsewhere_is_checked_the_same() -> None:
    assert checked("window", 3.0) == 3
    with pytest.raises(ConfigError, match=r"^window must be a whole number from 1 to 200 notes, not 0\.$"):
        checked("window", 0)
