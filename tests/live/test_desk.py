"""Requests, and settings that change while livegen plays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from livegen.config.settings import Settings
from livegen.control.report import duration, text
from livegen.errors import ConfigError, ModelError, PortError
from livegen.io.inbox import LiveInbox
from livegen.io.publisher import KeepRequested, Level, Line, Published, Publisher, SettingsApplied
from livegen.live import daemon
from livegen.live.desk import Desk
from livegen.note import MonotonicTime
from livegen.stage.effects import Used
from livegen.stage.events import Command, Event, Panic, SettingsChanged, Stop

CHOSEN = SimpleNamespace(runtime=SimpleNamespace(name="LiteRT"), milliseconds=0.25, report="LiteRT, 0.25 ms per note")


class Model:
    """The model that answers, by name."""

    def __init__(self) -> None:
        self.seed: int | None = None
        self.replaced: list[Any] = []

    def ask(self, request: object) -> None:
        pass

    def replace(self, chosen: Any) -> None:
        self.replaced.append(chosen)


class Office:
    """A desk in use, what was published, and how the next model is loaded."""

    def __init__(self, settings: Settings, read: Any = None) -> None:
        self.items: list[Published] = []
        self.inbox, self.model = LiveInbox(), Model()
        self.loads: list[Any] = []
        self.desk = Desk(settings, Publisher(self), read, self._load, daemon.stage_settings)
        self._using = self.desk.using(self.inbox, self.model, CHOSEN)
        self._using.__enter__()

    def _load(self, settings: Settings) -> Any:
        loaded = self.loads.pop(0)
        if isinstance(loaded, Exception):
            raise loaded
        return loaded

    def take(self, item: Published) -> None:
        self.items.append(item)

    @property
    def said(self) -> list[str]:
        return [item.text for item in self.items if isinstance(item, Line) and item.level < Level.DEBUG]

    def obeyed(self, command: str, **arguments: Any) -> tuple[Event | Stop | None, Any]:
        """What follows from a request, and its answer; None if there is none yet."""
        answers: list[Any] = []
        outcome = self.desk.obey(Command(command, arguments, answers.append))
        self.later = answers
        assert len(answers) <= 1
        return outcome, answers[0] if answers else None

    def set(self, **values: Any) -> tuple[Event | Stop | None, Any]:
        return self.obeyed("set", values={name.replace("_", "-"): value for name, value in values.items()})

    def awaited(self) -> Event | Stop | None:
        """Handle the command that the loading of a model puts into the inbox."""
        event = self.inbox.get(MonotonicTime(self.inbox.now() + 20))
        assert isinstance(event, Command)
        return self.desk.obey(event)


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
    assert office.obeyed("keep") == (None, {})
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
    office.obeyed("get")
    later = office.later
    office.set(model="mine", silence=2.0)
    assert "A model is being loaded already" in str(office.later[0])
    assert isinstance(office.awaited(), SettingsChanged)
    assert office.model.replaced == [CHOSEN]
    assert (office.desk.settings.model, office.desk.settings.silence) == ("mine", 2.0)
    assert later


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


# Ports are opened again by whoever runs the loop.


def test_ports_are_opened_again_and_then_it_is_answered(office):
    outcome, answer = office.set(gain=2.0, silence=1.0)
    assert outcome == Stop("the ports are opened again", reload=True)
    assert answer is None
    assert office.desk.settings.gain == 2.0
    office.desk.reopened()
    assert office.later[0]["applies"]["gain"] == "the ports are open again"


def test_ports_that_cannot_be_opened_leave_the_previous_settings(office):
    office.set(out="nothing", silence=1.0)
    later = office.later
    assert office.desk.fall_back(PortError("There is no port nothing."))
    assert not later  # not before the old ports are open again
    office.desk.reopened()
    assert str(later[0]) == "There is no port nothing."
    assert (office.desk.settings.outputs, office.desk.settings.silence) == ((), "auto")
    assert not office.desk.fall_back(PortError("The old one is gone too."))


def test_a_model_and_ports_in_one_change(office):
    office.loads = [CHOSEN]
    office.set(model="mine", gain=2.0)
    later = office.later
    outcome = office.awaited()
    assert isinstance(outcome, Stop) and outcome.reload
    assert not later
    office.desk.reopened()
    assert later[0]["values"] == {"model": "mine", "gain": 2.0}


# A reload.


def test_a_reload_applies_what_has_changed():
    office = Office(Settings(silence=1.0), lambda: Settings(silence=2.0, verbose=2))
    outcome, answer = office.obeyed("reload")
    assert isinstance(outcome, SettingsChanged)
    assert answer == {}
    assert (office.desk.settings.silence, office.desk.settings.verbose) == (2.0, 0)
    assert office.said == ["verbose will change at the next start.", "The settings are reloaded."]


def test_a_reload_that_fails_keeps_the_settings():
    def read() -> Settings:
        raise ConfigError("livegen.toml, line 3: silence must be 0.1 to 10 s.")

    office = Office(Settings(), read)
    outcome, answer = office.obeyed("reload")
    assert outcome is None
    assert isinstance(answer, ConfigError)
    assert office.said == [f"{answer} Keeping the previous settings."]


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
    assert (status["turn"], status["waits_for"], status["name"]) == ("idle", None, "livegen")
    shown = text(status | {"waits_for": "Keystation", "last_warning": "The disk is full."})
    assert "LiteRT, 0.25 ms per note" in shown
    assert "waits for       Keystation" in shown
    assert "lateness        nothing yet" in shown


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00:00"), (3723.9, "1:02:03"), (93784, "1 day 2:03:04")])
def test_durations(seconds, shown):
    assert duration(seconds) == shown
