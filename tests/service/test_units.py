"""The units that livegen ships, as systemd reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[2] / "livegen" / "service"
MOST_EXPOSED = 1.0


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze missing")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def settings(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", (SHIPPED / name).read_text(), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def test_the_machines_service_is_closed(tmp_path: Path) -> None:
    unit = tmp_path / "livegen.service"
    shutil.copy(SHIPPED / "system.service", unit)
    done = analyze("--offline=yes", "security", "--no-pager", str(unit))
    assert done.returncode == 0, done.stderr
    (exposure,) = re.findall(r"exposure level .*: ([\d.]+)", done.stdout)
    assert float(exposure) <= MOST_EXPOSED


@pytest.mark.parametrize("name", ["livegen.service", "livegen@.service"])
def test_a_users_unit_raises_no_complaint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    shutil.copy(SHIPPED / "user.service", tmp_path / name)
    done = analyze("--user", "verify", str(tmp_path / name))
    said = done.stderr.splitlines()
    assert [line for line in said if "livegen" in line or "RuntimeDirectory" not in line] == []


@pytest.mark.parametrize("name", ["system.service", "user.service"])
def test_what_both_units_promise(name: str) -> None:
    unit = settings(name)
    assert unit["Type"] == ["notify"]
    assert unit["Restart"] == ["on-failure"]
    assert unit["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert {"65", "66", "78"} <= set(unit["RestartPreventExitStatus"][0].split())
    assert unit["SyslogIdentifier"] == ["%N"]
    assert "RestrictRealtime" not in unit  # notes on time need it


def test_each_starts_where_it_belongs() -> None:
    assert settings("system.service")["WantedBy"] == ["multi-user.target"]
    assert settings("user.service")["WantedBy"] == ["default.target"]
    assert not {"User", "DynamicUser", "SupplementaryGroups"} & settings("user.service").keys()
    assert settings("user.service")["ExecStart"] == ["/usr/bin/env livegen --config %E/livegen/%N.toml"]
