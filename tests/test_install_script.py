"""scripts/install: versions side by side, an update and the way back. Set-up and systemd are stand-ins."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SETUP = """#!/bin/sh
set -eu
cd "$(dirname "$0")/.."
[ ! -e livegen/cannot-be-set-up ] || exit 69
mkdir -p .venv/bin
cat > .venv/bin/livegen <<END
#!/bin/sh
[ \\$1 = service ] || exec test ! -e "$PWD/livegen/cannot-play"
echo "$(cat livegen/version) \\$*" >> "$CALLS"
[ ! -e "$PWD/livegen/does-not-start" ]
END
chmod +x .venv/bin/livegen
ln -s "$(command -v python3)" .venv/bin/python
"""


class Scene:
    """A checkout, and a machine to install it on."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.root, self._calls = folder / "check out", folder / "opt", folder / "calls"
        (self.checkout / "scripts").mkdir(parents=True)
        for name in ("requirements", "models", "livegen"):
            (self.checkout / name).mkdir()
        for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
            (self.checkout / name).touch()
        shutil.copy(ROOT / "scripts/install", self.checkout / "scripts")
        setup = self.checkout / "scripts/setup"
        setup.write_text(SETUP)
        setup.chmod(0o755)
        bin_ = folder / "bin"
        bin_.mkdir()
        systemctl = bin_ / "systemctl"
        systemctl.write_text("#!/bin/sh\n[ $1 = list-units ] || echo livegen.service\n")
        systemctl.chmod(0o755)
        variables = {"PATH": f"{bin_}:{os.environ['PATH']}", "LIVEGEN_ROOT": str(self.root), "CALLS": str(self._calls)}
        self._environment = os.environ | variables

    def install(self, *words: str, version: str = "") -> subprocess.CompletedProcess[str]:
        if version:
            (self.checkout / "livegen/version").write_text(version)
        self._calls.write_text("")
        command = [self.checkout / "scripts/install", *words]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines()

    @property
    def versions(self) -> list[str]:
        return sorted((path / "livegen/version").read_text() for path in self.root.glob("[0-9]*"))

    @property
    def current(self) -> str:
        return (self.root / "current/livegen/version").read_text()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_an_update_can_be_taken_back(scene: Scene) -> None:
    for version in ("a", "b", "c"):
        assert scene.install(version=version).returncode == 0
        assert scene.calls == [f"{version} service install --update --name livegen"]
    assert (scene.current, scene.versions) == ("c", ["b", "c"])
    assert scene.install("--back").returncode == 0
    assert scene.calls == ["b service install --update --name livegen"]
    assert scene.current == "b"
    refused = scene.install("--back")
    assert (refused.returncode, scene.current) == (69, "b")
    assert "no version before" in refused.stderr
    assert scene.install(version="d").returncode == 0
    assert (scene.current, scene.versions) == ("d", ["b", "d"])


@pytest.mark.parametrize("problem", ["cannot-be-set-up", "cannot-play", "does-not-start"])
def test_a_version_that_fails_leaves_the_old_one(scene: Scene, problem: str) -> None:
    scene.install(version="a")
    (scene.checkout / "livegen" / problem).touch()
    done = scene.install(version="b")
    assert done.returncode == 69
    assert "Installation failed" in done.stderr
    assert (scene.current, scene.versions) == ("a", ["a"])
    assert scene.calls[-1:] == (["a service install --update --name livegen"] if problem == "does-not-start" else [])


def test_nothing_is_left(scene: Scene) -> None:
    scene.install(version="a")
    assert scene.install("--remove").returncode == 0
    assert scene.calls == ["a service uninstall --name livegen"]
    assert not scene.root.exists()


def test_an_installation_by_hand_is_not_touched(scene: Scene) -> None:
    (scene.root / ".venv").mkdir(parents=True)
    done = scene.install(version="a")
    assert done.returncode == 69
    assert "by hand" in done.stderr
    assert [path.name for path in scene.root.iterdir()] == [".venv"]


def test_everybody_can_read_what_a_careful_root_installs(scene: Scene) -> None:
    before = os.umask(0o077)
    try:
        scene.install(version="a")
    finally:
        os.umask(before)
    assert (scene.root / "1/livegen/version").stat().st_mode & 0o777 == 0o644
    assert (scene.root / "1/.venv").stat().st_mode & 0o777 == 0o755


def test_an_unknown_argument_does_nothing(scene: Scene) -> None:
    assert scene.install("--bakc").returncode == 69
    assert not scene.root.exists()
