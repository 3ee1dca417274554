"""The mean of the weights of some models is a start for further training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen.engine.card import find
from livegen.errors import ConfigError

if TYPE_CHECKING:
    from livegen.training.model import Pianist

pytest.importorskip("matplotlib", reason="matplotlib is missing")


def test_the_mean_of_models_is_a_start(run: Path, maestro: Path, pianist: Pianist, tmp_path: Path) -> None:
    from livegen.cli.runner import run as command
    from livegen.training import export
    from livegen.training.ship import ship
    from tools.mean_of_models import main

    one, both = tmp_path / "one", tmp_path / "both"
    ship(run, [maestro], one)
    asked = [str(one), str(one), "--out", str(both)]
    assert command(main, asked, "mean_of_models") == 0
    card, of = find(str(both)), find(str(one)).training
    for found, weight in zip(export.restore(card).get_weights(), pianist.get_weights(), strict=True):
        np.testing.assert_allclose(found, weight, rtol=2e-3, atol=1e-6)  # they are kept in float16
    assert (card.training.hashes, card.training.notes, card.figures) == (of.hashes, of.notes, None)
    assert card.credit == find(str(one)).credit
    assert [card.training.recipe["before"][each] for each in card.training.recipe["mean_of"]] == [of.recipe, of.recipe]
    assert card.training.data == of.data
    assert command(main, asked, "mean_of_models") == ConfigError.exit_code  # the folder exists


def test_it_is_the_mean_of_each_weight() -> None:
    from tools.mean_of_models import mean_of_weights

    one, other = [np.zeros((2, 3)), np.full(2, 4.0)], [np.ones((2, 3)), np.full(2, -2.0)]
    found = mean_of_weights([one, other])
    np.testing.assert_array_equal(found[0], np.full((2, 3), 0.5))
    np.testing.assert_array_equal(found[1], np.ones(2))


def test_models_of_different_sizes_have_no_mean(tensorflow: None, pianist: Pianist) -> None:
    from livegen.training.model import Architecture, Pianist
    from tools.mean_of_models import mean

    with pytest.raises(ConfigError, match="their sizes differ"):
        mean([pianist, Pianist(Architecture(units=8))])
