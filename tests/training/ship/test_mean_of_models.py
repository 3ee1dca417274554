"""The mean of the weights of some models is a model that further training may start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen.engine.card import find
from livegen.engine.choose import choose
from livegen.errors import ConfigError

if TYPE_CHECKING:
    from livegen.training.model import Pianist

pytest.importorskip("matplotlib", reason="matplotlib is missing")


def test_the_mean_of_two_models_plays_and_is_a_start(
    run: Path, maestro: Path, pianist: Pianist, tmp_path: Path
) -> None:
    from livegen.cli.runner import run as command
    from livegen.training import export
    from livegen.training.ship import load, ship
    from tools.mean_of_models import main

    one, other, both = (tmp_path / name for name in ("one", "other", "both"))
    ship(run, [maestro], one)
    louder = load(run)
    louder.set_weights([3 * weight for weight in pianist.get_weights()])
    louder.save_weights(run / "best.weights.h5")
    ship(run, [maestro], other)
    asked = [str(one), str(other), "--out", str(both)]
    assert command(main, asked, "mean_of_models") == 0
    card = find(str(both))
    for found, weight in zip(export.restore(card).get_weights(), pianist.get_weights(), strict=True):
        np.testing.assert_allclose(found, 2 * weight, rtol=2e-3, atol=1e-6)  # they are kept in float16
    assert choose(card, "cpu").milliseconds > 0
    assert card.training.hashes == find(str(one)).training.hashes
    assert card.training.recipe["mean_of"] == [find(str(name)).training.recipe for name in (one, other)]
    assert json.loads((both / "model.json").read_text())["figures"] is None
    assert command(main, asked, "mean_of_models") == ConfigError.exit_code


def test_models_of_different_sizes_have_no_mean(tensorflow: None, pianist: Pianist) -> None:
    from livegen.training.model import Architecture, untrained
    from tools.mean_of_models import mean

    with pytest.raises(ConfigError, match="their sizes differ"):
        mean([pianist, untrained(Architecture(units=8, layers=2, hidden=8, embedding=(4, 6, 3, 5, 2)))])
