"""Probes, on files as the kernel shows them and on real processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from livegen.config.settings import DEFAULTS
from livegen.doctor.facts import Program, Services, UsbDevice
from livegen.doctor.probes import engine, machine, people, service, sound, storage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


def tree(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")
    return root


def test_what_the_kernel_shows_of_power_saving(tmp_path: Path) -> None:
    policy, usb = "devices/system/cpu/cpufreq/policy0", "bus/usb/devices"
    root = tree(
        tmp_path,
        {
            f"{policy}/scaling_governor": "powersave",
            f"{policy}/scaling_driver": "acpi-cpufreq",
            "firmware/acpi/platform_profile": "balanced",
            "module/snd_hda_intel/parameters/power_save": "10",
            f"{usb}/1-2/product": "Keystation 49",
            f"{usb}/1-2/power/control": "auto",
            f"{usb}/1-2:1.0/bInterfaceClass": "01",
            f"{usb}/1-2:1.0/bInterfaceSubClass": "01",
            f"{usb}/1-2:1.1/bInterfaceClass": "01",
            f"{usb}/1-2:1.1/bInterfaceSubClass": "03",
            f"{usb}/1-3/power/control": "auto",
            f"{usb}/1-3:1.0/bInterfaceClass": "03",
            f"{usb}/1-3:1.0/bInterfaceSubClass": "03",
        },
    )
    found = machine.look(root)
    assert found.governors == {root / policy / "scaling_governor": "powersave"}
    assert (found.scaling_driver, found.profile) == ("acpi-cpufreq", "balanced")
    assert found.codec_sleeps == root / "module/snd_hda_intel/parameters/power_save"
    assert found.usb == (UsbDevice("Keystation 49", True, root / usb / "1-2/power/control"),)
    assert found.cores >= 1


def test_a_machine_that_shows_nothing(tmp_path: Path) -> None:
    found = machine.look(tmp_path)
    assert (found.governors, found.profile, found.codec_sleeps, found.usb) == ({}, "", None, ())


def test_trying_the_priority_changes_nothing() -> None:
    before = os.sched_getscheduler(0)
    machine.look()
    assert os.sched_getscheduler(0) == before
    assert machine.realtime_threads(os.getpid()) == 0


def test_who_holds_a_sound_card(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "asound/card0/pcm0p/sub0/status": "state: RUNNING\nowner_pid   : 7\ntrigger_time: 1",
            "asound/card0/pcm1p/sub0/status": "closed",
            "7/comm": "mpd",
        },
    )
    assert list(sound._holders(root)) == [Program("mpd", people.name_of(os.getuid()), 7)]


def test_programs_are_found_by_name() -> None:
    own = people.program(os.getpid())
    assert own is not None
    assert own in list(people.programs({own.name}))
    assert people.program(2**22 + 1) is None


def test_the_user_is_that_of_this_process() -> None:
    user = people.user()
    assert user.name == people.name_of(os.geteuid())
    assert user.groups
    assert user.root == (os.geteuid() == 0)


def test_the_place_of_recordings(tmp_path: Path) -> None:
    found = storage.look({"STATE_DIRECTORY": str(tmp_path)}, wanted=True)
    assert (found.folder, found.refusal) == (tmp_path / "recordings", "")
    assert found.free
    (tmp_path / "file").touch()
    assert "is not a folder" in storage.look({"STATE_DIRECTORY": str(tmp_path / "file")}, wanted=True).refusal


def test_the_environment_of_a_process() -> None:
    assert "PATH" in storage.environment_of(os.getpid(), {})
    assert storage.environment_of(2**22 + 1, {"own": "1"}) == {"own": "1"}


def test_a_note_is_rendered_and_a_driver_that_does_not_start_is_named() -> None:
    found = sound.look(replace(DEFAULTS, audio_driver="no-such-driver"), driver=True)
    if found.failure:
        pytest.skip(found.failure)
    assert found.peak > 100
    assert found.soundfont
    assert found.version.count(".") == 2
    assert "no-such-driver does not start" in found.no_driver
    assert sound.look(replace(DEFAULTS, gain=0.0), driver=False).peak <= 8


def test_a_driver_that_takes_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # FluidSynth's driver "file" writes fluidsynth.wav or .raw
    found = sound.look(replace(DEFAULTS, audio_driver="file"), driver=True)
    if found.failure:
        pytest.skip(found.failure)
    assert (found.driver, found.flows, found.no_driver) == ("file", True, "")


@pytest.mark.parametrize(
    ("outputs", "used"),
    [((), True), (("FluidSynth",), True), (("x.mid", "synth:"), True), (("x.wav",), False), (("synth:no",), False)],
)
def test_whether_the_synth_is_used(outputs: tuple[str, ...], used: bool) -> None:
    assert sound.used(replace(DEFAULTS, outputs=outputs)) is used


def test_the_engine_is_that_of_livegen() -> None:
    found = engine.look("livegen", "cpu")
    assert (found.name, found.failure) == ("livegen", "")
    assert 0 < found.ms < 1000
    assert "no-such-model" in engine.look("no-such-model", "auto").failure


def test_without_systemd_there_are_no_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert service.look() == Services()
