"""Real ports: a JACK server, an independent musician, and the daemon in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from jack_server import JackServer
from livegen_process import CHECKOUT, LivegenProcess, Start
from musician import Musician
from phrases import Phrase, performed


@pytest.fixture(scope="session")
def jack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JackServer]:
    """A JACK server, which this process's clients use too."""
    if tool := JackServer.missing():
        pytest.skip(f"{tool} missing: apt install jackd2")
    server = JackServer(tmp_path_factory.mktemp("jack"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server
    server.stop()


@pytest.fixture(scope="session")
def call() -> Phrase:
    """Some seconds of a real performance, from $MAESTRO_DIR or the demo pieces."""
    maestro = os.environ.get("MAESTRO_DIR")
    return performed(Path(maestro) if maestro else None, CHECKOUT / "livegen" / "demo")


@pytest.fixture
def environment(tmp_path: Path, jack: JackServer) -> Mapping[str, str]:
    """The daemon's: JACK, and no settings of whoever runs the tests, nor what an earlier test left sounding."""
    for marks in Path(os.environ["XDG_RUNTIME_DIR"]).glob("livegen/*.sounding"):
        marks.unlink()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LIVEGEN_", "MIDO_", "LD_"))}
    # A fixed silence: most tests are about what comes after it.
    ours = {
        "LIVEGEN_SILENCE": "0.7",
        "LIVEGEN_BACKEND": "jack",
        "XDG_CONFIG_HOME": str(tmp_path / "no-config"),
        "PYTHONUNBUFFERED": "1",
    }
    return own | dict(jack.environment) | ours | {"XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def musician(jack: JackServer) -> Iterator[Musician]:
    """A keyboard for the daemon to hear and an instrument for it to play."""
    with Musician() as musician:
        yield musician


@pytest.fixture
def start(environment: Mapping[str, str]) -> Iterator[Start]:
    """Start the daemon and wait until it is ready. Whatever still runs at the end has to end well."""
    daemons: list[LivegenProcess] = []

    def start(*words: str, terminal: bool = False) -> LivegenProcess:
        daemon = LivegenProcess(*words, environment=environment, terminal=terminal)
        daemons.append(daemon)
        daemon.await_ready()
        return daemon

    try:
        yield start
        for daemon in daemons:
            if daemon.running:
                assert daemon.stop() == 0, daemon.log
            assert "Traceback" not in daemon.log, daemon.log
    finally:
        for daemon in daemons:
            daemon.close()


@pytest.fixture
def between(start: Start, musician: Musician) -> Start:
    """Start the daemon between the musician's two ports, as if they were of one instrument."""

    def between(*words: str, terminal: bool = False) -> LivegenProcess:
        return start("--in", "Keyboard", "--out", "Listener", "--thru", "off", *words, terminal=terminal)

    return between
