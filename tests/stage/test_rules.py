"""Random streams of events against the rules that hold on every path."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mido import Message
from virtual_stage import cc, off, on
from world import INPUTS, OUTPUTS, World

from livegen.note import MonotonicTime, Pedal
from livegen.stage.bindings import Binding
from livegen.stage.control import Control
from livegen.stage.events import (
    ResponseNote,
)
from livegen.stage.hands import STUCK
from livegen.stage.pairing import DRUMS

CHANNELS = st.sampled_from([0, 1, DRUMS])
NOTES = st.sampled_from([60, 62, 64])
PORTS = st.sampled_from(list(INPUTS))
MESSAGES = st.one_of(
    st.builds(on, NOTES, st.sampled_from([0, 1, 64]), CHANNELS),
    st.builds(off, NOTES, CHANNELS),  # most of them stray
    st.builds(cc, st.sampled_from([64, 66]), st.sampled_from([0, 47, 60, 64, 127]), CHANNELS),
    st.builds(cc, st.sampled_from([1, 20, 67, *range(119, 128)]), st.sampled_from([0, 127]), CHANNELS),
    st.sampled_from(
        [Message("clock"), Message("pitchwheel", pitch=9), Message("program_change", program=3), Message("reset")]
    ),
)
AGO = st.sampled_from([0.0, 0.1, 0.3, float("inf")])
RESPONSES = st.lists(
    st.builds(
        ResponseNote,
        NOTES,
        st.sampled_from([0.0, 0.2, 0.5, 1.0]),
        st.sampled_from([0.1, 0.6, 2.0]),
        st.just(80),
        st.builds(Pedal, st.booleans(), AGO, AGO),
    ),
    min_size=2,
    max_size=6,
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "thru": st.sampled_from([True, False]),
        "response_channel": st.sampled_from([0, 1, 2]),
        "channel": st.sampled_from(["all", 0, DRUMS]),
        "panic": st.sampled_from([Control("cc", 20), Control("cc", 64), Control("key", 62)]),
        "window": st.just(2),
        "window_of_both": st.just(False),
        "silence": st.just(0.3),
        "bindings": st.sampled_from(
            [(Binding(Control("cc", 20), "a", follows=True), Binding(Control("key", 64), "b"))]
        ),
        "state_control": st.just(9),
    },
)
ACTIONS = st.one_of(
    st.tuples(st.just("hears"), MESSAGES, PORTS),
    st.tuples(st.just("key"), NOTES, PORTS),  # down, or up again
    st.tuples(st.just("strikes_again"), PORTS),
    st.tuples(st.just("octave_button"), st.sampled_from([-12, 12, 24]), PORTS),
    st.tuples(st.just("foot"), PORTS),
    st.tuples(st.just("rest")),  # all keys up, and time for a response to begin
    st.tuples(st.sampled_from(["rest", "interrupts", "panic", "fails", "sleeps"])),
    st.tuples(st.sampled_from(["opens_input", "closes_input"]), PORTS),
    st.tuples(st.sampled_from(["opens_output", "closes_output"]), st.sampled_from(list(OUTPUTS))),
    st.tuples(st.just("changes"), SETTINGS),
)
STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.004, 0.01, 0.15, 0.4, 0.8, 2.5, STUCK]), ACTIONS), min_size=4, max_size=30
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    STEPS,
    st.lists(RESPONSES, min_size=1, max_size=3),
    st.lists(st.sampled_from(list(OUTPUTS)), min_size=1, max_size=2, unique=True),
    SETTINGS,
)
def test_nothing_hangs_nothing_is_lost_the_first_key_silences(steps, responses, outputs, changed):
    """Nor does a step ever raise: a transition that the table of the conversation lacks would be a LookupError."""
    world = World(responses, outputs, changed)
    asleep = False
    for wait, (action, *rest) in steps:
        if asleep:
            world.now = MonotonicTime(world.now + wait)
            world.step()
        else:
            world.run(world.now + wait)
        asleep = action == "sleeps"
        getattr(world, action)(*rest)
    world.ends()
