"""In CI nothing is skipped: a test that lacks JACK, FluidSynth, systemd or TensorFlow there has failed."""

from __future__ import annotations

import os
import signal
import tempfile
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start-up chatter is no test result

IN_CI = bool(os.environ.get("CI"))


PYTHONS_OWN = {signal.SIGPIPE, signal.SIGXFSZ}  # ignored by Python, which restores them for what it starts


def pytest_configure(config: pytest.Config) -> None:
    """Have the programs that tests start take every signal, whatever this process has inherited.

    A shell's background ignores SIGINT and SIGQUIT, nohup SIGHUP, and what ignores or blocks a signal passes that on.
    """
    _use_a_runtime_folder(config)
    for number in signal.valid_signals() - PYTHONS_OWN:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # a handler is not passed on
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Recordings of these tests, and of what they start, are not among those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("state")
        patch.setenv("XDG_STATE_HOME", str(home))
        patch.delenv("STATE_DIRECTORY", raising=False)
        yield home


def _use_a_runtime_folder(config: pytest.Config) -> None:
    """Have the control sockets of these tests apart from others, in a folder with a short name, as sockets need it."""
    folder = tempfile.TemporaryDirectory(prefix="livegen-")
    config.add_cleanup(folder.cleanup)
    os.environ.pop("RUNTIME_DIRECTORY", None)
    os.environ["XDG_RUNTIME_DIR"] = folder.name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    expected_to_fail = hasattr(report, "wasxfail")
    if IN_CI and report.skipped and not expected_to_fail and item.get_closest_marker("may_skip") is None:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and in CI nothing is: {call.excinfo and call.excinfo.value}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped whole, and in CI nothing is"
    return report


@pytest.fixture(scope="session")
def tensorflow() -> None:
    """TensorFlow and Keras imported, which takes seconds and warns of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("tensorflow", reason="TensorFlow is missing")
        import keras  # noqa: F401
