"""Settings that are read again while livegen plays."""

from __future__ import annotations

import pytest
from office import Office

from livegen.config.settings import Settings
from livegen.errors import ConfigError, PortError
from livegen.io.publisher import Level, Line
from livegen.stage.events import SettingsChanged

# A reload.


def test_a_reload_applies_what_has_changed():
    office = Office(Settings(silence=1.0), lambda: Settings(silence=2.0, verbose=2))
    outcome, answer = office.obeyed("reload")
    assert isinstance(outcome, SettingsChanged)
    assert answer == {}
    assert (office.desk.settings.silence, office.desk.settings.verbose) == (2.0, 0)
    assert office.said == ["verbose will change at the next start: restart livegen.", "The settings are reloaded."]


def test_a_reload_that_fails_keeps_the_settings():
    def read() -> Settings:
        raise ConfigError("livegen.toml, line 3: silence must be 0.1 to 10 s.")

    office = Office(Settings(), read)
    outcome, answer = office.obeyed("reload")
    assert outcome is None
    assert isinstance(answer, ConfigError)
    assert office.said == [f"{answer} Keeping the previous settings."]


FOREIGN = [PermissionError(13, "Permission denied"), ValueError("a bug"), MemoryError(), AssertionError("never")]


@pytest.mark.parametrize("error", FOREIGN)
def test_whatever_goes_wrong_in_a_reload_the_previous_settings_are_kept(error):
    def read() -> Settings:
        raise error

    office = Office(Settings(), read)
    assert office.obeyed("reload") == (None, error)
    bug = f"This is a bug, please report it ({type(error).__name__}: {error})."
    assert office.said == [f"There was an error in the reload. {bug} Keeping the previous settings."]
    assert "Traceback" in next(
        item.text for item in office.items if isinstance(item, Line) and item.level is Level.DEBUG
    )


@pytest.mark.parametrize("error", [PortError("The port is gone."), *FOREIGN])
def test_a_reload_whose_outputs_cannot_be_opened_keeps_the_previous_settings(error):
    office = Office(Settings(), lambda: Settings(outputs=("another",)))
    office.obeyed("reload")
    later = office.later
    office.wiring.changes[0][1](error)
    assert office.awaited() is None
    assert later == [error]
    assert office.desk.settings.outputs == ()
    assert "Keeping the previous settings." in office.said[-1]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_what_is_to_end_the_process_ends_it_in_a_reload(error):
    def read() -> Settings:
        raise error

    with pytest.raises(type(error)):
        Office(Settings(), read).obeyed("reload")


def test_two_reloads_at_once():
    read = [Settings(outputs=("one",)), Settings(outputs=("two",)), Settings(outputs=("two",))]
    office = Office(Settings(), lambda: read.pop(0))
    office.obeyed("reload")
    office.obeyed("reload")
    second = office.later
    office.wiring.changes[0][1](None)
    office.awaited()
    assert office.awaited() is None  # the second one comes back from the inbox
    office.wiring.changes[1][1](None)
    office.awaited()
    assert second == [{}]
    assert office.desk.settings.outputs == ("two",)


def test_without_settings_to_read_a_reload_changes_nothing():
    office = Office(Settings())
    assert office.obeyed("reload") == (None, {})
    assert office.said == ["The settings are reloaded."]
