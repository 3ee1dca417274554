"""When a call is over, and how long its response is to be."""

from __future__ import annotations

import pytest
from virtual_stage import at, stage_settings

from livegen.stage.policy import Pause, Respond
from livegen.stage.silence import PEDAL_GRACE

UP = 10.0
"""When the last key went up."""


def ends(now: float, *, pedal_down: bool, silence: float = 0.7, pedal_silence: float = 2.0) -> float:
    """Seconds after the last key."""
    policy = Respond(stage_settings(silence=silence, pedal_silence=pedal_silence))
    return policy.silence(Pause(at(UP - 0.4), at(UP), at(UP + now), pedal_down, cost=10.0)).ends(()) - UP


def test_it_ends_silence_after_the_last_key():
    assert ends(0, pedal_down=False) == pytest.approx(0.7)


def test_it_ends_pedal_silence_after_it_while_a_pedal_is_down():
    assert ends(0, pedal_down=True) == pytest.approx(2.0)
    assert ends(1.5, pedal_down=True) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("lifted", "end"),
    [
        (0.2, 0.7),
        (0.6, 0.7),
        (0.65, 0.65 + PEDAL_GRACE),
        (1.2, 1.2 + PEDAL_GRACE),
        (1.95, 2.0),  # never later than with the pedal down
        (2.5, 2.5),
    ],
)
def test_a_pedal_that_is_lifted_brings_it_forward(lifted, end):
    assert ends(lifted, pedal_down=False) == pytest.approx(end)


def test_a_pedal_silence_below_the_silence_counts_for_nothing():
    assert ends(0, pedal_down=True, silence=3.0) == pytest.approx(3.0)
    assert ends(1, pedal_down=False, silence=3.0) == pytest.approx(3.0)


@pytest.mark.parametrize(("call", "length"), [(0.1, 1.0), (1.0, 1.0), (3.3, 3.3), (8.0, 8.0), (100.0, 8.0)])
def test_a_response_is_as_long_as_the_call_between_the_limits(call, length):
    assert Respond(stage_settings(response_min=1.0, response_max=8.0)).length(call) == length
