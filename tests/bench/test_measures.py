"""Every measurement for real, but short: the figures have sense, whatever the machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from livegen.bench import engine, jack, lateness, loopback, silence, startup, thru
from livegen.bench.apart import apart
from livegen.bench.figures import MissingError, Spread
from livegen.bench.launched import Launched
from livegen.config.settings import Settings
from livegen.errors import PortError
from livegen.io import realtime
from livegen.io.fluid import library


def sensible(spreads: Iterable[Spread]) -> bool:
    return all(0 < spread.p50 <= spread.p99 <= spread.p99_9 <= spread.max for spread in spreads)


@pytest.fixture(scope="module")
def server():
    if shutil.which("jackd") is None:
        pytest.skip("jackd missing: apt install jackd2")
    with jack.server() as description:
        yield description


@pytest.fixture(scope="module")
def fluidsynth() -> None:
    try:
        library()
    except PortError:
        pytest.skip("FluidSynth missing: apt install libfluidsynth3")


def test_litert_takes_a_step_sooner_than_a_context() -> None:
    speed = apart(engine.measure, Settings(), "litert", 3)
    assert (speed.prime.count, speed.step.count, speed.note.count) == (3, 3 * 25, 3 * 23)
    assert sensible([speed.prime, speed.step, speed.note])
    assert speed.step.p50 < speed.prime.p50


def test_an_engine_that_cannot_run_is_named_with_its_reason(tmp_path: Path) -> None:
    rows, step = engine.measure_all(Settings(model=str(tmp_path)), 1, lambda _: None)
    assert step is None
    assert [row.key for row in rows] == list(engine.ENGINES)
    assert all(row.remark and not row.values for row in rows)


@pytest.mark.parametrize("realtime_", ["auto", "off"])
def test_a_dense_response_is_timed_to_its_last_note(realtime_: str) -> None:
    late = apart(lateness.measure, Settings(realtime=realtime_), 0.5, loaded=realtime_ == "off")
    assert sensible([late.spread])
    assert late.spread.count == 2 * (100 - late.dropped)
    if realtime_ == "off":
        assert late.refused == ""
    else:
        assert late.refused == (apart(realtime.raise_priority, realtime.MAIN) or "")


def test_a_bare_timer_is_the_peer() -> None:
    spread = apart(lateness.measure_bare, 0.5, loaded=False)
    assert spread.count == 200
    assert sensible([spread])


def test_busy_programs_end() -> None:
    with lateness.busy_cores() as programs:
        assert programs and all(program.poll() is None for program in programs)
    assert all(program.poll() is not None for program in programs)


def test_what_is_passed_on_is_timed() -> None:
    rows = thru.measure_all(Settings(), 0.5, lambda _: None)
    assert [row.key for row in rows] == ["callback_to_send", "callback_to_send_monitors"], rows
    assert all(0 < row.values["p50"] <= row.values["p99"] for row in rows)


def test_a_response_is_timed_while_monitors_watch() -> None:
    late = apart(lateness.measure, Settings(), 0.5, loaded=False, monitors=True)
    assert sensible([late.spread])


def test_the_way_through_the_daemon_is_longer_than_the_bare_loopback(server: str) -> None:
    rows = loopback.measure_all(Settings(), 1.0, server, lambda _: None)
    assert [row.key for row in rows] == ["jack_loopback", "jack_thru", "jack_added"], rows
    assert all(server in row.remark for row in rows[:2])
    assert 0 < rows[0].values["p50"] < rows[1].values["p50"]
    assert rows[2].values["p50"] == pytest.approx(rows[1].values["p50"] - rows[0].values["p50"])


def test_every_way_to_silence_a_response_is_timed(server: str) -> None:
    rows = silence.measure_all(Settings(), 1, server, lambda _: None)
    assert [row.key for row in rows] == ["key", "panic", "signal"], rows
    assert all(0 < row.values["p50"] <= row.values["max"] < 1000 * silence.LISTEN for row in rows)


@pytest.mark.usefixtures("server")
def test_a_second_server_is_not_started() -> None:
    with jack.server() as found:
        assert found == "the running JACK server"


@pytest.mark.usefixtures("fluidsynth")
@pytest.mark.parametrize("over_jack", [True, False])
def test_start_and_memory(over_jack: bool, request: pytest.FixtureRequest) -> None:
    if over_jack:
        request.getfixturevalue("server")
    started = apart(startup.measure, Settings(), 1, jack=over_jack)
    assert started.ready.count == 1
    assert 0 < started.ready.p50 < startup.AFTERWARDS
    assert all(10 < memory.own < 2000 for memory in (started.memory_ready, started.memory_response))
    assert all(memory.shared < 1 for memory in (started.memory_ready, started.memory_response)) or over_jack


def test_a_daemon_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="--tempo"):
        Launched("--tempo", "3", folder=tmp_path)
