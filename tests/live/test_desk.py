"""Requests, and settings that change while livegen plays."""

from __future__ import annotations

import pytest
from office import CHOSEN, Office

from livegen.config.settings import Settings
from livegen.control.report import duration, text
from livegen.errors import ConfigError, ModelError, PortError
from livegen.io.publisher import KeepRequested, SettingsApplied
from livegen.note import MonotonicTime
from livegen.stage.effects import Used
from livegen.stage.events import Event, Panic, SettingsChanged, Stop


@pytest.fixture
def office() -> Office:
    return Office(Settings(presets=("jazz: temperature = 1.2, silence = 0.5", "loud: gain = 2"), bind=BINDINGS))


DIALS = ("cc:21 temperature 0.1..2.0", "cc:23 window 1..25")
BINDINGS = (*DIALS, "program:3 preset jazz", "key:A0 thru off", "cc:22 keep")


def test_a_change_at_once_is_an_event_of_the_stage(office):
    outcome, answer = office.set(temperature=0.8, silence="1.5")
    assert isinstance(outcome, SettingsChanged)
    assert outcome.settings.sampling.temperature == 0.8
    assert outcome.settings.silence == 1.5
    assert answer["values"] == {"temperature": 0.8, "silence": 1.5}
    assert answer["applies"] == dict.fromkeys(answer["values"], "from the next response on")
    assert office.desk.settings.silence == 1.5
    assert [item.settings for item in office.items if isinstance(item, SettingsApplied)] == [office.desk.settings]
    assert office.said == ["set: temperature = 0.8, silence = 1.5"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"temperature": 99}, "temperature must be 0.05 to 3, not 99."),
        ({"temperature": "warm"}, 'temperature must be 0.05 to 3, not "warm".'),
        ({"temperature": None}, "temperature must be 0.05 to 3, not null."),
        ({"temprature": 1}, "there is no setting temprature. Did you mean temperature?"),
        ({"silence": 1.0, "window": 0}, "window must be a whole number from 1 to 200 notes, not 0."),
        ({"response_max": 0.5}, "response-min is 1 s, but response-max is 0.5 s. Raise response-max."),
        ({"verbose": 2}, "verbose takes effect at the next start"),
        ({"name": "left"}, "name takes effect at the next start"),
        ({"bind": ["cc:21 temperature 0..9"]}, "temperature must be 0.05 to 3"),
        ({"presets": []}, "there is no preset jazz"),
    ],
)
def test_what_is_refused_changes_nothing(office, values, said):
    before = office.desk.settings
    outcome, answer = office.set(**values)
    assert outcome is None
    assert isinstance(answer, ConfigError)
    assert said in str(answer)
    assert office.desk.settings is before
    assert not office.items


def test_a_change_to_the_same_value_does_nothing(office):
    outcome, answer = office.set(temperature=0.9)
    assert outcome is None
    assert answer["values"] == {"temperature": 0.9}


def test_a_preset_changes_all_its_settings(office):
    outcome, answer = office.obeyed("preset", name="jazz")
    assert isinstance(outcome, SettingsChanged)
    assert answer["values"] == {"temperature": 1.2, "silence": 0.5}
    _, answer = office.obeyed("preset", name="jaz")
    assert str(answer) == "There is no preset jaz. Did you mean jazz?"
    assert str(Office(Settings()).obeyed("preset", name="x")[1]) == "There is no preset x. There are none."


def test_get(office):
    assert office.obeyed("get", name="temperature")[1]["value"] == 0.9
    assert office.obeyed("get", name="response_max")[1]["name"] == "response-max"
    assert office.obeyed("get")[1]["settings"]["in"] == ()
    assert "Did you mean silence?" in str(office.obeyed("get", name="silenc")[1])


def test_orders(office):
    assert isinstance(office.obeyed("panic")[0], Panic)
    assert office.obeyed("stop") == (Stop("asked to stop"), {})
    assert office.obeyed("keep") == (None, {"recording": None, "why": "recording is off (livegen set record on)"})
    assert [type(item) for item in office.items] == [KeepRequested]


def test_a_bug_in_a_request_is_its_answer(office):
    outcome, answer = office.obeyed("set")
    assert outcome is None
    assert isinstance(answer, KeyError)


def test_the_seed_changes_with_the_next_response(office):
    office.set(seed=7)
    assert office.model.seed == 7


# The model is loaded in another thread, and then replaces the old one.


def test_a_model_is_loaded_while_the_music_goes_on(office):
    office.loads = [CHOSEN]
    outcome, answer = office.set(model="mine", silence=2.0)
    assert (outcome, answer) == (None, None)
    assert office.desk.settings.model == "livegen"
    assert office.set(silence=3.0)[1]  # others may change meanwhile
    assert isinstance(office.awaited(), SettingsChanged)
    assert office.model.replaced == [CHOSEN]
    assert (office.desk.settings.model, office.desk.settings.silence) == ("mine", 2.0)


def test_a_second_model_waits_for_the_first(office):
    office.loads = [CHOSEN, CHOSEN]
    office.set(model="mine")
    first = office.later
    office.set(model="other")
    second = office.later
    assert isinstance(office.awaited(), SettingsChanged)
    assert first and not second
    assert office.awaited() is None  # it comes back from the inbox
    assert isinstance(office.awaited(), SettingsChanged)
    assert second[0]["values"] == {"model": "other"}


def test_what_would_make_a_change_impossible_that_goes_on_is_refused(office):
    office.set(out="another", response_max=2.0)
    assert "response-min is 5 s, but response-max is 2 s" in str(office.set(response_min=5.0)[1])


def test_a_model_that_cannot_be_loaded_changes_nothing(office):
    office.loads = [ModelError("There is no model mine.")]
    office.set(model="mine", silence=2.0)
    later = office.later
    assert office.awaited() is None
    assert str(later[0]) == "There is no model mine."
    assert not office.model.replaced
    assert (office.desk.settings.model, office.desk.settings.silence) == ("livegen", "auto")
    office.loads = [CHOSEN]
    office.set(model="other")
    office.awaited()
    assert office.desk.settings.model == "other"


# Inputs and outputs are opened and closed in another thread.


def test_inputs_and_outputs_change_and_then_it_is_answered(office):
    outcome, answer = office.set(out="another", silence=1.0)
    assert (outcome, answer) == (None, None)
    [(wanted, done)] = office.wiring.changes
    assert (wanted.outputs, wanted.silence) == (("another",), 1.0)
    assert office.desk.settings.silence == "auto"
    later = office.later
    assert office.set(temperature=0.5)[1]  # the rest may change meanwhile
    done(None)
    assert isinstance(office.awaited(), SettingsChanged)
    assert later[0]["applies"] == {"out": "waiting for Keystation", "silence": "from the next response on"}
    assert (office.desk.settings.silence, office.desk.settings.temperature) == (1.0, 0.5)


def test_inputs_and_outputs_that_cannot_be_opened_leave_everything_as_it_was(office):
    office.set(out="nothing", silence=1.0)
    later = office.later
    office.wiring.changes[0][1](PortError("There is no port nothing."))
    assert office.awaited() is None
    assert str(later[0]) == "There is no port nothing."
    assert (office.desk.settings.outputs, office.desk.settings.silence) == ((), "auto")
    assert not [item for item in office.items if isinstance(item, SettingsApplied)]
    assert office.set(out="another")[1] is None
    assert len(office.wiring.changes) == 2


def test_a_model_that_was_loaded_is_not_used_if_the_outputs_cannot_be_opened(office):
    office.loads = [CHOSEN]
    office.set(model="mine", out="nothing")
    assert office.awaited() is None
    office.wiring.changes[0][1](PortError("There is no port nothing."))
    office.awaited()
    assert not office.model.replaced
    assert office.desk.settings.model == "livegen"


def test_a_model_and_outputs_in_one_change(office):
    office.loads = [CHOSEN]
    office.set(model="mine", out="another")
    later = office.later
    assert office.awaited() is None
    assert not office.model.replaced
    office.wiring.changes[0][1](None)
    assert isinstance(office.awaited(), SettingsChanged)
    assert later[0]["values"] == {"model": "mine", "out": ("another",)}
    assert office.model.replaced == [CHOSEN]


def test_the_gain_changes_at_once(office):
    assert office.set(gain=2.0)[1]["applies"] == {"gain": "at once"}
    assert office.wiring.gains == [2.0]
    assert not office.wiring.changes


def test_in_virtual_time_inputs_and_outputs_stay():
    office = Office(Settings(fast=True))
    assert "With --fast, inputs and outputs cannot change." in str(office.set(out="another")[1])
    assert office.set(silence=1.0)[1]


# Bound controls.


def used(office: Office, action: str, position: float = 1.0) -> tuple[Event | Stop | None, list[str]]:
    before = len(office.said)
    outcome = office.desk.obey(office.desk.used(Used(action, position, MonotonicTime(0.0))))
    return outcome, office.said[before:]


def test_a_dial_moves_a_setting_in_its_range_without_a_word(office):
    for position, value in ((0.0, 0.1), (1.0, 2.0), (0.5, 1.05)):
        assert used(office, BINDINGS[0], position)[1] == []
        assert office.desk.settings.temperature == value
    used(office, BINDINGS[1], 0.5)
    assert office.desk.settings.window == 13


def test_a_control_chooses_a_preset_sets_a_value_and_keeps(office):
    outcome, said = used(office, BINDINGS[2])
    assert isinstance(outcome, SettingsChanged)
    assert said == ["set: temperature = 1.2, silence = 0.5"]
    used(office, BINDINGS[3])
    assert office.desk.settings.thru == "off"
    used(office, BINDINGS[4])
    assert isinstance(office.items[-1], KeepRequested)


def test_a_control_whose_change_is_refused_is_a_warning(office):
    used(office, "cc:21 response-max 0.5..60", 0.0)
    assert "response-min is 1 s, but response-max is 0.5 s" in office.said[-1]


# The status.


def test_the_status_says_what_plays(office):
    status = office.obeyed("status")[1]
    assert status["model"] == {"name": "livegen", "device": "auto", "runtime": "LiteRT", "ms_per_note": 0.25}
    assert (status["turn"], status["waits_for"], status["name"]) == ("idle", "Keystation", "livegen")
    shown = text(status | {"last_warning": "The disk is full."})
    assert "LiteRT, 0.25 ms per note" in shown
    assert "waits for       Keystation" in shown
    assert "lateness        nothing yet" in shown


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00:00"), (3723.9, "1:02:03"), (93784, "1 day 2:03:04")])
def test_durations(seconds, shown):
    assert duration(seconds) == shown
