"""When a call ends if the model decides, and what a wrong entry teaches."""

from __future__ import annotations

from dataclasses import replace

import pytest
from virtual_stage import Stage, at, expecting

from livegen.stage.control import Control
from livegen.stage.conversation import Listening, Playing, Responding
from livegen.stage.effects import PatienceChanged, ResponseStarted, Unused
from livegen.stage.not_done import NOT_DONE
from livegen.stage.patience import COSTS, LEARNT, LEAST, MOST, Patience, cost_of
from livegen.stage.silence import KEYS_GRACE, PEDAL_GRACE, ModelSilence, worth_waiting

PEDAL_20 = Control("cc", 20)
SOON = expecting((0.5, 1.0))
"""The model expects the next note half a second after the last one."""


@pytest.mark.parametrize(
    ("steps", "cost", "silence"),
    [
        (expecting((0.1, 1.0)), 100.0, 0.2),  # the player would have played by now
        (expecting((0.3, 0.5), (1.0, 0.5)), 0.1, 0.2),  # a wrong entry costs less than any wait
        (expecting((0.3, 0.5), (1.0, 0.5)), 1.0, 0.32),  # the first may come, the second is not worth waiting for
        (expecting((0.3, 0.5), (1.0, 0.5)), 2.0, 1.02),
        (expecting((0.3, 0.5), (20.0, 0.5)), 1.5, 0.32),
    ],
)
def test_the_silence_costs_least(steps: list[float], cost: float, silence: float) -> None:
    assert worth_waiting(steps, 0.2, cost) == pytest.approx(silence, abs=0.04)


def test_what_has_not_happened_while_a_key_was_down_no_longer_counts() -> None:
    steps = expecting((0.3, 0.99), (1.5, 0.01))
    assert worth_waiting(steps, 0.5, 10.0) == 0.5
    assert worth_waiting(steps, 0.5, 10.0, held=0.45) > 1.5  # the step is not 0.3 s, so that it must be 1.5 s


def silence(**changes: object) -> ModelSilence:
    """After an onset at 10 s and keys up at 10.1 s."""
    usual = ModelSilence(at(10), at(10.1), at(10.1), shortest=0.2, latest=at(12.1), cost=10.0)
    return replace(usual, **changes)  # type: ignore[arg-type]  (each fits its field)


def test_the_model_decides_between_the_limits() -> None:
    assert silence().ends(SOON) == pytest.approx(10.53, abs=0.03)
    assert silence().ends(expecting((0.05, 1.0))) == pytest.approx(10.1 + KEYS_GRACE)
    assert silence().ends(expecting((7.0, 1.0))) == 12.1
    late = silence(last_up=at(11), since=at(11))  # the last key was held
    assert late.ends(SOON) == pytest.approx(11 + KEYS_GRACE, abs=0.05)
    lifted = silence(since=at(11.5))  # a pedal was held
    assert lifted.ends(SOON) == pytest.approx(11.5 + PEDAL_GRACE, abs=0.08)
    assert silence(since=at(12.2)).ends(SOON) == 12.2


def jam(**settings: object) -> Stage:
    return Stage(silence=None, steps=SOON, **settings)


def test_a_response_comes_when_the_silence_has_outlived_what_the_model_expects() -> None:
    stage = jam()
    stage.phrase()  # the last onset is at 1.0 s
    stage.run(5)
    [started] = stage.published(ResponseStarted)
    assert started.at == pytest.approx(1.53, abs=0.03)
    assert started.late == 0
    assert len(stage.plans[-1].context) == 3


def test_the_pedal_holds_the_turn_but_not_for_ever() -> None:
    free, held = jam(), jam()
    held.cc(0, 64, 127)
    for stage in (free, held):
        stage.steps = expecting((0.5, 0.9), (1.0, 0.1))
        stage.change(0, silence=None, patience=1.0)
        stage.phrase()
        stage.run(6)
    assert free.published(ResponseStarted)[0].at < held.published(ResponseStarted)[0].at <= 1.4 + 2.0


def test_a_key_goes_on_with_the_call_and_what_was_predicted_is_not_used() -> None:
    stage = jam()
    stage.phrase()
    stage.run(1.505)
    assert stage.requests
    stage.on(1.505, 72)  # the response would begin at 1.51 s
    assert stage.published(Unused)[-1] == Unused(0.01, at(1.505))
    assert stage.state is Playing
    stage.off(1.6, 72)
    stage.run(5)
    assert stage.published(ResponseStarted)[0].at > 2.0


def test_a_player_who_goes_on_at_once_asks_for_nothing() -> None:
    stage = jam()
    for k in range(20):
        stage.on(k * 0.1, 60 + k)
        stage.off(k * 0.1 + 0.05, 60 + k)
    assert len(stage.plans) <= 20
    assert not stage.requests


@pytest.mark.parametrize("holding", [False, True])
def test_the_soft_pedal_hands_the_turn_over_at_once(holding: bool) -> None:
    stage = jam()
    stage.on(0, 60)
    if not holding:
        stage.off(0.3, 60)
    stage.cc(0.35, 67, 127)
    stage.run(0.36)
    assert stage.state is Responding
    assert stage.published(ResponseStarted)[0].at == pytest.approx(0.35)
    if holding:
        stage.off(0.5, 60)  # the end of the key does not end the response
        stage.run(0.6)
        assert stage.state is Responding
    assert not any(message.is_cc(67) for message in stage.forwarded())


def test_nothing_is_handed_over_before_a_call() -> None:
    stage = jam()
    stage.cc(0.35, 67, 127)
    stage.run(5)
    assert stage.state is Listening
    assert not stage.plans


def test_a_player_who_is_not_done_keeps_the_turn() -> None:
    stage = jam(not_done=PEDAL_20)
    stage.phrase()
    stage.run(1.505)
    stage.cc(1.505, 20, 127)  # the response is ready
    assert stage.state is Playing
    assert stage.published(Unused)[-1].at == 1.505
    stage.run(20)
    assert not stage.published(ResponseStarted)
    stage.cc(20, 20, 0)
    stage.run(25)
    assert stage.published(ResponseStarted)[0].at == pytest.approx(20 + KEYS_GRACE, abs=0.5)


def test_a_control_that_is_lost_does_not_keep_the_turn_for_ever() -> None:
    stage = jam(not_done=PEDAL_20)
    stage.phrase()
    stage.cc(1.42, 20, 127)
    stage.run(1.42 + NOT_DONE + 5)
    assert stage.published(ResponseStarted)


def test_a_port_that_is_lost_takes_its_control_along() -> None:
    stage = jam(not_done=PEDAL_20)
    stage.phrase()
    stage.cc(1.42, 20, 127)
    stage.close_input(2.0)
    stage.run(6)
    assert stage.published(ResponseStarted)


def test_who_interrupts_at_once_makes_it_more_patient_for_a_while() -> None:
    stage = jam()
    stage.phrase()
    stage.on(1.9, 72)  # the response began at 1.5 s
    [changed] = stage.published(PatienceChanged)
    assert changed.factor == pytest.approx(2.0, rel=0.03)
    stage.off(2.0, 72)
    stage.run(2.1)
    first, last = (stage.plans[i].planner.silence for i in (0, -1))
    assert isinstance(first, ModelSilence)
    assert isinstance(last, ModelSilence)
    assert last.cost == pytest.approx(2 * first.cost, rel=0.03)
    assert stage.published(ResponseStarted)[0].patience == pytest.approx(1.0, rel=0.03)


def test_who_interrupts_late_teaches_nothing() -> None:
    stage = jam()
    stage.phrase()
    stage.on(2.6, 72)
    assert not stage.published(PatienceChanged)


@pytest.mark.parametrize("rate", [0.5, 1.0, 4.0])
def test_it_settles_where_wrong_entries_are_as_often_as_set(rate: float) -> None:
    patience = Patience(rate)
    for k in range(40):
        patience.begin(at(1000 * k))  # what is between two calls does not count
        patience.end(at(1000 * k + 60 / rate))
        patience.interrupted()
    assert patience.factor(at(1e6)) == pytest.approx(1.0)
    for k in range(40, 44):  # twice as often
        patience.begin(at(1000 * k))
        patience.end(at(1000 * k + 30 / rate))
        patience.interrupted()
    assert patience.factor(at(1e6)) == pytest.approx(LEARNT**2)


def test_the_factor_has_limits() -> None:
    patience = Patience(1.0)
    for _ in range(10):
        patience.interrupted()
    assert patience.factor(at(0)) == MOST
    assert patience.cost(at(0)) == pytest.approx(MOST * cost_of(1.0))
    patience.begin(at(0))
    assert patience.factor(at(60)) == pytest.approx(MOST / LEARNT)
    patience.end(at(3600))
    assert patience.factor(at(3600)) == LEAST


def test_a_fixed_silence_teaches_no_haste() -> None:
    stage = Stage(silence=0.4)
    stage.phrase()
    stage.on(60.0, 60)
    stage.off(60.1, 60)
    stage.run(70)
    assert [started.patience for started in stage.published(ResponseStarted)] == [1.0, 1.0]


def test_the_cost_follows_the_rate() -> None:
    for rate, cost in COSTS:
        assert cost_of(rate) == pytest.approx(cost)
    rates = [0.1, 0.3, 0.7, 1.4, 3.0, 10.0, 20.0]
    costs = [cost_of(rate) for rate in rates]
    assert costs == sorted(costs, reverse=True)
    assert min(costs) > 0
