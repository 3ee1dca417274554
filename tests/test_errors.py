from __future__ import annotations

import pytest

from livegen.errors import did_you_mean


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("sateli.mid", " Did you mean Satie.MID?"),
        ("SATIE.MID", " Did you mean Satie.MID?"),
        ("bahc.mid", " Did you mean bach.mid?"),
        ("Debussy", ""),
    ],
)
def test_the_nearest_choice_is_found_whatever_its_capitals_and_told_as_it_is_spelt(word: str, said: str) -> None:
    assert did_you_mean(word, ["bach.mid", "Satie.MID"]) == said
