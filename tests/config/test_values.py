"""What a value may be."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from livegen.config.settings import SPECS
from livegen.config.values import AutoNumber, Choice, Counted, InvalidError, Number, key_number


def test_key_names_are_those_of_pretty_midi() -> None:
    pretty_midi = pytest.importorskip("pretty_midi", reason="pretty_midi missing")
    for number in range(128):
        assert key_number(pretty_midi.note_number_to_name(number)) == key_number(str(number)) == number


@settings(deadline=None)  # the machine may be busy
@example(10**400)
@example("-" + "1" * 400)
@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.lists(st.text()), st.none(), st.binary()))
def test_no_value_does_more_than_be_refused(value: object) -> None:
    for spec in SPECS:
        try:
            accepted = spec.kind.check(spec.kind.parse(value) if isinstance(value, str) else value)
        except InvalidError:
            continue
        assert spec.kind.check(accepted) == accepted
        if isinstance(spec.kind, Number):
            assert isinstance(accepted, int | float)
            assert spec.kind.low <= accepted <= spec.kind.high
        if isinstance(spec.kind, Choice):
            assert accepted in spec.kind.words or (spec.kind.channels and accepted in range(1, 17))


TEMPO = AutoNumber(Number(20, 300, "bpm"))


@pytest.mark.parametrize(("text", "value"), [("auto", "auto"), ("92", 92), ("92.5", 92.5), ("20", 20), ("300", 300)])
def test_a_tempo_is_beats_per_minute_or_auto(text: str, value: object) -> None:
    kind = TEMPO
    assert kind.check(kind.parse(text)) == value


@pytest.mark.parametrize("text", ["", "19", "301", "fast", "Auto", "nan", "2bars", "-92"])
def test_other_tempos_are_refused(text: str) -> None:
    kind = TEMPO
    with pytest.raises(InvalidError):
        kind.check(kind.parse(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [("auto", "auto"), ("1bar", "1bars"), ("2bars", "2bars"), ("8 beats", "8beats"), ("064beats", "64beats")],
)
def test_a_length_is_counted_in_bars_or_beats(text: str, value: object) -> None:
    kind = Counted()
    assert kind.check(kind.parse(text)) == value


@pytest.mark.parametrize("text", ["", "0bars", "65beats", "2", "bars", "2.5bars", "2bars3beats", "-1bar", "2 bar s"])
def test_other_lengths_are_refused(text: str) -> None:
    kind = Counted()
    with pytest.raises(InvalidError):
        kind.check(kind.parse(text))


@pytest.mark.parametrize("kind", [TEMPO, Counted()])
@pytest.mark.parametrize("value", [None, True, [92], {"bars": 2}])
def test_what_is_neither_a_number_nor_a_text_is_refused(kind: AutoNumber | Counted, value: object) -> None:
    with pytest.raises(InvalidError):
        kind.check(value)
