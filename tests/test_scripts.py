"""The two commands' set-up, the locks and the wheel: each tried in a copy of the checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from livegen import __version__

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements"
SHARED = """
import click, json
from livegen.cli.main import cli
from livegen.cli.shared import texts
print(json.dumps(texts(click.Context(cli, info_name="livegen"))))
"""
NETWORK_REFUSED = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}


def pins(lock: str) -> dict[str, set[str]]:
    """Package -> the versions that a lock holds of it (more than one where they depend on the system)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (REQUIREMENTS / lock).read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh copy, with the scripts but nothing that they made."""
    made = shutil.ignore_patterns("__pycache__", "saved_model")
    for name in ("scripts", "requirements", "livegen", "models"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=made)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def bare_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PATH of what every system has, and nothing more: no Python, uv or package manager."""
    folder = tmp_path_factory.mktemp("bin")
    for tool in ("sh", "cat", "cksum", "dirname", "grep", "id", "mktemp", "rm", "sed", "tail"):
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return folder


def setup(checkout: Path, what: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/setup without what this machine tells pip and uv."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_", "VIRTUAL_ENV"))} | environment
    return subprocess.run(
        [checkout / "scripts/setup", what],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_python_it_says_so(checkout: Path, bare_path: Path) -> None:
    done = setup(checkout, "jam", PATH=str(bare_path))
    assert done.returncode == 69
    assert "Python 3.11 or newer is needed (found: none)" in done.stderr


def test_without_network_it_says_what_could_not_be_had(checkout: Path, bare_path: Path) -> None:
    (bare_path / "python3").symlink_to(Path(sys.executable).resolve())
    done = setup(checkout, "jam", PATH=str(bare_path), **NETWORK_REFUSED)
    assert done.returncode == 69
    assert "uv could not be downloaded" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_settings_of_pip_for_the_whole_machine_count(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The certificates of /etc/pip.conf: XDG_CONFIG_DIRS stands for /etc/xdg, which pip reads as it does that file."""
    folder = tmp_path_factory.mktemp("etc")
    (folder / "pip").mkdir()
    (folder / "pip/pip.conf").write_text("[global]\ncert = /none/ca.pem\n")
    done = setup(checkout, "jam", XDG_CONFIG_DIRS=str(folder), SSL_CERT_FILE="", HOME=str(folder))
    assert done.returncode == 69
    assert "the certificates /none/ca.pem cannot be read" in done.stderr


def test_without_a_package_manager_it_prints_the_line_to_type(checkout: Path, bare_path: Path) -> None:
    done = setup(checkout, "test", PATH=str(bare_path))
    assert re.search(r"^ +sudo apt-get install .*\bjackd2\b", done.stderr, re.MULTILINE)


def test_set_up_and_jam_then_silence_the_second_time(checkout: Path, tmp_path: Path) -> None:
    path = f"{ROOT / '.uv/bin'}:{os.environ['PATH']}"
    uv = shutil.which("uv", path=path)
    if uv is None:
        pytest.skip("uv missing: run scripts/setup")
    cache = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    first = setup(checkout, "jam", PATH=path, UV_CACHE_DIR=cache)
    assert first.returncode == 0, first.stderr
    second = setup(checkout, "jam", PATH=path)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    answer = subprocess.run([checkout / "scripts/jam", "--version"], capture_output=True, text=True, check=True)
    assert "0.1.0" in answer.stdout
    assert answer.stderr == ""


@pytest.mark.parametrize("lock", ["jam.txt", "test.txt", "build.txt", "uv.txt"])
def test_locks_are_hashed_and_name_no_index(lock: str) -> None:
    text = (REQUIREMENTS / lock).read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links", text)
    blocks = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)


def test_scripts_name_no_host() -> None:
    assert not [p.name for p in (ROOT / "scripts").iterdir() if p.is_file() and "://" in p.read_text()]


def test_jam_lock_is_part_of_the_test_lock() -> None:
    test = pins("test.txt")
    assert {name: versions for name, versions in pins("jam.txt").items() if not versions <= test.get(name, set())} == {}


def test_locks_satisfy_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    core = project["project"]["dependencies"]
    dev = project["dependency-groups"]["dev"] + project["project"]["optional-dependencies"]["train"]
    for lock, wanted in (("jam.txt", core), ("test.txt", core + dev)):
        held = pins(lock)
        for requirement in map(Requirement, wanted):
            versions = held.get(requirement.name, set())
            assert versions, f"{lock} has no {requirement.name}: run scripts/lock"
            assert all(map(requirement.specifier.contains, versions)), f"{lock}, {requirement}: run scripts/lock"


def test_the_wheel_carries_models_and_data(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    data_folder = f"livegen-{__version__}.data/data/share/"
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        shared = {
            name.removeprefix(data_folder): archive.read(name).decode()
            for name in names
            if name.startswith(data_folder)
        }
        (entry_points,) = (archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    shipped = {f"livegen/{path.relative_to(ROOT)}" for path in (ROOT / "models").rglob("*") if path.is_file()}
    data = [*(ROOT / "livegen/demo").glob("*.mid"), *(ROOT / "livegen").glob("*/*.csv.gz")]
    shipped |= {str(path.relative_to(ROOT)) for path in data}
    assert shipped <= names
    assert {"livegen/models/LICENSE", "livegen/cli/main.py", "livegen/service/system.service"} <= names
    for part in ("LICENSE", "models/LICENSE"):  # of the code, and of the weights and demo pieces
        assert f"livegen-{__version__}.dist-info/licenses/{part}" in names
    printed = subprocess.run([sys.executable, "-c", SHARED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shared == json.loads(printed.stdout)
    python = [name for name in names if ".dist-info/" not in name and not name.startswith(data_folder)]
    assert {name.split("/")[0] for name in python} == {"livegen"}
    assert "livegen = livegen.__main__:main" in entry_points


def test_a_release_is_refused_until_everything_fits(tmp_path: Path) -> None:
    for name in ("scripts/release", "livegen/__init__.py"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    log = tmp_path / "CHANGELOG.md"
    git = ("git", "-c", "user.name=me", "-c", "user.email=me@localhost")

    def refusal(text: str = "", *, commit: bool = True) -> str:
        if text:
            log.write_text(f"# Changelog\n\n## {text}\n")
        if commit:
            subprocess.run([*git, "add", "-A"], cwd=tmp_path, check=True)
            subprocess.run([*git, "commit", "-qm", "all"], cwd=tmp_path, check=True)
        done = subprocess.run([tmp_path / "scripts/release"], capture_output=True, text=True, check=False)
        assert done.returncode == 69
        return done.stderr

    subprocess.run([*git, "init", "-q"], cwd=tmp_path, check=True)
    assert f"must begin with '## {__version__}, DATE'" in refusal(f"{__version__}, unreleased")
    assert "must begin with" in refusal("0.0.0, 2026-11-28")
    assert "not committed" in refusal(f"{__version__}, 2026-11-28", commit=False)
    assert f"has no tag v{__version__}" in refusal()


SKIPPING = """
import pytest

def test_skipped():
    pytest.skip("JACK missing")

@pytest.mark.may_skip("needs a copy of MAESTRO")
def test_may_be_skipped():
    pytest.skip("no MAESTRO here")

@pytest.mark.xfail(strict=True)
def test_expected_to_fail():
    raise AssertionError
"""


SIGNALLED = """
import subprocess, sys

PROGRAM = '''
import signal
names = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCHLD")
print([name for name in names if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN])
print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
'''

def test_what_a_program_does_with_signals():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "set()"]
"""

INHERITED = """
import os, signal, sys
for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCHLD"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGQUIT, signal.SIGTERM})
os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"])
"""


def test_what_ignores_signals_tests_programs_that_do_not(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_signals.py").write_text(SIGNALLED)
    command = [sys.executable, "-c", INHERITED]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("ci", "outcome"), [("1", "1 failed, 1 skipped, 1 xfailed, 1 error"), ("", "3 skipped, 1 xfailed")]
)
def test_in_ci_a_skip_is_a_failure(tmp_path: Path, ci: str, outcome: str) -> None:
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = may_skip(reason)\n")
    (tmp_path / "test_some.py").write_text(SKIPPING)
    (tmp_path / "test_whole.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    pytest_in_ci = [sys.executable, "-m", "pytest", "-q", "--continue-on-collection-errors"]
    done = subprocess.run(
        pytest_in_ci, cwd=tmp_path, env=os.environ | {"CI": ci}, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1].startswith(outcome), done.stdout
