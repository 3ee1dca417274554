"""The table of transitions: each of them happens, and no other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from virtual_stage import RESPONSE, Stage, at, expecting

from livegen.stage.conversation import (
    TRANSITIONS,
    Asked,
    Conversation,
    Cue,
    Listening,
    Planned,
    Planning,
    Playing,
    Ready,
    Responding,
    State,
    Waiting,
)
from livegen.stage.events import Failed, Predicted
from livegen.stage.plan import Plan
from livegen.stage.silence import LEAD, LOOK, FixedSilence

SILENCE = FixedSilence(at(0), at(1))
PLAN = Plan(at(1), at(1), 1.0, 1.0, None)
STATES: dict[type[State], State] = {
    Listening: Listening(),
    Playing: Playing(),
    Waiting: Waiting(SILENCE),
    Planning: Planning(SILENCE, 1),
    Planned: Planned(SILENCE, PLAN),
    Asked: Asked(SILENCE, PLAN, 2),
    Ready: Ready(SILENCE, PLAN, Predicted(2, (), 0.0), at(1), ()),
    Responding: Responding(at(1)),
}
EVERY = {(state, cue) for state, ways in TRANSITIONS.items() for cue in ways}


def test_every_state_is_in_the_table_and_can_be_reached_and_left():
    assert set(TRANSITIONS) == set(STATES)
    assert {to for ways in TRANSITIONS.values() for to in ways.values()} == set(STATES)
    assert all(TRANSITIONS.values())


@pytest.mark.parametrize(("state", "cue"), list(product(STATES, Cue)))
def test_a_transition_outside_the_table_is_refused(state, cue):
    for to in STATES.values():
        conversation = Conversation()
        conversation.state = STATES[state]
        if TRANSITIONS[state].get(cue) is type(to):
            conversation.move(cue, to)
            assert conversation.state is to
        else:
            with pytest.raises(LookupError, match=f"by {cue.name} to"):
                conversation.move(cue, to)
            assert conversation.state is STATES[state]


@pytest.mark.parametrize("state", list(STATES))
def test_in_a_call_are_all_states_but_two(state):
    conversation = Conversation()
    conversation.state = STATES[state]
    assert conversation.in_call is (state not in (Listening, Responding))


def test_the_model_is_asked_ahead_but_not_before_the_keys_are_up():
    assert FixedSilence(at(1), at(3)).ask_at == pytest.approx(3 - LEAD)
    assert FixedSilence(at(1), at(1.1)).ask_at == 1


# Scripts: each leads to a state, within a second of the last key at 1.4 s.


def playing(s: Stage) -> None:
    s.on(0, 60)


def waiting(s: Stage) -> None:
    s.phrase()


def planning(s: Stage) -> None:
    s.answers_plans = False
    s.phrase()
    s.run(2.0)


def planned(s: Stage) -> None:
    s.change(0, silence=None, patience=0.5)
    s.steps = expecting((0.5, 0.5), (1.5, 0.5))
    s.phrase()
    s.run(1.5)


def planned_early(s: Stage) -> None:
    s.change(0, silence=None, pulse="auto")
    s.steps = expecting((0.5, 0.5), (1.5, 0.5))
    s.on(1.0, 60)
    s.off(1.1, 60)


def look(s: Stage) -> None:
    s.run(1.0 + LOOK)


def asked(s: Stage) -> None:
    s.response = None
    s.phrase()
    s.run(2.0)


def ready(s: Stage) -> None:
    s.phrase()
    s.run(2.0)


def responding(s: Stage) -> None:
    s.phrase()
    s.run(2.2)


def key(s: Stage) -> None:
    s.on(s.now, 72)


def pedal(s: Stage) -> None:
    s.cc(s.now, 64, 127)


def panic(s: Stage) -> None:
    s.panic()


def time(s: Stage) -> None:
    s.run(20)


def nothing(s: Stage) -> None:
    pass


def let_go(s: Stage) -> None:
    s.off(s.now + 0.1, 60)


def answer(s: Stage) -> None:
    s.event(Predicted(s.requests[-1].id, RESPONSE, 0.1))


def plan(s: Stage) -> None:
    s.event(s.plans[-1].answer())


def fail(s: Stage) -> None:
    s.event(Failed((s.requests or s.plans)[-1].id, "out of order"))


def empty(s: Stage) -> None:
    s.response = ()
    s.run(20)


Act = Callable[[Stage], None]
SCRIPTS: list[tuple[Act, Act, tuple[type[State], Cue]]] = [
    (nothing, key, (Listening, Cue.KEY_DOWN)),
    (playing, key, (Playing, Cue.KEY_DOWN)),
    (playing, let_go, (Playing, Cue.KEYS_UP)),
    (playing, time, (Playing, Cue.KEYS_UP)),  # the key is stuck
    (playing, panic, (Playing, Cue.PANIC)),
    (waiting, key, (Waiting, Cue.KEY_DOWN)),
    (waiting, pedal, (Waiting, Cue.KEYS_UP)),
    (waiting, time, (Waiting, Cue.PLAN)),
    (waiting, panic, (Waiting, Cue.PANIC)),
    (planning, key, (Planning, Cue.KEY_DOWN)),
    (planning, pedal, (Planning, Cue.KEYS_UP)),
    (planning, plan, (Planning, Cue.PLANNED)),
    (planning, fail, (Planning, Cue.FAILED)),
    (planning, panic, (Planning, Cue.PANIC)),
    (planned, key, (Planned, Cue.KEY_DOWN)),
    (planned, pedal, (Planned, Cue.KEYS_UP)),
    (planned, time, (Planned, Cue.ASK)),
    (planned_early, look, (Planned, Cue.PLAN)),
    (planned, panic, (Planned, Cue.PANIC)),
    (asked, key, (Asked, Cue.KEY_DOWN)),
    (asked, pedal, (Asked, Cue.KEYS_UP)),
    (asked, answer, (Asked, Cue.PREDICTED)),
    (asked, fail, (Asked, Cue.FAILED)),
    (asked, panic, (Asked, Cue.PANIC)),
    (ready, key, (Ready, Cue.KEY_DOWN)),
    (ready, pedal, (Ready, Cue.KEYS_UP)),
    (ready, time, (Ready, Cue.BEGIN)),
    (waiting, empty, (Ready, Cue.EMPTY)),
    (ready, panic, (Ready, Cue.PANIC)),
    (responding, key, (Responding, Cue.KEY_DOWN)),
    (responding, time, (Responding, Cue.FINISHED)),
    (responding, panic, (Responding, Cue.PANIC)),
]


def test_there_is_a_script_for_every_transition():
    assert {transition for _, _, transition in SCRIPTS} == EVERY


@pytest.mark.parametrize(
    ("before", "act", "transition"), SCRIPTS, ids=[f"{s[0].__name__}-{s[1].__name__}" for s in SCRIPTS]
)
def test_every_transition_happens(before, act, transition, monkeypatch):
    moves: list[tuple[type[State], Cue]] = []
    move = Conversation.move

    def recorded(self: Conversation, cue: Cue, to: State) -> None:
        moves.append((type(self.state), cue))
        move(self, cue, to)

    monkeypatch.setattr(Conversation, "move", recorded)
    stage = Stage()
    before(stage)
    assert stage.state is transition[0] or transition[1] is Cue.EMPTY
    moves.clear()
    act(stage)
    assert transition in moves
