"""The command line as a user meets it, in a process of its own."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from command import ROOT, livegen

from livegen import __version__
from livegen.cli import control
from livegen.cli import main as cli
from livegen.config.settings import SPECS, Settings
from livegen.errors import ModelError
from livegen.live import daemon

HEAVY = {"numpy", "tensorflow", "keras", "pretty_midi", "ai_edge_litert", "matplotlib"}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Settings]:
    """What the daemon is started with, instead of starting it; and no settings of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("LIVEGEN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    started: list[Settings] = []

    def run(settings: Settings, *, reload: object) -> int:
        assert callable(reload)
        started.extend([settings, reload()])
        return 0

    monkeypatch.setattr(daemon, "run", run)
    return started


def test_help_shows_every_setting_and_command(environ: dict[str, str]) -> None:
    shown = livegen(environ, "--help").stdout
    missing = [flag for spec in SPECS if (flag := spec.flag) not in shown]
    assert not missing
    for group in (*{spec.group for spec in SPECS}, "Commands", "Examples"):
        assert f"\n{group}:\n" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_every_example_is_understood(played: list[Settings]) -> None:
    for line, _ in cli.EXAMPLES:
        words = [word.strip('"') for word in line.split(" > ")[0].split()[1:]]
        if not {"config", "ports", "set"} & set(words):
            assert cli.main(words) == 0, line
    assert len(played) >= 10


def test_version(environ: dict[str, str]) -> None:
    assert livegen(environ, "--version").stdout == f"livegen {__version__}\n"


def test_a_full_disk_behind_the_output_is_no_bug(environ: dict[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "livegen", "models"]
        done = subprocess.run(
            command, env=environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.returncode == 69
    assert done.stderr == "livegen: cannot write the output (No space left on device).\n"


@pytest.mark.parametrize("words", ["--help", "ports", "ports --json", "config", "--version", "completion zsh"])
def test_nothing_heavy_is_imported(environ: dict[str, str], words: str) -> None:
    program = (
        f"import sys; from livegen.cli.main import main; s = main({words.split()}); print(*sys.modules); sys.exit(s)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())


def test_every_command_is_found_where_it_is() -> None:
    found = {name for name in cli.cli.list_commands(click.Context(cli.cli)) if name in cli.ELSEWHERE}
    for name in found:
        command = cli.cli.get_command(click.Context(cli.cli), name)
        assert command is not None
        assert command.name == name
    assert {command.name for command in control.commands} <= found


def test_playing_imports_no_other_command(environ: dict[str, str]) -> None:
    program = "import sys; from livegen.cli.main import cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert not {f"livegen.cli.{module}" for module in cli.ELSEWHERE.values()} & set(done.stdout.split())


def test_the_main_job_gets_its_settings(played: list[Settings]) -> None:
    words = [
        "--in",
        "Keys",
        "--in",
        "demo",
        "--silence",
        "1.5",
        "--fast",
        "--seed",
        "3",
        "-vvv",
        "--response-channel",
        "5",
    ]
    assert cli.main(words) == 0
    meant = Settings(inputs=("Keys", "demo"), silence=1.5, fast=True, seed=3, verbose=2, response_channel=5)
    assert played == [meant, meant]


def test_reload_reads_the_file_again(monkeypatch: pytest.MonkeyPatch, played: list[Settings], tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("silence = 1\ngain = 1")
    seen: list[tuple[float, float]] = []

    def run(settings: Settings, *, reload: object) -> int:
        assert callable(reload)
        path.write_text("silence = 2\ngain = 2")
        seen.extend((s.silence, s.gain) for s in (settings, reload()))
        return 0

    monkeypatch.setattr(daemon, "run", run)
    assert cli.main(["--config", str(path), "--gain", "3"]) == 0
    assert seen == [(1.0, 3.0), (2.0, 3.0)]  # what was typed stays


def test_a_flag_of_the_file_can_be_taken_back(played: list[Settings], tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("fast = true\nvirtual = true")
    assert cli.main(["--config", str(path), "--no-fast"]) == 0
    assert (played[0].fast, played[0].virtual) == (False, True)


def test_a_commands_help_points_to_the_settings(environ: dict[str, str]) -> None:
    shown = livegen(environ, "ports", "--help").stdout
    assert "--json" in shown
    assert "All settings are valid here too: see livegen --help." in shown


def test_bench_gets_the_settings(monkeypatch: pytest.MonkeyPatch, played: list[Settings]) -> None:
    measured: list[tuple[int, bool]] = []

    def measure(settings: Settings, *, as_json: bool) -> int:
        measured.append((settings.window, as_json))
        return 3

    monkeypatch.setattr("livegen.bench.main", measure)
    assert cli.main(["--window", "9", "bench", "--json"]) == 3
    assert measured == [(9, True)]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("--silence 99", 78, "livegen: --silence must be auto or 0.1 to 10 s, not 99.\n"),
        ("config --device gup", 78, 'livegen: --device must be auto, cpu or gpu, not "gup". Did you mean gpu?\n'),
        ("--config none.toml", 78, "livegen: none.toml: there is no such file.\n"),
        (f"data show a.mid --notes {'1' * 400}", 78, f"at least 1, not {'1' * 60}....\n"),
        ("--silense 1", 2, "Did you mean one of: '--silence', "),
        ("--reply-min 2", 2, "No such option: --reply-min. Did you mean --response-min? See livegen --help.\n"),
        ("ports --reply-max=2", 2, "--reply-max. Did you mean --response-max? See livegen ports --help.\n"),
        ("prots", 2, "ports"),
        ("completion tcsh", 2, "bash"),
        ("data fetch", 2, "maestro, asap, pop909. See livegen data fetch --help.\n"),
        ("--in", 2, "requires an argument"),
        ("ports --backend jack", 69, "livegen: JACK does not answer"),
        ("models --verbos", 2, "--verbose"),
        ("completion", 2, "See livegen completion --help.\n"),
        ("call.mid", 2, "call.mid is not a command. To answer a MIDI file: --in call.mid --out answer.mid."),
        ("--in pyproject.toml", 78, "--in pyproject.toml is a file or a folder, but MIDI file names end with .mid"),
        ("--in demo --out docs/", 78, "--out docs/ is a file or a folder"),
        ("--in livegen/demo/1-bach.mid --out livegen/demo/../demo/1-bach.mid --fast", 78, "is named twice"),
        ("play livegen/demo/1-bach.mid --out livegen/demo/1-bach.mid --fast", 78, "is named twice"),
        ("--in demo --out jam.mid --out ./jam.mid --fast", 78, "is named twice"),
        (f"--model {'x' * 300} --in demo --out x.mid", 65, "neither a name nor a folder"),
        ("--model ~nosuchuser/m --in demo --out x.mid", 65, "neither a name nor a folder"),
    ],
)
def test_what_is_refused(environ: dict[str, str], words: str, status: int, said: str) -> None:
    done = livegen(environ, *words.split(), status=status)
    assert done.stdout == ""
    assert done.stderr.startswith("livegen: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("wait", [0.03, 0.06, 0.1, 0.2])
def test_ctrl_c_while_it_starts_shows_no_traceback(environ: dict[str, str], wait: float) -> None:
    command = [sys.executable, "-c", "import livegen.__main__ as m, sys; print('up', flush=True); sys.exit(m.main())"]
    with subprocess.Popen(
        [*command, "--in", "demo", "--out", os.devnull + ".mid"],
        # Not measured: a KeyboardInterrupt inside coverage's tracer leaves its lock held, and its exit waits for it.
        env={name: value for name, value in environ.items() if not name.startswith("COVERAGE_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert "Traceback" not in errors
    assert process.returncode in (0, 78, -signal.SIGINT)  # /dev/null.mid may not be written: it may have got that far


def test_vv_shows_every_message_and_v_does_not(environ: dict[str, str], tmp_path: Path) -> None:
    words = [
        "--in",
        str(ROOT / "livegen/demo/1-bach.mid"),
        "--out",
        str(tmp_path / "out.mid"),
        "--fast",
        "--response-max",
        "1",
    ]
    shown = livegen(environ, *words, "-vv").stderr.splitlines()
    heard, played = f"in {words[1]}: note_on channel=", f"out {words[3]}: note_on channel="
    for start in (f"{heard}0", f"{played}0", f"{played}1"):
        assert any(line.startswith(start) for line in shown), start
    shown = livegen(environ, *words, "-v").stderr.splitlines()
    assert not any(line.startswith((heard, played)) for line in shown)


def test_a_recording_that_nobody_named_replaces_none(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "jam.wav").write_text("yesterday's")
    (tmp_path / "jam.mid").write_text("yesterday's")
    with subprocess.Popen(
        [sys.executable, "-m", "livegen", "--in", "demo", "-vv"],
        env=environ,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        out = next(line for line in process.stderr if line.startswith("out: "))
        assert any("note_on" in line for line in process.stderr)  # something is on the tape
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert "Writing jam-2." in told or out == "out: FluidSynth\n", told
    assert re.match("out: (FluidSynth|jam-2[.](wav|mid))", out)
    assert {path.read_text() for path in tmp_path.glob("jam.*")} == {"yesterday's"}


def test_with_no_stderr_it_plays_all_the_same(environ: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.mid"
    words = f'"{sys.executable}" -m livegen --in demo --out "{out}" --fast --response-max 1 2>&-'
    assert subprocess.run(words, shell=True, env=environ, check=False, timeout=120).returncode == 0  # noqa: S602
    assert out.stat().st_size > 1000


def test_no_colour_and_no_control_codes(environ: dict[str, str]) -> None:
    for words in (["--help"], ["ports"], ["config"]):
        assert "\x1b" not in livegen(environ, *words).stdout


def test_a_reader_that_goes_away_is_no_error(environ: dict[str, str]) -> None:
    command = f'"{sys.executable}" -m livegen --help | true'
    done = subprocess.run(command, shell=True, env=environ, capture_output=True, text=True, check=True)  # noqa: S602
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (ModelError("model.tflite: damaged."), 65, "livegen: model.tflite: damaged.\n"),
        (KeyboardInterrupt(), 130, "\n"),
        (ZeroDivisionError("by\nzero"), 70, "this is a bug, please report it (ZeroDivisionError: by zero)"),
        (click.FileError("a", "b"), 1, "livegen: "),
    ],
)
def test_what_the_daemon_raises_becomes_a_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    played: list[Settings],
    raised: BaseException,
    status: int,
    said: str,
) -> None:
    def run(*_: object, **__: object) -> int:
        raise raised

    monkeypatch.setattr(daemon, "run", run)
    assert cli.main([]) == status
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown
    assert cli.main(["-v"]) == status
    assert ("Traceback" in capsys.readouterr().err) == (status == 70)


def test_the_daemons_status_is_ours(monkeypatch: pytest.MonkeyPatch, played: list[Settings]) -> None:
    monkeypatch.setattr(daemon, "run", lambda settings, *, reload: errno.EPERM)
    assert cli.main([]) == errno.EPERM
