"""What systemd knows of the services, and the commands that show it. systemctl and journalctl are stand-ins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from livegen.cli import main as cli
from livegen.service import state

SHOWN = """Id=livegen.service
LoadState=loaded
UnitFileState=enabled
ActiveState={active}
SubState=running
StatusText={status}
Result={result}
ExecMainStatus=78
MainPID=123
NRestarts=2
ActiveEnterTimestamp=Sat 2026-11-28 12:11:59 UTC
FragmentPath=/etc/systemd/system/livegen.service
"""


class Manager:
    """A systemd that answers from files, and writes down what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        script = f"""#!/bin/sh
echo "${{0##*/}} $*" >> {folder}/asked
case "$*" in
*--user*) exit 1 ;;
*Version*) echo Version=252 ;;
*show*livegen.service*) cat {folder}/livegen.service ;;
*show*) echo LoadState=not-found ;;
*-p\\ warning*) printf '%s\\n' 'a warning' 'an error' ;;
*--unit=*) echo "the log" ;;
*restart*) [ ! -e {folder}/broken ] || {{ echo "it does not start" >&2; exit 1; }} ;;
esac
"""
        for name in ("systemctl", "journalctl"):
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)
        self.show()

    def show(self, active: str = "active", status: str = "Ready", result: str = "success") -> None:
        text = SHOWN.format(active=active, status=status, result=result)
        (self.folder / "livegen.service").write_text(text)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(state, "BOOTED", tmp_path)
    return Manager(folder)


def test_a_service_that_runs(manager: Manager) -> None:
    found = state.find()
    assert found is not None
    assert (found.unit, found.user, found.enabled, found.running) == ("livegen.service", False, True, True)
    assert (found.status, found.pid, found.restarts, found.exit_status) == ("Ready", 123, 2, 78)
    assert state.warnings(found) == ["a warning", "an error"]


def test_what_systemctl_prints_of_several() -> None:
    text = SHOWN.format(active="failed", status="", result="watchdog")
    text += "\n" + SHOWN.format(active="active", status="Waiting for a=b", result="success").replace(
        "livegen", "livegen@a"
    )
    text += "\nId=livegen@gone.service\nLoadState=not-found\n"
    first, second = state.parsed(text, user=True)
    assert (first.result, first.running, first.user) == ("watchdog", False, True)
    assert (second.unit, second.status, second.running) == ("livegen@a.service", "Waiting for a=b", True)
    assert list(state.parsed("", user=False)) == []


def test_one_that_is_not_installed(manager: Manager) -> None:
    assert state.find("left") is None
    assert state.find(user=True) is None
    assert state.manager(user=False)
    assert not state.manager(user=True)


def test_all_services(manager: Manager) -> None:
    assert [each.unit for each in state.every()] == ["livegen.service"]


def test_without_systemd_there_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not state.manager(user=False)
    assert state.find() is None
    assert state.every() == []


def test_its_status(manager: Manager, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["service", "status"]) == 0
    assert capfd.readouterr().out.splitlines() == [
        "unit      livegen.service, /etc/systemd/system/livegen.service",
        "starts    at boot",
        "state     active (running) since Sat 2026-11-28 12:11:59 UTC",
        "does      Ready",
        "restarts  2",
        "warning   a warning",
        "warning   an error",
    ]
    manager.show("failed", "", "exit-code")
    assert cli.main(["service", "status"]) == 69
    assert "ended     exit-code, 78\n" in capfd.readouterr().out
    assert cli.main(["service", "status", "--name", "left"]) == 69
    assert "livegen@left.service is not installed." in capfd.readouterr().err


def test_its_log(manager: Manager, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["service", "logs", "-f", "-n", "7"]) == 0
    assert capfd.readouterr().out == "the log\n"
    assert manager.asked[-1] == "journalctl --no-pager --unit=livegen.service --lines=7 --follow"
    (manager.folder / "journalctl").unlink()
    os.environ["PATH"] = str(manager.folder)
    assert cli.main(["service", "logs"]) == 69


def test_install_and_uninstall(
    manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from livegen.service import install
    from livegen.service.install import COMPLETIONS, MANUAL, Place

    places = (tmp_path / name for name in ("units", "etc", "var", "share", "bin2"))
    place = Place(False, *places)
    monkeypatch.setattr(Place, "of_machine", lambda: place)
    monkeypatch.setattr(install, "check", lambda *_: None)
    assert cli.main(["service", "install"]) == 0, capfd.readouterr().err
    assert "livegen.service is active: Ready\n" in capfd.readouterr().out
    assert [line for line in manager.asked if "show" not in line] == [
        "systemctl daemon-reload",
        "systemctl enable --quiet livegen.service",
        "systemctl restart livegen.service",
    ]
    assert place.shared[MANUAL].read_text().startswith(".TH LIVEGEN")
    assert "_LIVEGEN_COMPLETE" in place.shared[COMPLETIONS["fish"]].read_text()
    (manager.folder / "broken").touch()
    assert cli.main(["service", "install"]) == 69
    assert "systemctl restart livegen.service failed: it does not start. Its log says why" in capfd.readouterr().err
    assert cli.main(["service", "uninstall"]) == 0
    assert not place.config.exists()
    assert cli.main(["service", "uninstall", "--name", "left"]) == 69
