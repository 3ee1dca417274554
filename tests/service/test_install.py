"""What `livegen service` would do, without doing it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from livegen.config.load import load
from livegen.errors import ConfigError
from livegen.service import install, state
from livegen.service.install import Place
from livegen.service.steps import Remove, Run, Try, Write

SERVICE = state.Service(
    *("livegen.service", False, "/etc/systemd/system/livegen.service", True),
    *("active", "running", "Ready", "success", 0, 42, 0, "Sat 2026-11-28"),
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A machine of its own."""
    return Place(
        user=False,
        units=tmp_path / "units",
        config=tmp_path / "etc/livegen",
        state=tmp_path / "var",
        data=tmp_path / "share",
        bin=tmp_path / "bin",
    )


def install_files(place: Place, name: str, folder: Path) -> None:
    for step in install.installation(place, name, folder, dict.fromkeys(place.shared.values(), "text")):
        if not isinstance(step, Run):
            step.do()


def remove_files(place: Place, name: str, *, purge: bool = False) -> None:
    for step in install.removal(place, name, purge=purge):
        if isinstance(step, Remove):
            step.do()


def test_the_unit_runs_the_program_that_installed_it(place: Place, tmp_path: Path) -> None:
    install_files(place, "livegen", tmp_path / "with space/bin")
    text = (place.units / "livegen.service").read_text()
    assert f'Environment="PATH={tmp_path}/with space/bin:/usr/bin:/bin"' in text
    assert "/opt/livegen" not in text


def test_an_update_starts_nothing_that_was_stopped_or_disabled(place: Place, tmp_path: Path) -> None:
    def commands(**changes: object) -> list[str]:
        before = replace(SERVICE, **changes)
        steps = install.installation(place, "livegen", tmp_path, {}, before)
        return [step.words[1] for step in steps if isinstance(step, Run)]

    assert commands() == ["daemon-reload", "enable", "restart"]
    assert commands(enabled=False) == ["daemon-reload", "restart"]
    assert commands(active="inactive") == ["daemon-reload", "enable"]


def test_the_last_one_takes_what_the_doctor_has_written_along(place: Place, tmp_path: Path) -> None:
    fix = tmp_path / "95-livegen.conf"
    fix.touch()
    place = replace(place, fixes=(fix,))
    install_files(place, "livegen", tmp_path)
    install_files(place, "left", tmp_path)
    remove_files(place, "left")
    assert fix.exists()
    remove_files(place, "livegen")
    assert not fix.exists()


def test_the_unit_of_a_package_is_not_hidden_by_another(place: Place) -> None:
    install_files(place, "left", install.PACKAGED)
    found = [path for folder in (place.units, place.config, place.data, place.bin) for path in folder.rglob("*")]
    assert found == [place.config / "livegen@left.toml"]


def test_the_settings_are_valid_and_those_of_the_user_are_kept(place: Place, tmp_path: Path) -> None:
    install_files(place, "livegen", tmp_path)
    file = place.config / "livegen.toml"
    settings = load({}, {}, file).settings
    assert (settings.outputs, settings.audio_driver) == (("FluidSynth",), "alsa")
    file.write_text("silence = 2\n")
    install_files(place, "livegen", tmp_path)
    assert file.read_text() == "silence = 2\n"


def test_instances_share_a_unit_file_until_the_last_is_gone(place: Place, tmp_path: Path) -> None:
    for name in ("left", "right"):
        install_files(place, name, tmp_path)
    assert [path.name for path in sorted(place.config.iterdir())] == ["livegen@left.toml", "livegen@right.toml"]
    remove_files(place, "left")
    assert (place.units / "livegen@.service").exists()
    remove_files(place, "right")
    assert [path for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()] == []


def test_recordings_stay_unless_they_are_named(place: Place, tmp_path: Path) -> None:
    install_files(place, "livegen", tmp_path)
    tape = place.state / "private/livegen/recordings/a.mid"
    tape.parent.mkdir(parents=True)
    tape.write_bytes(b"")
    remove_files(place, "livegen")
    assert tape.exists()
    remove_files(place, "livegen", purge=True)
    assert not tape.exists()


def test_a_program_of_somebody_else_is_not_replaced(place: Place, tmp_path: Path) -> None:
    assert place.bin is not None
    place.bin.mkdir()
    (place.bin / "livegen").write_text("mine")
    install_files(place, "livegen", tmp_path)
    remove_files(place, "livegen")
    assert (place.bin / "livegen").read_text() == "mine"


def test_what_is_not_needed_may_fail_and_the_rest_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    write = Write(tmp_path / "file/a/b", "text")
    Try(write).do()
    with pytest.raises(ConfigError, match=r"file/a/b: cannot be written \(Not a directory\)"):
        write.do()


def livegen(*words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "livegen", "service", *words]
    return subprocess.run(
        command, env=os.environ | dict(environment), capture_output=True, text=True, check=False, timeout=60
    )


def test_a_dry_run_shows_the_steps_and_does_nothing(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": "", "XDG_STATE_HOME": ""}
    done = livegen("install", "--user", "--name", "left", "--dry-run", environment=home)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"write {tmp_path}/.config/systemd/user/livegen@.service"
    assert f"write {tmp_path}/.config/livegen/livegen@left.toml" in lines
    assert lines[-1] == "systemctl --user restart livegen@left.service"
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_cannot_be_one_is_refused() -> None:
    done = livegen("install", "--name", "a/b", "--dry-run", environment={})
    assert done.returncode == 78
    assert "name must be" in done.stderr


def test_without_systemd_it_says_so(tmp_path: Path) -> None:
    done = livegen("install", environment={"PATH": str(tmp_path)})
    assert done.returncode == 69
    assert "systemd does not run here" in done.stderr
    assert livegen("status", environment={"PATH": str(tmp_path)}).returncode == 69


@pytest.mark.parametrize(
    ("user", "root", "folder", "said"),
    [
        (False, False, "/opt/livegen/bin", "Only root can"),
        (False, True, "/home/me/.local/bin", "a service cannot read /home"),
        (False, True, "/root/.cache/uv/a/bin", "runs from a cache"),
        (True, False, "/home/me/.cache/uv/a/bin", "runs from a cache"),
        (True, False, "/home/me/.local/bin", ""),
    ],
)
def test_what_is_refused(
    user: bool, root: bool, folder: str, said: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "manager", lambda *, user: True)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    place = replace(place, user=user)
    if said:
        with pytest.raises(ConfigError, match=said):
            install.check(place, "livegen", Path(folder))
    else:
        install.check(place, "livegen", Path(folder))


def test_a_folder_that_others_cannot_enter_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "closed/bin"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    assert install._closed(folder) in (folder.parent, *folder.parent.parents)  # one above may be closed too
    folder.parent.chmod(0o711)
    assert install._closed(folder) != folder.parent
    assert install._closed(Path("/usr/bin")) is None
