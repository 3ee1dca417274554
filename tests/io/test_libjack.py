"""One libjack for RtMidi, FluidSynth and livegen: what the dynamic linker reports of fresh processes."""

from __future__ import annotations

import ast
import ctypes
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import livegen
from livegen.io import libjack, synth

BOUND = re.compile(r"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: normal symbol `jack_client_open'")
LOADS = {
    "RtMidi, to open ports": "midi_system.MidiSystem('mido.backends.rtmidi/UNIX_JACK').mido().module",
    "RtMidi, to list ports": "suppressed(midi_system.MidiSystem('mido.backends.rtmidi/UNIX_JACK').names)",
    "FluidSynth": "fluid.library()",
}
PROGRAM = """
import sys
from livegen.errors import PortError
from livegen.io import fluid, libjack, midi_system
def suppressed(function):
    try:
        function()
    except PortError:
        pass
"""


@pytest.fixture(scope="module")
def system_library() -> Path:
    """Where the system's libjack is."""
    if sys.platform != "linux":
        pytest.skip("Linux missing")
    try:
        ctypes.CDLL(libjack.SYSTEM)
    except OSError:
        pytest.skip("libjack missing: apt install libjack-jackd2-0")
    maps = Path("/proc/self/maps").read_text()
    return Path(next(line.split()[-1] for line in maps.splitlines() if "/libjack.so.0" in line))


def bindings(program: str, folder: Path, **environ: str) -> dict[str, str]:
    """The libjack that each library in a new process is bound to, by the library's name."""
    nowhere = {"JACK_DEFAULT_SERVER": f"none-{os.getpid()}", "PIPEWIRE_RUNTIME_DIR": str(folder / "none")}
    debug = {"LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": str(folder / "linker")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + program],
        env=os.environ | nowhere | debug | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, str] = {}
    for path in folder.glob("linker.*"):
        for line in path.read_text(errors="replace").splitlines():
            if bound := BOUND.search(line):
                found[Path(bound[1]).name.partition(".")[0]] = bound[2]
        path.unlink()
    return found


@pytest.mark.parametrize("midi", [name for name in LOADS if name != "FluidSynth"])
@pytest.mark.parametrize("synth_first", [True, False], ids=["FluidSynth first", "RtMidi first"])
def test_all_use_the_systems_libjack(midi: str, synth_first: bool, system_library: Path, tmp_path: Path) -> None:
    pytest.importorskip("rtmidi", reason="RtMidi missing")
    order = (LOADS["FluidSynth"], LOADS[midi])
    found = bindings("\n".join(order if synth_first else order[::-1]), tmp_path)
    assert {"_rtmidi", "libfluidsynth"} <= set(found)
    assert {os.path.realpath(path) for path in found.values()} == {str(system_library.resolve())}


@pytest.mark.parametrize("jackd", [False, True], ids=["PipeWire alone", "PipeWire and jackd"])
def test_pipewires_libjack_is_taken_unless_jackd_runs(jackd: bool, system_library: Path, tmp_path: Path) -> None:
    """A copy of the system's stands for PipeWire's: it is only looked at where it lies."""
    pipewires = tmp_path / "usr/lib/any/pipewire-0.3/jack/libjack.so.0"
    pipewires.parent.mkdir(parents=True)
    shutil.copy(system_library, pipewires)
    server = f"test-{os.getpid()}"
    patch = f"libjack.PIPEWIRE = ({str(pipewires)[1:]!r},)\n"
    jack_socket = Path(f"/dev/shm/jack_{server}_0_0")  # noqa: S108  (where jackd puts it)
    with socket.socket(socket.AF_UNIX) as pipewire:
        pipewire.bind(str(tmp_path / "pipewire-0"))
        try:
            if jackd:
                jack_socket.touch()
            found = bindings(
                patch + "\n".join(reversed(LOADS.values())),
                tmp_path,
                PIPEWIRE_RUNTIME_DIR=str(tmp_path),
                JACK_DEFAULT_SERVER=server,
            )
        finally:
            jack_socket.unlink(missing_ok=True)
    assert {"_rtmidi", "libfluidsynth"} <= set(found)
    assert {os.path.realpath(path) for path in found.values()} == {str(system_library if jackd else pipewires)}


def test_the_session_of_another_user_has_no_pipewire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("root is missing")
    tmp_path.chmod(0o700)
    monkeypatch.setenv("PIPEWIRE_RUNTIME_DIR", str(tmp_path))
    os.seteuid(65534)
    try:
        assert not libjack.is_pipewire()
    finally:
        os.seteuid(0)


def test_only_these_modules_load_rtmidi_or_fluidsynth() -> None:
    """Each loads libjack first. Elsewhere nobody would."""
    root = Path(livegen.__file__).parent
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and {"rtmidi", "fluidsynth"} & {alias.name for alias in node.names})
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("rtmidi", "fluidsynth")))
        or (isinstance(node, ast.Attribute) and ast.unparse(node) == "mido.Backend" and isinstance(node.ctx, ast.Load))
    }
    assert found == {"io/fluid.py", "io/midi_system.py", "io/rtmidi_binding.py"}


def test_on_pipewire_fluidsynths_own_driver_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for pipewire, first in ((True, "pipewire"), (False, "jack")):
        monkeypatch.setattr(libjack, "is_pipewire", lambda pipewire=pipewire: pipewire)
        assert synth._drivers("auto")[0] == first
        assert set(synth._drivers("auto")) == set(synth.AUDIO_DRIVERS["linux"])
    assert synth._drivers("alsa") == ("alsa",)
