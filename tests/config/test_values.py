"""What a value may be."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from livegen.config.settings import SPECS
from livegen.config.values import Choice, InvalidError, Number, key_number


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
